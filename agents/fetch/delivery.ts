import { asFailure, Failure } from '../../shared/failure.ts';
import { elapsedMs } from '../common/run-clock.ts';
import { mayChangeUnseen } from './answer.ts';
import { FileTask, SMALL_BYTES } from './file-task.ts';
import { contentLength, Unmeasured } from './http-message.ts';
import type { DeliveryContext, Item } from './item.ts';
import { Pace } from './pace.ts';
import type { Candidate } from './plan.ts';
import { offers } from './proof.ts';
import type { Server } from './rendezvous.ts';
import { type FileEntry, fileFailure } from './report.ts';
import { nextTry } from './retry.ts';
import { deliverSmall, TooLarge } from './small-file.ts';
import type { Kept } from './stage.ts';
import { StagedFile } from './staged-file.ts';

/**
 * What the next step of a delivery needs: `survey` a request for the size; `small` only memory; `bulk` the one writer.
 */
export type Lane = 'survey' | 'small' | 'bulk';

const SECOND_MS = 1000;

/**
 * The delivery of one file, step by step: learn its size, then have it delivered one way or the other, again and again
 * while that can help. One {@link step} is one request and what follows from it; between two of them others have their
 * turn. The outcome is in the item's entry.
 */
export class Delivery implements Candidate {
  readonly #task: FileTask;
  /** Most files are small, and never need it. */
  #staged: StagedFile | null = null;
  /** What the last attempt that failed had, if it is of no use to the next one. */
  #torn: Kept | null = null;
  /** Nothing more is to be done. */
  settled = false;
  #surveyed = false;
  #pace: Pace | null = null;
  #gaveWay = false;
  #attempt = 0;

  constructor(context: DeliveryContext, item: Item) {
    this.#task = new FileTask(context, item);
  }

  get item(): Item {
    return this.#task.item;
  }

  /** The next step is not before this. */
  get notBeforeMs(): number {
    return this.#task.notBeforeMs;
  }

  get priority(): number {
    return this.#task.item.priority;
  }

  get leftBytes(): number | null {
    const kept = this.#task.context.stage.kept(this.#task.item.key);
    return this.#task.sizeBytes === null ? null : this.#task.sizeBytes - (kept?.bytes ?? 0);
  }

  get isEndless(): boolean {
    return this.#gaveWay || (this.#task.sizeBytes === null && this.#surveyed);
  }

