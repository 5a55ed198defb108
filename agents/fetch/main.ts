// First, since it starts a thread that everything below need not wait for.
import './writer.ts';
import { setMaxListeners } from 'node:events';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type FetchEvent, fetchEvents } from '../../shared/event.ts';
import { asFailure, diskFailure, Failure, failureKinds } from '../../shared/failure.ts';
import { ON_BOARD } from '../../shared/payload.ts';
import { replaceFileSync } from '../common/atomic-file.ts';
import { consoleOn, outliveReaders } from '../common/console.ts';
import { onPayload, readEnvironment } from '../common/environment.ts';
import { openOutbox } from '../common/outbox.ts';
import { Recorder } from '../common/recorder.ts';
import { ReportFile } from '../common/report-file.ts';
import { elapsedMs } from '../common/run-clock.ts';
import { Budget, bytesBelow } from './budget.ts';
import { claimReportPath } from './earlier-report.ts';
import { LinkRate } from './link-rate.ts';
import { ProgressBars } from './progress.ts';
import { SmallPublisher, sweepHiddenCopies } from './publish.ts';
import { RunReport } from './report.ts';
import { checkOutputs, Run } from './run.ts';
import { readSettings } from './settings.ts';
import { formatAddress } from './source.ts';
import { Stage } from './stage.ts';
import { stateDirectory } from './state-directory.ts';
import { type Status, serveStatus } from './status.ts';
import { writer } from './writer.ts';

const LOG_BUDGET_BYTES = 64 * 1024;

/** What the report takes of a budget, at most. */
const REPORT_BYTES = 16 * 1024;

outliveReaders(process.stdout, process.stderr);

// Only main() says that a run went well; an event loop that runs empty before it ends has gone wrong.
process.exitCode = failureKinds.unforeseen.exitCode;
main().then(
  (exitCode) => process.exit(exitCode),
  (thrown: unknown) => {
    // What the run could not even begin with.
    const failure = asFailure(thrown);
    process.stderr.write(`payload-fetch: ${failure.message} ${failure.advice}\n`);
    process.exit(failure.exitCode);
  },
);

