import { serveEvents } from '../../shared/event.ts';
import { asFailure, Failure } from '../../shared/failure.ts';
import { ON_BOARD } from '../../shared/payload.ts';
import { consoleOn, outliveReaders } from '../common/console.ts';
import { onPayload, readEnvironment } from '../common/environment.ts';
import { openOutbox } from '../common/outbox.ts';
import { Recorder } from '../common/recorder.ts';
import { ReportFile } from '../common/report-file.ts';
import { elapsedMs } from '../common/run-clock.ts';
import { claimRunFiles } from '../common/run-files.ts';
import { refusalAtDoor } from './admission.ts';
import { refuse } from './answer.ts';
import { BufferPool } from './buffer-pool.ts';
import { Digests } from './digests.ts';
import { FileStore } from './file-store.ts';
import { HANDLES } from './handle.ts';
import { HttpServer } from './http.ts';
import { holderOfPort } from './port-holder.ts';
import { type Ending, type RunState, reportOf } from './report.ts';
import { readSettings } from './settings.ts';
import { Site } from './site.ts';
import { eventOf, Tally } from './tally.ts';
import { Walkers } from './walkers.ts';
import { leftOfWindowMs, type Phase, phaseAt, SIGNAL_GRACE_MS } from './window.ts';

/** The composition root of payload-serve: the one place that reads `process`, wires the parts and ends the run. */

/** How often the window is looked at: the clock that `--until` goes by may be set at any moment. */
const TICK_MS = 50;

async function run(): Promise<void> {
  const environment = readEnvironment(process.env);
  const settings = readSettings(process.argv.slice(2), environment);
  const outbox = openOutbox(environment, settings.outbox);
  const console = consoleOn(process.stdout, process.stderr);
  // The log may be what cannot be opened, and that is told of too.
  let recorder = new Recorder(serveEvents, console, null, settings.logBudgetBytes);

  const leftMs = (): number => leftOfWindowMs(settings.end, elapsedMs(), Date.now());
  const startedEpochMs = Date.now() - elapsedMs();
  const allowedMs = leftOfWindowMs(settings.end, 0, startedEpochMs);
  const state: RunState = {
    startedAt: new Date(startedEpochMs).toISOString(),
    allowedMs: Number.isFinite(allowedMs) ? allowedMs : null,
    directory: settings.directory,
    listening: [],
    ended: null,
  };
  /** Why the run ends before its window does, and when at the latest; `null` while nothing asks for it. */
  let leaving: { readonly by: Ending; readonly deadlineMs: number } | null = null;
  const phase = (): Phase => {
    const byWindow = phaseAt(leftMs(), allowedMs);
    return leaving === null || byWindow === 'over' ? byWindow : 'closing';
  };

  const tally = new Tally();
  const http = new HttpServer(settings.limits, new BufferPool(), (outcome) => {
    tally.add(outcome);
    recorder.emit(eventOf(outcome));
    report.touch();
  });
  const first = `${JSON.stringify(reportOf(state, 0, tally, 0))}\n`;
  const files = outbox === null ? null : claimRunFiles(outbox, 'payload-serve', first);
  const report = new ReportFile(files?.report ?? null, (revision) => reportOf(state, revision, tally, http.accepted));

  function leave(by: Ending, deadlineMs: number): void {
    leaving ??= { by, deadlineMs };
  }

  function end(by: Ending, failure: Failure | null): void {
    if (state.ended !== null) return;
    state.ended = { by, failure };
    if (failure !== null) {
      const { code, message: reason, advice } = failure;
      recorder.emit({ event: 'RunFailed', code, reason, advice });
    } else if (by !== 'failure') {
      recorder.emit({ event: 'WindowEnding', cause: by });
    }
    http.end();
    recorder.emit({ event: 'Closed', requests: tally.requests, sentBytes: tally.sentBytes });
    process.exitCode = failure?.exitCode ?? 0;
    try {
      report.writeNow();
    } catch (error) {
      complain(error);
    }
    recorder.close();
    process.exit();
  }

  function tick(): void {
    if (phase() === 'over') end('duration', null);
    else if (leaving !== null && (http.busy === 0 || elapsedMs() >= leaving.deadlineMs)) end(leaving.by, null);
  }

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // Who asks twice does not want to wait.
      if (leaving?.by === 'signal') end('signal', null);
      leaving = { by: 'signal', deadlineMs: elapsedMs() + SIGNAL_GRACE_MS };
      tick();
    });
  }
  process.on('uncaughtException', (error) => end('failure', asFailure(error)));
  setInterval(tick, TICK_MS);

  try {
    recorder = new Recorder(serveEvents, console, settings.log ?? files?.log ?? null, settings.logBudgetBytes);
    const { allowed, tokenSha256 } = settings;
    if (tokenSha256 instanceof Failure) throw tokenSha256;
    const store = new FileStore(settings.directory, settings.links);
    // Every path is absolute by now, so that the current directory is free to make others short (handle.ts).
    process.chdir(HANDLES);
    const site = new Site(store, new Digests(), new Walkers(), { index: settings.index }, () => {
      if (settings.exitWhenDone) leave('done', Number.POSITIVE_INFINITY);
    });
    const { address, port } = await http.listen(settings.port, settings.bind, (request) => {
      const refusal = refusalAtDoor({ allowed, tokenSha256 }, request.client, request.field('authorization'));
      if (refusal !== null) return refuse(refusal, refusal === 'token-needed' ? { 'WWW-Authenticate': 'Bearer' } : {});
      return phase() === 'open' ? site.answer(request) : refuse('closing');
    });
    state.listening = [{ address, port }];
    recorder.emit({ event: 'Listening', address, port, directory: settings.directory });
    if (outbox === null) recorder.emit({ event: 'OutboxAbsent', outbox: onPayload(environment, ON_BOARD.outbox) });
    report.writeNow();
  } catch (error) {
    end('failure', namingHolder(asFailure(error), settings.port));
  }
}

/** Says who holds the port, where that is why it cannot be bound. */
function namingHolder(failure: Failure, port: number): Failure {
  const isTaken = failure.cause instanceof Error && 'code' in failure.cause && failure.cause.code === 'EADDRINUSE';
  const holder = isTaken ? holderOfPort(port) : null;
  if (holder === null) return failure;
  return new Failure(failure.code, `${failure.message} It is ${holder}.`, { cause: failure });
}

/** Says on stderr why the run does not take place, and sets what it exits with. */
function complain(thrown: unknown): void {
  const failure = asFailure(thrown);
  process.stderr.write(`payload-serve: ${failure.message} ${failure.advice}\n`);
  process.exitCode = failure.exitCode;
}

outliveReaders(process.stdout, process.stderr);
run().catch(complain);
