import { accessSync, constants } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { fetchEvents } from '../../shared/event.ts';
import { asFailure, diskFailure, Failure, failureKinds, worstExitCode } from '../../shared/failure.ts';
import { ON_BOARD } from '../../shared/payload.ts';
import { consoleOn, outliveReaders } from '../common/console.ts';
import { onPayload, readEnvironment } from '../common/environment.ts';
import { openOutbox } from '../common/outbox.ts';
import { Recorder } from '../common/recorder.ts';
import { ReportFile } from '../common/report-file.ts';
import { elapsedMs } from '../common/run-clock.ts';
import { Delivery, type Item } from './delivery.ts';
import { distinctName, flatName, outputPath } from './output-name.ts';
import { PartWriter } from './part-writer.ts';
import { ProgressBars } from './progress.ts';
import { sweepHiddenCopies } from './publish.ts';
import { Peer } from './rendezvous.ts';
import { newEntry, RunReport } from './report.ts';
import { readSettings, type Settings } from './settings.ts';
import { type Address, formatAddress } from './source.ts';
import { Stage } from './stage.ts';
import { stateDirectory } from './state-directory.ts';
import { serveStatus } from './status.ts';

const LOG_BUDGET_BYTES = 64 * 1024;
const CONNECTIONS = 4;

/** Between the last byte and the window's end: time to sync, to report, and for the process to end. */
const MARGIN_MS = 2_000;

const environment = readEnvironment(process.env);
outliveReaders(process.stdout, process.stderr);

// Only main() says that a run went well; an event loop that runs empty before it ends has gone wrong.
process.exitCode = failureKinds.unforeseen.exitCode;
main().then(
  (exitCode) => process.exit(exitCode),
  (thrown: unknown) => process.exit(complain(thrown)),
);

/** What the run could not even begin with; the last words on stderr. */
function complain(thrown: unknown): number {
  const failure = asFailure(thrown);
  process.stderr.write(`payload-fetch: ${failure.message} ${failure.advice}\n`);
  return failure.exitCode;
}

