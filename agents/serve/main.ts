import { join } from 'node:path';
import { serveEvents } from '../../shared/event.ts';
import { asFailure, type Failure } from '../../shared/failure.ts';
import { PROTOCOL_VERSION } from '../../shared/protocol.ts';
import type { ServeReport } from '../../shared/report.ts';
import { consoleOn, outliveReaders } from '../common/console.ts';
import { readEnvironment } from '../common/environment.ts';
import { openOutbox } from '../common/outbox.ts';
import { Recorder } from '../common/recorder.ts';
import { ReportFile } from '../common/report-file.ts';
import { elapsedMs } from '../common/run-clock.ts';
import { version } from '../common/version.ts';
import { BufferPool } from './buffer-pool.ts';
import { Digests } from './digests.ts';
import { FileStore } from './file-store.ts';
import { HttpServer, type Outcome, type Request } from './http.ts';
import { readSettings } from './settings.ts';
import { Site } from './site.ts';
import { Tally } from './tally.ts';

/** The composition root of payload-serve: the one place that reads `process`, wires the parts and ends the run. */
const LOG_BUDGET_BYTES = 64 * 1024;

/** How long before the end of its duration the process is gone: the report takes an fsync, and flash may be slow. */
const marginMs = (durationMs: number): number => Math.min(250, durationMs / 10);

async function run(): Promise<void> {
  const startedAt = new Date(Date.now() - elapsedMs()).toISOString();
  const environment = readEnvironment(process.env);
  const settings = readSettings(process.argv.slice(2), environment);
  const store = new FileStore(settings.directory, 'inside');
  const outbox = openOutbox(environment, settings.outbox);
  const logPath = settings.log ?? (outbox === null ? null : join(outbox, 'payload-serve-log.ndjson'));
  const recorder = new Recorder(serveEvents, consoleOn(process.stdout, process.stderr), logPath, LOG_BUDGET_BYTES);
  const tally = new Tally();
  const site = new Site(store, new Digests(), () => {});
  const http = new HttpServer(
    { headerBytes: 16 * 1024, headerTimeoutMs: 10_000, idleTimeoutMs: 30_000, lowestRateBytesPerSecond: 2048 },
    new BufferPool(),
    answer,
    note,
  );

  let listening: ServeReport['listening'] = [];
  let ending: ServeReport['ending'] = null;
  let failure: Failure | null = null;
  const report = new ReportFile(
    outbox === null ? null : join(outbox, 'payload-serve-report.json'),
    (revision): ServeReport => ({
      schema: 'payload-serve-report/1',
      agent: { name: 'payload-serve', version, protocol: PROTOCOL_VERSION, node: process.versions.node },
      revision,
      state: ending === null ? 'running' : 'ended',
      startedAt,
      elapsedMs: elapsedMs(),
      allowedMs: settings.durationMs,
      exitCode: ending === null ? null : (failure?.exitCode ?? 0),
      failure: failure && { code: failure.code, reason: failure.message, advice: failure.advice },
      ending,
      directory: settings.directory,
      listening,
      ...tally.snapshot(http.connections),
    }),
  );

  function answer(request: Request): ReturnType<Site['answer']> {
    const { method, target, fields, whenGone } = request;
    return site.answer({
      method,
      target,
      whenGone,
      wantReprDigest: fields['want-repr-digest']?.toString(),
      accept: fields.accept,
      range: fields.range,
      ifRange: fields['if-range']?.toString(),
      ifMatch: fields['if-match'],
      ifNoneMatch: fields['if-none-match'],
      ifModifiedSince: fields['if-modified-since'],
      ifUnmodifiedSince: fields['if-unmodified-since'],
    });
  }

  function note(outcome: Outcome): void {
    tally.add(outcome);
    report.touch();
    const { request, answer: given, sentBytes, cut } = outcome;
    const { client, method, target: path } = request;
    const { status, headers, refusal, body } = given;
    if (refusal !== null) {
      const reason = body?.kind === 'bytes' ? JSON.parse(body.bytes.toString()).message : '';
      recorder.emit({ event: 'RequestRefused', client, method, path, status, code: refusal, reason });
      return;
    }
    const range = headers['Content-Range'] === undefined ? null : String(headers['Content-Range']);
    const served = { client, method, path, status, range, sentBytes, tookMs: Math.round(outcome.tookMs) };
    recorder.emit({ event: 'RequestServed', ...served });
    if (cut !== null) {
      const promisedBytes = Number(headers['Content-Length'] ?? 0);
      recorder.emit({ event: 'TransferCut', client, path, sentBytes, promisedBytes, reason: cut });
    }
  }

  function end(cause: NonNullable<ServeReport['ending']>, thrown?: unknown): void {
    if (ending !== null) return;
    ending = cause;
    http.destroy();
    if (thrown === undefined) {
      if (cause === 'duration' || cause === 'signal') recorder.emit({ event: 'WindowEnding', cause });
    } else {
      failure = asFailure(thrown);
      const { code, message: reason, advice } = failure;
      recorder.emit({ event: 'RunFailed', code, reason, advice });
    }
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

  process.on('SIGTERM', () => end('signal'));
  process.on('SIGINT', () => end('signal'));
  process.on('uncaughtException', (error) => end('failure', error));
  if (settings.durationMs !== null) {
    const leftMs = settings.durationMs - marginMs(settings.durationMs) - elapsedMs();
    setTimeout(() => end('duration'), Math.max(0, leftMs));
  }
  try {
    const { address, port } = await http.listen(settings.port, settings.bind);
    listening = [{ address, port }];
    recorder.emit({ event: 'Listening', address, port, directory: settings.directory });
    if (outbox === null) recorder.emit({ event: 'OutboxAbsent', outbox: '/outbox' });
    report.writeNow();
  } catch (error) {
    end('failure', error);
  }
}

/** Says on stderr why the run does not take place, and sets what it exits with. */
function complain(thrown: unknown): void {
  const failure = asFailure(thrown);
  process.stderr.write(`payload-serve: ${failure.message} ${failure.advice}\n`);
  process.exitCode = failure.exitCode;
}

outliveReaders(process.stdout, process.stderr);
run().catch(complain);
