import { setTimeout as delay } from 'node:timers/promises';
import type { ZodType } from 'zod';
import {
  type AvailabilityQuery,
  availabilityAnswer,
  created,
  errorBody,
  type Interval,
  PATHS,
  type Satellite,
  satellitesAnswer,
  UPLOAD_FIELD,
  type UploadEntry,
  type UploadQuery,
  uploadsAnswer,
  type WindowEntry,
  type WindowRequest,
  windowsAnswer,
} from '../tasking/api.ts';
import { GroundFailure } from './failure.ts';
import { decideRetry, type RequestOutcome } from './retry.ts';

/**
 * The Tasking API as a set of calls. Every call rejects with a failure: `refused` where the API says no, with its own
 * sentence; `unreachable` where it does not answer after several tries; `fate-unknown` where a POST may have been
 * carried out; `bad-answer` where what answers is not the API.
 */
export interface TaskingApi {
  satellites(): Promise<readonly Satellite[]>;
  availability(query: AvailabilityQuery): Promise<readonly Interval[]>;
  uploads(): Promise<readonly UploadEntry[]>;
  upload(query: UploadQuery, fileName: string, content: Uint8Array): Promise<string>;
  windows(satelliteId: string): Promise<readonly WindowEntry[]>;
  postWindow(request: WindowRequest): Promise<string>;
  /** Takes a window back; one that is not there (any more) counts as taken back. */
  deleteWindow(id: string): Promise<void>;
}

interface TaskingRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | FormData;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** An upload of 10 MB, the largest, over a slow line. */
const ANSWER_TIMEOUT_MS = 120_000;

/** What undici throws before a byte of the request is sent. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

export interface TaskingClientOptions {
  readonly base: URL;
  readonly token: string;
  /** For tests: how a retry waits, and how it is jittered. */
  readonly sleep?: (delayMs: number) => Promise<unknown>;
  readonly random?: () => number;
}

/** Talks to the Tasking API below `base`, with Node's own fetch. */
export function taskingClient(options: TaskingClientOptions): TaskingApi {
  const { base, token, sleep = delay, random = Math.random } = options;

  async function send(request: TaskingRequest): Promise<Answer> {
    const url = new URL(base.pathname.replace(/\/$/, '') + request.path, base);
    for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
    const what = `${request.method} ${url.origin}${url.pathname}`;
    for (let attempt = 1; ; attempt += 1) {
      const { outcome, answer, cause } = await tryOnce(url, request);
      const decision = decideRetry(request.method, outcome, attempt, random());
      if (decision.kind === 'take' && answer !== null) return answer;
      const problem = answer === null ? `did not answer (${causeOf(cause)})` : `answered ${answer.status}`;
      if (decision.kind === 'ask-first') {
        throw new GroundFailure('fate-unknown', `${what} ${problem}: it may have been carried out or not.`, { cause });
      }
      if (decision.kind !== 'retry') {
        throw new GroundFailure('unreachable', `${what} ${problem}, in ${attempt} attempts.`, { cause });
      }
      await sleep(decision.delayMs);
    }
  }

  async function tryOnce(
    url: URL,
    request: TaskingRequest,
  ): Promise<{ outcome: RequestOutcome; answer: Answer | null; cause?: unknown }> {
    try {
      const response = await fetch(url, {
        method: request.method,
        headers: { authorization: `Bearer ${token}`, accept: 'application/json', ...request.headers },
        body: request.body ?? null,
        // A redirect would carry the token and the request to whoever it names.
        redirect: 'manual',
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
      const answer = { status: response.status, text: await response.text() };
      const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
      const retryAfterSeconds = Number.isFinite(retryAfter) ? Math.max(0, retryAfter) : null;
      return { outcome: { kind: 'answered', status: answer.status, retryAfterSeconds }, answer };
    } catch (cause) {
      return { outcome: { kind: NOT_SENT.has(codeOf(cause)) ? 'not-sent' : 'lost' }, answer: null, cause };
    }
  }

  async function ask<T>(request: TaskingRequest, schema: ZodType<T>): Promise<T> {
    return readAnswer(await send(request), `${request.method} ${request.path}`, schema);
  }

  return {
    satellites: async () => (await ask({ method: 'GET', path: PATHS.satellites }, satellitesAnswer)).data,
    availability: async (query) => {
      const text = { ...query, start: String(query.start), duration: String(query.duration) };
      return (await ask({ method: 'GET', path: PATHS.availability, query: text }, availabilityAnswer)).data.available;
    },
    uploads: async () => (await ask({ method: 'GET', path: PATHS.uploads }, uploadsAnswer)).data,
    upload: async (query, fileName, content) => {
      const form = new FormData();
      form.set(UPLOAD_FIELD, new Blob([content]), fileName);
      return (await ask({ method: 'POST', path: PATHS.upload, query, body: form }, created)).data.id;
    },
    windows: async (satelliteId) =>
      (await ask({ method: 'GET', path: PATHS.windows, query: { satellite_id: satelliteId } }, windowsAnswer)).data,
    postWindow: async (request) => {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify(request);
      return (await ask({ method: 'POST', path: PATHS.window, headers, body }, created)).data.id;
    },
    deleteWindow: async (id) => {
      const answer = await send({ method: 'DELETE', path: PATHS.window, query: { id } });
      if (answer.status !== 404) assertSuccess(answer, `DELETE ${PATHS.window}`);
    },
  };
}

function assertSuccess(answer: Answer, what: string): void {
  if (answer.status >= 200 && answer.status < 300) return;
  const said = errorBody.safeParse(parseJson(answer.text));
  const reason = said.success ? said.data.error.message : answer.text.trim().split('\n')[0]?.slice(0, 200);
  const hint = answer.status === 401 ? ' Check the token.' : '';
  throw new GroundFailure(
    'refused',
    `${what} was refused with ${answer.status}: ${sentence(reason || 'no reason given')}${hint}`,
  );
}

function readAnswer<T>(answer: Answer, what: string, schema: ZodType<T>): T {
  assertSuccess(answer, what);
  const result = schema.safeParse(parseJson(answer.text));
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? 'its body' : issue.path.join('.');
  throw new GroundFailure(
    'bad-answer',
    `${what} answered ${answer.status} with what is not the Tasking API's: ${where} is not as documented.`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function codeOf(thrown: unknown): string {
  for (let at = thrown; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') return at.code;
    if (at instanceof AggregateError) return codeOf(at.errors[0]);
  }
  return '';
}

function causeOf(thrown: unknown): string {
  return codeOf(thrown) || (thrown instanceof Error ? thrown.name : 'no cause given');
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