  get lane(): Lane {
    if (this.#task.streamed || this.#task.context.stage.kept(this.#task.item.key) !== null) return 'bulk';
    if (this.#task.sizeBytes === null) return this.#surveyed ? 'bulk' : 'survey';
    return this.#task.sizeBytes <= SMALL_BYTES ? 'small' : 'bulk';
  }

  /** With `--once`, what an earlier window delivered is done without a server. */
  settleIfDone(): void {
    const { once, stage } = this.#task.context;
    const record = once ? this.#task.record() : null;
    if (record === null || stage.kept(this.#task.item.key) !== null) return;
    this.#task.alreadyDelivered(record);
    this.#settle(null);
  }

  /** One step, against a server that answers, while `othersWait` for the place of a large file. Never rejects. */
  async step(server: Server, othersWait: () => boolean): Promise<void> {
    const { entry, source, peer } = this.#task.item;
    const { signal, rate, emit } = this.#task.context;
    // Patience is for what is tried, and not for what waits for its turn.
    if (this.#attempt < 2) this.#task.lastProgressMs = elapsedMs();
    const progressBefore = this.#task.lastProgressMs;
    entry.state = 'fetching';
    if (this.lane === 'bulk') {
      this.#pace ??= new Pace();
      const pace = this.#pace;
      pace.begin();
      this.#task.heard = (bytes) => {
        if (!pace.givesWay(bytes, elapsedMs(), othersWait)) return;
        this.#gaveWay = true;
        throw new Failure('link-lost', `${source.text} comes so slowly that it gives way to others.`);
      };
    }
    rate.begin();
    try {
      this.#task.retryAfterMs = null;
      if (this.lane === 'survey') await this.#survey(server);
      else if (await this.#deliver(server)) this.#settle(null);
      this.#attempt = 0;
    } catch (thrown) {
      if (thrown instanceof TooLarge) return;
      if (thrown instanceof Unmeasured) {
        this.#task.streamed = true;
        return;
      }
      const failure = signal.aborted ? asFailure(signal.reason) : asFailure(thrown);
      this.#attempt = this.#task.lastProgressMs > progressBefore ? 1 : this.#attempt + 1;
      const next = nextTry({
        attempt: this.#attempt,
        failure,
        tryAnyway: failure.code === 'bad-answer' && this.#task.setbacks.forgivesBadAnswer(),
        retryAfterMs: this.#task.retryAfterMs,
        nowMs: elapsedMs(),
        lastProgressMs: this.#task.lastProgressMs,
        deadlineMs: this.#task.context.deadlineMs,
        random: Math.random(),
      });
      if (next.kind === 'give-up') {
        this.#settle(failure);
        return;
      }
      this.#task.notBeforeMs = elapsedMs() + next.delayMs;
      const { code, message: reason } = failure;
      emit({
        event: 'AttemptFailed',
        source: source.text,
        code,
        reason,
        attempt: this.#attempt,
        retryInMs: next.delayMs,
      });
      if (code === 'link-lost') peer.lost(server);
    } finally {
      rate.end();
      if (!this.settled) entry.state = 'waiting';
    }
  }

  /** Ends the delivery from outside: the window is over, or there is no server. */
  fail(failure: Failure): void {
    if (!this.settled) this.#settle(failure);
  }

  #settle(ended: Failure | null): void {
    const { entry, peer, source } = this.#task.item;
    this.settled = true;
    if (ended === null) entry.state = 'delivered';
    else {
      const failure = peer.explain(ended);
      this.#task.releaseReserved();
      this.#dropUseless();
      entry.state = stateAfter(failure);
      entry.failure = fileFailure(failure);
      const { code, message: reason, advice } = failure;
      this.#task.context.emit({ event: 'FileNotDelivered', source: source.text, code, reason, advice });
    }
    this.#task.context.changed();
  }

  /** What no later run could continue only takes the room of the files after it. */
  #dropUseless(): void {
    const { stage } = this.#task.context;
    const kept = stage.kept(this.#task.item.key);
    if (kept === null || (kept.sizeBytes !== null && kept.etag?.weak === false)) return;
    try {
      stage.drop(this.#task.item.key);
    } catch {
      // The next run drops it.
    }
  }

  /** Learns the size, so that it is known whether the file fits into the window and the budget before it is begun. */
  async #survey(server: Server): Promise<void> {
    this.#surveyed = true;
    const { signal } = this.#task.context;
    const head = await server.exchange.head(this.#task.target, signal);
    // Some servers do not know HEAD, or answer it otherwise than GET: only what it grants counts.
    if (head.status === 200) this.#task.sizeBytes = contentLength(head);
    // When that second is over, its tag is one that bytes may be joined under.
    if (!offers(server, 'digest') && mayChangeUnseen(head)) this.#task.notBeforeMs = elapsedMs() + SECOND_MS;
    this.#task.expectedBytes = this.#task.sizeBytes;
    this.#task.item.entry.sizeBytes = this.#task.sizeBytes;
  }

  /** One GET and what follows from it. `false` asks for another step. */
  async #deliver(server: Server): Promise<boolean> {
    const small = this.lane === 'small';
    this.#task.beginAttempt();
    const delivered = await this.#task.stillDelivered(small);
    if (small) return deliverSmall(this.#task, server, delivered);
    this.#staged ??= new StagedFile(this.#task);
    try {
      return await this.#staged.deliver(server, delivered);
    } catch (thrown) {
      this.#noteChange();
      throw thrown;
    }
  }

  /**
   * payload-serve breaks off the body of a file that is written to, and nothing is joined under the weak tag of one: what
   * was of another state at every attempt, and is no log that grows, keeps changing. Throws `changing` in the end.
   */
  #noteChange(): void {
    const [before, kept] = [this.#torn, this.#task.context.stage.kept(this.#task.item.key)];
    if (!kept?.etag?.weak) return;
    this.#torn = kept;
    const isSame = before === null || before.etag?.opaque === kept.etag.opaque;
    if (!isSame && (kept.sizeBytes ?? 0) <= (before.sizeBytes ?? 0)) this.#task.restart(kept.bytes);
  }
}

/** Which bytes a later run can use depends on why this one ended. */
export function stateAfter(failure: Failure): FileEntry['state'] {
  if (failure.code === 'over-budget') return 'held back';
  if (failure.exitCode === 3 || failure.exitCode === 4) return 'resumable';
  return failure.code === 'refused' ? 'refused' : 'failed';
}