async function main(): Promise<number> {
  const settings = readSettings(process.argv.slice(2), environment);
  const outbox = openOutbox(environment, settings.outbox);
  const outputs = nameOutputs(settings, outbox);
  const state = stateDirectory(environment, settings.state, process.env);
  const deadlineMs =
    settings.durationMs === null ? null : Math.max(0, settings.durationMs - margin(settings.durationMs));

  const report = new RunReport(outbox, state.path, settings.durationMs);
  const reportFile = new ReportFile(outbox === null ? null : join(outbox, 'payload-fetch-report.json'), (revision) =>
    report.snapshot(revision),
  );
  let bars: ProgressBars | null = null;
  const print = consoleOn(process.stdout, process.stderr);
  const recorder = new Recorder(
    fetchEvents,
    (severity, message) => {
      bars?.clear();
      print(severity, message);
    },
    settings.log ?? (outbox === null ? null : join(outbox, 'payload-fetch-log.ndjson')),
    LOG_BUDGET_BYTES,
  );
  if (outbox === null) recorder.emit({ event: 'OutboxAbsent', outbox: onPayload(environment, ON_BOARD.outbox) });
  if (state.insteadOf !== null) recorder.emit({ event: 'StateElsewhere', wanted: state.insteadOf, state: state.path });
  reportFile.writeNow();

  let stage: Stage;
  try {
    stage = new Stage(state.path);
  } catch (thrown) {
    const failure = asFailure(thrown);
    report.end('failure', failure.exitCode, failure);
    recorder.emit({ event: 'RunFailed', code: failure.code, reason: failure.message, advice: failure.advice });
    reportFile.writeNow();
    return failure.exitCode;
  }
  if (stage.damagedLines > 0) recorder.emit({ event: 'JournalDamaged', lines: stage.damagedLines });
  for (const directory of new Set(outputs.map(dirname))) sweepHiddenCopies(directory);

  const ending = new AbortController();
  let ended: 'done' | 'duration' | 'signal' = 'done';
  const endBy = (cause: 'duration' | 'signal'): void => {
    if (ending.signal.aborted) return;
    ended = cause;
    recorder.emit({ event: 'WindowEnding', cause });
    const why =
      cause === 'signal'
        ? 'A signal ended the run before this file was whole.'
        : 'The window ended before this file was whole.';
    ending.abort(new Failure('time-ran-out', why));
  };
  process.on('SIGTERM', () => endBy('signal'));
  process.on('SIGINT', () => endBy('signal'));
  process.on('SIGHUP', () => endBy('signal'));
  if (deadlineMs !== null) setTimeout(() => endBy('duration'), Math.max(0, deadlineMs - elapsedMs())).unref();

  const peers = new Map<string, Peer>();
  const peerAt = (addresses: readonly Address[]): Peer => {
    const name = addresses.map(formatAddress).join(' ');
    const peer =
      peers.get(name) ??
      new Peer(addresses, deadlineMs, CONNECTIONS, {
        waiting: (tried) => {
          report.server.tried = [...new Set([...report.server.tried, ...tried])];
          recorder.emit({ event: 'WaitingForServer', addresses: tried });
        },
        found: (server, waitedMs, attempts) => {
          const address = formatAddress(server.exchange.address);
          report.server.answered ??= address;
          report.server.waitedMs ??= waitedMs;
          recorder.emit({ event: 'ServerFound', address, waitedMs, attempts });
          reportFile.touch();
        },
      });
    peers.set(name, peer);
    return peer;
  };
  const items = settings.sources.map(({ source }, at): Item => {
    const output = outputs[at] ?? '';
    const entry = newEntry(source.text, output);
    report.files.push(entry);
    const identity = source.address === null ? source.target : source.text;
    const peer = peerAt(source.address === null ? settings.from : [source.address]);
    return { source, output, key: stage.keyOf(identity, output), peer, entry };
  });

  if (process.stdout.isTTY) {
    bars = new ProgressBars(process.stdout, report.files, elapsedMs, () =>
      deadlineMs === null ? null : deadlineMs - elapsedMs(),
    );
  }
  let closeStatus = (): void => {};
  if (settings.statusPort !== null) {
    const { statusPort: port } = settings;
    try {
      closeStatus = await serveStatus(environment.address ?? '0.0.0.0', port, () => report.snapshot(0));
    } catch (error) {
      recorder.emit({ event: 'StatusUnavailable', port, reason: asFailure(error).message });
    }
  }

  const writer = new PartWriter();
  const context = {
    stage,
    writer,
    deadlineMs,
    signal: ending.signal,
    emit: recorder.emit.bind(recorder),
    changed: () => reportFile.touch(),
  };
  for (const item of items) await new Delivery(context, item).run();

  const exitCode = worstExitCode(items.map(({ entry, peer }) => exitCodeOf(entry.failure, peer)));
  report.end(ended, exitCode, null);
  reportFile.writeNow();
  bars?.stop();
  closeStatus();
  for (const peer of peers.values()) peer.close();
  stage.close();
  recorder.close();
  await writer.close();
  return exitCode;
}

/** A run that ends by time or by a signal says by its exit code whether there ever was a server. */
function exitCodeOf(failure: Item['entry']['failure'], peer: Peer): number {
  if (failure === null) return 0;
  if (failure.code === 'time-ran-out' && !peer.everAnswered) return failureKinds['no-server'].exitCode;
  return failureKinds[failure.code].exitCode;
}

/** In a short window a fixed margin would leave no time to fetch anything. */
function margin(durationMs: number): number {
  return Math.min(MARGIN_MS, durationMs / 10);
}

/** Absolute paths of all outputs, each in a directory that can be written. Nothing is created. */
function nameOutputs(settings: Settings, outbox: string | null): string[] {
  const taken = new Map<string, string>();
  return settings.sources.map(({ source, output }) => {
    const named = output ?? flatName(source.path);
    let path = outputPath(named, outbox);
    if (isAbsolute(named)) path = onPayload(environment, path);
    if (taken.has(path) && output === null) path = outputPath(distinctName(named, source.target), outbox);
    const other = taken.get(path);
    if (other !== undefined)
      throw new Failure('usage', `${other} and ${source.text} would both be written to ${path}.`);
    taken.set(path, source.text);
    try {
      // A directory below the outbox is made when its first file appears.
      accessSync(isAbsolute(named) || outbox === null ? dirname(path) : outbox, constants.W_OK | constants.X_OK);
    } catch (error) {
      throw diskFailure(`${path} cannot be written`, error);
    }
    return path;
  });
}
