import { setMaxListeners } from 'node:events';
import { dirname } from 'node:path';
import { gzipSync } from 'node:zlib';
import { diskFailure, Failure } from '../../shared/failure.ts';
import { ON_BOARD } from '../../shared/payload.ts';
import { replaceFileSync } from '../common/atomic-file.ts';
import { type Environment, onPayload } from '../common/environment.ts';
import type { ReportFile } from '../common/report-file.ts';
import { elapsedMs } from '../common/run-clock.ts';
import type { RunFiles } from '../common/run-files.ts';
import { Budget, bytesInOutbox } from './budget.ts';
import type { LinkRate } from './link-rate.ts';
import { SmallPublisher, sweepHiddenCopies } from './publish.ts';
import { LONGEST_REPORT_BYTES, type RunReport } from './report.ts';
import { Run } from './run.ts';
import { deadlineOf, type Settings } from './settings.ts';
import { formatAddress } from './source.ts';
import { Stage } from './stage.ts';
import type { StateDirectory } from './state-directory.ts';
import { logOf, type Telling } from './telling.ts';
import { writer } from './writer.ts';

/** The longest that Node's timers take: 25 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

type Ending = 'done' | 'duration' | 'signal';

/** What a session is given. */
export interface Given {
  readonly settings: Settings;
  readonly environment: Environment;
  readonly outbox: string | null;
  readonly state: StateDirectory;
  readonly rate: LinkRate;
  readonly report: RunReport;
  /** `null` where there is no outbox. */
  readonly files: RunFiles | null;
  readonly reportFile: ReportFile;
  readonly telling: Telling;
}

/**
 * Puts together what a run works with, and has it run until it is done or its window ends. Rejects with what kept it from
 * running at all.
 */
export async function fetchAll(given: Given): Promise<{ readonly ending: Ending; readonly exitCode: number }> {
  const { settings, environment, outbox, state, rate, report, files, reportFile, telling } = given;
  const { emit } = telling;
  if (outbox === null) emit({ event: 'OutboxAbsent', outbox: onPayload(environment, ON_BOARD.outbox) });
  if (state.insteadOf !== null) emit({ event: 'StateElsewhere', wanted: state.insteadOf, state: state.path });
  const stage = new Stage(state.path);
  if (stage.damagedLines > 0) emit({ event: 'JournalDamaged', lines: stage.damagedLines });
  if (outbox !== null) sweepHiddenCopies(outbox, true);
  for (const { output } of settings.wanted)
    if (output?.startsWith('/')) sweepHiddenCopies(dirname(onPayload(environment, output)), false);

  const deadlineMs = deadlineOf(settings);
  const over = new AbortController();
  // Every request listens to it.
  setMaxListeners(0, over.signal);
  let ending: Ending = 'done';
  const endBy = (cause: 'duration' | 'signal'): void => {
    if (over.signal.aborted) return;
    ending = cause;
    emit({ event: 'WindowEnding', cause });
    const what = cause === 'signal' ? 'A signal ended the run' : 'The window ended';
    over.abort(new Failure('time-ran-out', `${what} before this file was whole.`));
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => endBy('signal'));
  const awaitEnd = (atMs: number): void => {
    const leftMs = atMs - elapsedMs();
    if (leftMs <= 0) endBy('duration');
    else setTimeout(awaitEnd, Math.min(leftMs, LONGEST_TIMER_MS), atMs);
  };
  if (deadlineMs !== null) awaitEnd(deadlineMs);

  const { statusPort } = settings;
  if (statusPort !== null) await telling.openStatus(environment.address ?? '0.0.0.0', statusPort, report);

  const log = logOf(settings, files);
  const growing = new Map([
    [log.path ?? '', log.mostBytes],
    [files?.report ?? '', LONGEST_REPORT_BYTES],
  ]);
  const run = new Run(
    settings,
    environment,
    outbox,
    {
      stage,
      writer,
      small: new SmallPublisher(),
      budget: new Budget(
        settings.budgetBytes,
        settings.budgetBytes === null || outbox === null ? 0 : bytesInOutbox(outbox, growing),
      ),
      rate,
      deadlineMs,
      once: settings.once,
      snapshot: settings.snapshot,
      signal: over.signal,
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
  stage.close();
  if (settings.fullReport && files !== null) {
    report.end(ending, exitCode, null);
    const full = gzipSync(JSON.stringify(report.snapshot(0, Number.POSITIVE_INFINITY)));
    const { fullReport: path } = files;
    try {
      replaceFileSync(path, full, state.path);
    } catch (error) {
      throw diskFailure(`The full report ${path} cannot be written`, error);
    }
  }
  return { ending, exitCode };
}
