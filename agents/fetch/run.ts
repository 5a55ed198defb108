import { setTimeout as delay } from 'node:timers/promises';
import { asFailure, Failure, failureKinds, worstExitCode } from '../../shared/failure.ts';
import { featurePath } from '../../shared/protocol.ts';
import type { Environment } from '../common/environment.ts';
import { elapsedMs } from '../common/run-clock.ts';
import { Delivery, stateAfter } from './delivery.ts';
import { listFiles, selectionOf } from './expand.ts';
import type { DeliveryContext, Item } from './item.ts';
import { Outputs } from './outputs.ts';
import { offers } from './proof.ts';
import { Peer, type PeerEvents } from './rendezvous.ts';
import { fileFailure, newEntry, type RunReport } from './report.ts';
import { nextTry } from './retry.ts';
import { Scheduler } from './scheduler.ts';
import type { Settings, Wanted } from './settings.ts';
import { type Address, formatAddress } from './source.ts';

/** Telling a server that it may end is not worth a second of a window. */
const DONE_MS = 500;

/** How long a file may take to heed the end of the run: with the last report, less than a second. */
const ENDING_MS = 400;

/** How long a listing waits for those named before it, so that names are given out in the order of the command line. */
const TURN_MS = 2_000;

/** What one wanted source has become: files, or the reason why it has not. */
interface Resolved {
  readonly wanted: Wanted;
  readonly listedBytes: number | null;
}

/** One run: finds out what is wanted, has it delivered, and says how it went. */
export class Run {
  readonly #settings: Settings;
  readonly #outbox: string | null;
  readonly #context: DeliveryContext;
  readonly #report: RunReport;
  readonly #peerEvents: PeerEvents;
  readonly #peers = new Map<string, Peer>();
  readonly #outputs: Outputs;
  readonly #scheduler: Scheduler;

  constructor(
    settings: Settings,
    environment: Environment,
    outbox: string | null,
    context: DeliveryContext,
    report: RunReport,
    peerEvents: PeerEvents,
  ) {
    this.#settings = settings;
    this.#outbox = outbox;
    this.#context = context;
    this.#report = report;
    this.#peerEvents = peerEvents;
    this.#outputs = new Outputs(outbox, environment, settings.keepTree);
    const { rate, deadlineMs, signal } = context;
    const endingMs = deadlineMs === null ? ENDING_MS : Math.min(ENDING_MS, settings.marginMs / 2);
    this.#scheduler = new Scheduler(rate, deadlineMs, signal, endingMs);
  }