async function main(): Promise<number> {
  const environment = readEnvironment(process.env);
  const settings = readSettings(process.argv.slice(2), environment);
  const outbox = openOutbox(environment, settings.outbox);
  checkOutputs(settings, environment, outbox);
  const state = stateDirectory(environment, settings.state, process.env);
  const { durationMs, marginMs } = settings;
  const deadlineMs = durationMs === null ? null : Math.max(0, durationMs - marginMs);

  const rate = new LinkRate(elapsedMs);
  const report = new RunReport({ outbox, stateDirectory: state.path, allowedMs: durationMs, marginMs }, rate);
  const reportPath = outbox === null ? null : claimReportPath(outbox);
  const reportFile = new ReportFile(reportPath, (revision) => report.snapshot(revision), state.path);
  let bars: ProgressBars | null = null;
  const print = consoleOn(process.stdout, process.stderr);
  const recorder = new Recorder(
    fetchEvents,
    (severity, message) => {
      if (settings.json) return;
      bars?.clear();
      print(severity, message);
    },
    settings.log ?? (outbox === null ? null : join(outbox, 'payload-fetch-log.ndjson')),
    LOG_BUDGET_BYTES,
  );
  let status: Status | null = null;
  const emit = (event: FetchEvent): void => {
    recorder.emit(event);
    if (!settings.json && status === null) return;
    const told = { elapsedMs: elapsedMs(), ...event };
    if (settings.json) process.stdout.write(`${JSON.stringify(told)}\n`);
    status?.tell(told);
  };
  if (outbox === null) emit({ event: 'OutboxAbsent', outbox: onPayload(environment, ON_BOARD.outbox) });
  if (state.insteadOf !== null) emit({ event: 'StateElsewhere', wanted: state.insteadOf, state: state.path });
  reportFile.writeNow();

  let stage: Stage;
  try {
    stage = new Stage(state.path);
  } catch (thrown) {
    const failure = asFailure(thrown);
    report.end('failure', failure.exitCode, failure);
    const { code, message: reason, advice } = failure;
    emit({ event: 'RunFailed', code, reason, advice });
    reportFile.writeNow();
    return failure.exitCode;
  }
  if (stage.damagedLines > 0) emit({ event: 'JournalDamaged', lines: stage.damagedLines });
  if (outbox !== null) sweepHiddenCopies(outbox, true);
  for (const { output } of settings.wanted)
    if (output?.startsWith('/')) sweepHiddenCopies(dirname(onPayload(environment, output)), false);

  const ending = new AbortController();
  // Every request listens to it.
  setMaxListeners(0, ending.signal);
  let ended: 'done' | 'duration' | 'signal' = 'done';
  const endBy = (cause: 'duration' | 'signal'): void => {
    if (ending.signal.aborted) return;
    ended = cause;
    emit({ event: 'WindowEnding', cause });
    const what = cause === 'signal' ? 'A signal ended the run' : 'The window ended';
    ending.abort(new Failure('time-ran-out', `${what} before this file was whole.`));
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => endBy('signal'));
  if (deadlineMs !== null) setTimeout(() => endBy('duration'), Math.max(0, deadlineMs - elapsedMs()));
  // Whatever goes wrong, a window explains itself: no run may end because there is nothing left to wait for.
  process.once('beforeExit', () => {
    const failure = new Failure('unforeseen', 'The run stood still: it was waiting for nothing that could still come.');
    emit({ event: 'RunFailed', code: failure.code, reason: failure.message, advice: failure.advice });
    report.end('failure', failure.exitCode, failure);
    reportFile.writeNow();
  });

  if (process.stdout.isTTY && !settings.json) {
    const leftMs = (): number | null => (deadlineMs === null ? null : deadlineMs - elapsedMs());
    bars = new ProgressBars(process.stdout, report.files, elapsedMs, leftMs);
  }
  if (settings.statusPort !== null) {
    const { statusPort: port } = settings;
    try {
      status = await serveStatus(environment.address ?? '0.0.0.0', port, () => report.snapshot(0));
    } catch (error) {
      emit({ event: 'StatusUnavailable', port, reason: asFailure(error).message });
    }
  }

  const inOutbox = outbox === null ? 0 : bytesBelow(outbox) + LOG_BUDGET_BYTES + REPORT_BYTES;
  const run = new Run(
    settings,
    environment,
    outbox,
    {
      stage,
      writer,
      small: new SmallPublisher(),
      budget: new Budget(settings.budgetBytes, settings.budgetBytes === null ? 0 : inOutbox),
      rate,
      deadlineMs,
      once: settings.once,
      snapshot: settings.snapshot,
      signal: ending.signal,
      emit,
      changed: () => reportFile.touch(),
    },
    report,
    {
      waiting: (addresses) => {
        report.server.tried = [...new Set([...report.server.tried, ...addresses])];
        emit({ event: 'WaitingForServer', addresses });
      },
      found: (server, waitedMs, attempts) => {
        const address = formatAddress(server.exchange.address);
        report.server.answered ??= address;
        report.server.waitedMs ??= waitedMs;
        emit({ event: 'ServerFound', address, waitedMs, attempts });
        reportFile.touch();
      },
    },
  );
  const exitCode = await run.execute();

  report.end(ended, exitCode, null);
  reportFile.writeNow();
  if (settings.fullReport && outbox !== null) {
    const full = gzipSync(JSON.stringify(report.snapshot(0, Number.POSITIVE_INFINITY)));
    const path = join(outbox, 'payload-fetch-full-report.json.gz');
    try {
      replaceFileSync(path, full, state.path);
    } catch (error) {
      throw diskFailure(`The full report ${path} cannot be written`, error);
    }
  }
  bars?.stop();
  status?.close();
  stage.close();
  recorder.close();
  await writer.close();
  return exitCode;
}
