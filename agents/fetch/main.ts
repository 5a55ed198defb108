// First, since it starts a thread that everything below need not wait for.
import './writer.ts';
import { setTimeout as delay } from 'node:timers/promises';
import { asFailure, Failure, failureKinds } from '../../shared/failure.ts';
import { outliveReaders } from '../common/console.ts';
import { readEnvironment } from '../common/environment.ts';
import { openOutbox, outboxPath } from '../common/outbox.ts';
import { ReportFile } from '../common/report-file.ts';
import { elapsedMs } from '../common/run-clock.ts';
import { claimRunFiles } from '../common/run-files.ts';
import { LinkRate } from './link-rate.ts';
import { checkOutputs } from './outputs.ts';
import { RunReport } from './report.ts';
import { fetchAll } from './session.ts';
import { readSettings } from './settings.ts';
import { stateDirectory } from './state-directory.ts';
import { Telling } from './telling.ts';

outliveReaders(process.stdout, process.stderr);

// Only main() says that a run went well; an event loop that runs empty before it ends has gone wrong.
process.exitCode = failureKinds.unforeseen.exitCode;
main().then(
  (exitCode) => process.exit(exitCode),
  (thrown: unknown) => {
    // What the run could not even begin with.
    const failure = asFailure(thrown);
    complain(failure);
    process.exit(failure.exitCode);
  },
);

async function main(): Promise<number> {
  const environment = readEnvironment(process.env);
  const settings = readSettings(process.argv.slice(2), environment);
  checkOutputs(settings, environment, outboxPath(environment, settings.outbox));
  const outbox = openOutbox(environment, settings.outbox);
  const state = stateDirectory(environment, settings.state, process.env);

  const rate = new LinkRate(elapsedMs);
  const { durationMs: allowedMs, marginMs } = settings;
  const report = new RunReport({ outbox, stateDirectory: state.path, allowedMs, marginMs }, rate);
  const first = `${JSON.stringify(report.snapshot(0))}\n`;
  const files = outbox === null ? null : claimRunFiles(outbox, 'payload-fetch', first);
  const reportFile = new ReportFile(files?.report ?? null, (revision) => report.snapshot(revision), state.path);
  let telling: Telling | null = null;

  /** Whatever goes wrong from here on, the window explains itself. Returns what the process is to end with. */
  const fail = (thrown: unknown): number => {
    const failure = asFailure(thrown);
    const { code, message: reason, advice, exitCode } = failure;
    report.end('failure', exitCode, failure);
    if (telling === null) complain(failure);
    else telling.emit({ event: 'RunFailed', code, reason, advice });
    telling?.close();
    try {
      reportFile.writeNow();
    } catch {
      // This may be what has failed.
    }
    return exitCode;
  };
  process.once('uncaughtException', (thrown) => process.exit(fail(thrown)));
  process.once('beforeExit', () => {
    fail(new Failure('unforeseen', 'The run stood still: it was waiting for nothing that could still come.'));
  });

  /** A reader that is slow, or gone to sleep, does not keep the run beyond its window. */
  const inTime = (work: Promise<void>): Promise<void> =>
    allowedMs === null ? work : Promise.race([work, delay(Math.max(0, allowedMs - elapsedMs() - marginMs / 2))]);

  try {
    reportFile.writeNow();
    if (settings.inputFailure !== null) throw settings.inputFailure;
    telling = new Telling(settings, files, state.path, report);
    const given = { settings, environment, outbox, state, rate, report, files, reportFile, telling };
    const { ending, exitCode } = await fetchAll(given);
    report.end(ending, exitCode, null);
    reportFile.writeNow();
    await inTime(telling.close());
    return exitCode;
  } catch (thrown) {
    return fail(thrown);
  }
}

function complain({ message, advice }: Failure): void {
  process.stderr.write(`payload-fetch: ${message} ${advice}\n`);
}
