import { count, formatBytes } from './quantity.ts';

/**
 * How telling an event is, in pino's own words, so that any NDJSON viewer sorts them: `debug` is one request or one
 * attempt, `info` a step of the run, `warn` something lost or refused, `error` the reason why a run did not end well.
 * A log that outgrows its budget drops `debug` first.
 */
export type Severity = 'debug' | 'info' | 'warn' | 'error';

/** One kind of event: what it weighs, and the one sentence that renders its fields. */
export interface EventKind<Fields> {
  readonly severity: Severity;
  readonly message: (fields: Fields) => string;
}

export type Catalogue = Readonly<Record<string, EventKind<never>>>;

/** An event of a catalogue: its name and its fields. */
export type EventOf<C extends Catalogue> = {
  [Name in keyof C & string]: C[Name] extends EventKind<infer Fields> ? { readonly event: Name } & Fields : never;
}[keyof C & string];

function kind<Fields>(severity: Severity, message: (fields: Fields) => string): EventKind<Fields> {
  return { severity, message };
}

const WINDOW_ENDINGS = {
  duration: 'The window ends by its duration.',
  signal: 'A signal ends the window.',
  done: 'A client has everything it came for, and so the window ends.',
};

/** Events of every agent. */
export const commonEvents = {
  OutboxAbsent: kind<{ outbox: string }>(
    'warn',
    (e) => `There is no outbox at ${e.outbox}: no report and no log are written; --outbox names one.`,
  ),
  WindowEnding: kind<{ cause: 'duration' | 'signal' | 'done' }>('info', (e) => WINDOW_ENDINGS[e.cause]),
  /** Written by the log itself, as its first line. */
  LogTrimmed: kind<{ dropped: number }>(
    'warn',
    (e) => `${count(e.dropped, 'line')} of this log ${e.dropped === 1 ? 'was' : 'were'} dropped to keep it small.`,
  ),
  RunFailed: kind<{ code: string; reason: string; advice: string }>('error', (e) => `${e.reason} ${e.advice}`),
};

/** What is told of every request, however it ended: one event each. */
interface RequestFacts {
  readonly client: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Content-Range of the answer, where it has one. */
  readonly range: string | null;
  readonly sentBytes: number;
  readonly tookMs: number;
}

function requestIn({ client, method, path, range }: RequestFacts): string {
  return `${client} ${method} ${path}${range === null ? '' : ` (${range})`}`;
}

/** What payload-serve tells. */
export const serveEvents = {
  ...commonEvents,
  Listening: kind<{ address: string; port: number; directory: string }>(
    'info',
    (e) => `Serving ${e.directory} at ${e.address} port ${e.port}.`,
  ),
  RequestServed: kind<RequestFacts>(
    'debug',
    (e) => `${requestIn(e)}: ${e.status}, ${formatBytes(e.sentBytes)} in ${e.tookMs} ms.`,
  ),
  RequestRefused: kind<RequestFacts & { code: string; reason: string }>(
    'warn',
    (e) => `${requestIn(e)}: ${e.status}, ${e.reason}`,
  ),
  TransferCut: kind<RequestFacts & { promisedBytes: number; reason: string }>(
    'warn',
    (e) => `${requestIn(e)}: cut after ${e.sentBytes} of ${e.promisedBytes} bytes, ${e.reason}.`,
  ),
  RequestFailed: kind<RequestFacts & { reason: string }>(
    'error',
    (e) => `${requestIn(e)}: the server failed at this request, ${e.reason}.`,
  ),
  Closed: kind<{ requests: number; sentBytes: number }>(
    'info',
    (e) => `Closed after ${count(e.requests, 'request')} and ${formatBytes(e.sentBytes)}.`,
  ),
};

/** What payload-fetch tells. */
export const fetchEvents = {
  ...commonEvents,
  StateElsewhere: kind<{ wanted: string; state: string }>(
    'warn',
    (e) =>
      `${e.wanted} cannot be made here: state is kept in ${e.state}, which a payload may not keep between windows.`,
  ),
  WaitingForServer: kind<{ addresses: readonly string[] }>(
    'info',
    (e) => `Waiting for a server at ${e.addresses.join(' or ')}.`,
  ),
  ServerFound: kind<{ address: string; waitedMs: number; attempts: number }>(
    'info',
    (e) => `${e.address} answers after ${e.waitedMs} ms and ${count(e.attempts, 'attempt')}.`,
  ),
  TransferStarted: kind<{ source: string; sizeBytes: number | null; reusedBytes: number }>(
    'info',
    (e) =>
      `${e.source}: ${e.sizeBytes === null ? 'size unknown' : formatBytes(e.sizeBytes)}${e.reusedBytes === 0 ? '' : `, of which ${formatBytes(e.reusedBytes)} are here already`}.`,
  ),
  SourceChanged: kind<{ source: string; discardedBytes: number }>(
    'warn',
    (e) => `${e.source} is not what it was: the ${formatBytes(e.discardedBytes)} kept of it are not used.`,
  ),
  AttemptFailed: kind<{ source: string; code: string; reason: string; attempt: number; retryInMs: number }>(
    'debug',
    (e) => `${e.source}: ${e.reason} Attempt ${e.attempt}, again in ${e.retryInMs} ms.`,
  ),
  FileDelivered: kind<{
    source: string;
    output: string;
    sizeBytes: number;
    sha256: string;
    verified: string;
    tookMs: number;
  }>('info', (e) => `${e.output}: ${formatBytes(e.sizeBytes)}, verified by ${e.verified}, in ${e.tookMs} ms.`),
  FileUnchanged: kind<{ source: string; output: string }>(
    'info',
    (e) => `${e.output} was delivered before and is what ${e.source} still is: nothing was fetched.`,
  ),
  SourceGrown: kind<{ source: string; keptBytes: number; sizeBytes: number }>(
    'info',
    (e) =>
      `${e.source} has grown to ${formatBytes(e.sizeBytes)}; the ${formatBytes(e.keptBytes)} kept of it are proved to be its beginning.`,
  ),
  DamageFound: kind<{ source: string; reason: string; discardedBytes: number }>(
    'warn',
    (e) => `${e.source}: ${e.reason}; ${formatBytes(e.discardedBytes)} are fetched again.`,
  ),
  DamageMended: kind<{ source: string; mendedBytes: number }>(
    'warn',
    (e) => `${e.source} came damaged: ${formatBytes(e.mendedBytes)} of it were fetched again.`,
  ),
  JournalDamaged: kind<{ lines: number }>(
    'warn',
    (e) => `${count(e.lines, 'line')} of the journal cannot be read: the files they spoke of begin anew.`,
  ),
  StatusUnavailable: kind<{ port: number; reason: string }>(
    'warn',
    (e) => `The status port ${e.port} cannot be opened (${e.reason}): the run goes on without it.`,
  ),
  FileNotDelivered: kind<{ source: string; code: string; reason: string; advice: string }>(
    'error',
    (e) => `${e.source}: ${e.reason} ${e.advice}`,
  ),
};

export type ServeEvent = EventOf<typeof serveEvents>;
export type FetchEvent = EventOf<typeof fetchEvents>;