  /** Runs to the end. Resolves to the exit code; every file's outcome is in the report. */
  async execute(): Promise<number> {
    await this.#scheduler.run(this.#resolveAll());
    const exitCode = worstExitCode(
      this.#report.files.map(({ failure }) => (failure === null ? 0 : failureKinds[failure.code].exitCode)),
    );
    if (exitCode === 0) await this.#tellDone();
    for (const peer of this.#peers.values()) peer.close();
    return exitCode;
  }

  /** Files go on their way at once, and what a directory or a pattern stands for when it is known. */
  async #resolveAll(): Promise<void> {
    const { wanted, recursive } = this.#settings;
    const isFile = ({ source }: Wanted): boolean => selectionOf(source, recursive) === null;
    this.#add(wanted.filter(isFile).map((one) => ({ wanted: one, listedBytes: null })));
    let turn: Promise<unknown> = Promise.resolve();
    const listings = wanted
      .filter((one) => !isFile(one))
      .map((one) => {
        const earlier = turn;
        turn = this.#list(one).then(async (listed) => {
          await Promise.race([earlier, delay(TURN_MS)]);
          this.#add(listed);
        });
        return turn;
      });
    await Promise.all(listings);
  }

  /** Has a directory or a pattern listed by its server, as persistently as a file is fetched. */
  async #list(wanted: Wanted): Promise<Resolved[]> {
    const { source } = wanted;
    const { signal, deadlineMs } = this.#context;
    const selection = selectionOf(source, this.#settings.recursive);
    const peer = this.#peerOf(wanted);
    const beganMs = elapsedMs();
    for (let attempt = 1; selection !== null; attempt += 1) {
      try {
        const server = await peer.server(signal);
        try {
          const { files, gap } = await listFiles(server, source, selection, signal);
          if (gap !== null) this.#refuse(wanted, gap, peer);
          else if (files.length === 0) throw new Failure('refused', `Nothing on the server matches ${source.text}.`);
          return files.map((file) => ({ wanted: { ...wanted, source: file.source }, listedBytes: file.sizeBytes }));
        } catch (thrown) {
          const failure = signal.aborted ? asFailure(signal.reason) : asFailure(thrown);
          if (failure.code === 'link-lost') peer.lost(server);
          const [nowMs, random] = [elapsedMs(), Math.random()];
          const next = nextTry({
            attempt,
            failure,
            retryAfterMs: null,
            nowMs,
            lastProgressMs: beganMs,
            deadlineMs,
            random,
          });
          if (next.kind === 'give-up') throw failure;
          await delay(next.delayMs, undefined, { signal });
        }
      } catch (thrown) {
        const failure = asFailure(signal.aborted ? signal.reason : thrown);
        // A path that is no directory may be a file, which --recursive does not speak of.
        const mayBeFile = failure.code === 'refused' && selection.pattern === null && !source.path.endsWith('/');
        if (mayBeFile) break;
        this.#refuse(wanted, failure, peer);
        return [];
      }
    }
    return [{ wanted, listedBytes: null }];
  }

  #add(resolved: readonly Resolved[]): void {
    const deliveries = resolved.flatMap((one) => {
      const item = this.#itemOf(one);
      return item === null ? [] : [new Delivery(this.#context, item)];
    });
    for (const delivery of deliveries) {
      delivery.settleIfDone();
      this.#report.files.push(delivery.item.entry);
      this.#report.left.set(delivery.item.entry, delivery);
    }
    this.#scheduler.add(deliveries);
  }

  /** `null` for a file that is on its way already, and for one that cannot be, which is then in the report. */
  #itemOf({ wanted, listedBytes }: Resolved): Item | null {
    const { source, output: named, priority, sha256: expectedSha256 } = wanted;
    const peer = this.#peerOf(wanted);
    try {
      const { stage } = this.#context;
      const keyOf = (path: string): string => stage.keyOf(source.address === null ? source.target : source.text, path);
      const output = this.#outputs.take(wanted, (path) => stage.holdsOther(path, () => keyOf(path)));
      if (output === null) return null;
      const entry = newEntry(source.text, output);
      const key = keyOf(output);
      // Its line of the full report, compressed.
      if (this.#settings.fullReport) this.#context.budget.reserve(source.text.length + 64);
      const inOutbox = this.#outbox !== null && output.startsWith(`${this.#outbox}/`);
      return { source, output, inOutbox, key, peer, priority, listedBytes, expectedSha256, entry };
    } catch (thrown) {
      this.#refuse({ ...wanted, output: named }, asFailure(thrown), peer);
      return null;
    }
  }

  #refuse({ source, output }: Wanted, ended: Failure, peer: Peer): void {
    const failure = peer.explain(ended);
    const entry = newEntry(source.text, output ?? '');
    entry.state = stateAfter(failure);
    entry.failure = fileFailure(failure);
    this.#report.files.push(entry);
    const { code, message: reason, advice } = failure;
    this.#context.emit({ event: 'FileNotDelivered', source: source.text, code, reason, advice });
  }

  #peerOf({ source }: Wanted): Peer {
    const addresses: readonly Address[] = source.address === null ? this.#settings.from : [source.address];
    const name = addresses.map(formatAddress).join(' ');
    let peer = this.#peers.get(name);
    if (peer === undefined) {
      peer = new Peer(addresses, this.#context.deadlineMs, this.#peerEvents);
      this.#peers.set(name, peer);
    }
    return peer;
  }

  /** Lets servers of ours that wait for it (`--exit-when-done`) know that everything has been fetched. */
  async #tellDone(): Promise<void> {
    const told = [...this.#peers.values()].map(async (peer) => {
      // Where nothing had to be fetched, nobody was asked for so far.
      const server = await peer.server(this.#context.signal);
      if (!offers(server, 'done')) return;
      const request = {
        method: 'POST',
        target: featurePath('done'),
        silenceMs: DONE_MS,
        signal: this.#context.signal,
      } as const;
      await server.exchange.text(request, 1024);
    });
    await Promise.race([Promise.allSettled(told), new Promise((resolve) => setTimeout(resolve, DONE_MS).unref())]);
  }
}
