import Pool from 'undici/lib/dispatcher/pool.js';
import { Failure } from '../../shared/failure.ts';
import { type Address, formatAddress } from './source.ts';

/** The header of a response; field names in lower case, fields that come several times joined by commas (RFC 9110, 5.3). */
export interface Head {
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
}

/** Takes a body piece by piece. A promise holds the sender back until it is fulfilled. */
export type Receiver = (chunk: Buffer) => Promise<void> | undefined;

export interface Request {
  readonly method: 'GET' | 'HEAD' | 'POST';
  /** Path and query, percent-encoded. */
  readonly target: string;
  readonly fields?: Readonly<Record<string, string>>;
  /** How long the server may be silent. */
  readonly silenceMs?: number;
  /** How long the whole exchange may take, wherever it waits; without it, as long as bytes keep coming. */
  readonly wholeMs?: number;
  /** Sent without waiting for the answers before it: for what is answered at once. */
  readonly pipelined?: boolean;
  readonly signal: AbortSignal;
}

/** How long a server may be silent before the connection is given up: shorter than a window, longer than a slow disk. */
export const SILENCE_MS = 8_000;

/** More than any header of a file needs; the answer of a server that never ends its header stops here. */
const LONGEST_HEADER_BYTES = 16 * 1024;

/** A request waits for the answer before it on the same connection, unless it is {@link Request.pipelined}. */
const CONNECTIONS = 4;
const PIPELINES = { connections: 2, pipelining: 32 };

/**
 * Requests to one server. The only user of undici in payload-fetch, and of no more than its dispatcher (Pool and the
 * parser below it): fetch, streams and interceptors would more than double what has to be uplinked.
 */
export class Exchange {
  readonly address: Address;
  readonly #pool: Pool;
  /** Opened with the first request that uses it. */
  readonly #pipelines: Pool;

  constructor(address: Address) {
    this.address = address;
    const origin = `http://${formatAddress(address)}`;
    const bounds = {
      connect: { timeout: SILENCE_MS },
      headersTimeout: SILENCE_MS,
      bodyTimeout: SILENCE_MS,
      maxHeaderSize: LONGEST_HEADER_BYTES,
    };
    this.#pool = new Pool(origin, { connections: CONNECTIONS, ...bounds });
    this.#pipelines = new Pool(origin, { ...PIPELINES, ...bounds });
  }

  /**
   * Makes one request. `receive` sees the header first and says what takes the body; what it throws ends the exchange.
   * Resolves when the body has come whole, by its own framing. Rejects with `link-lost` where it has not, and with
   * `bad-answer` where the answer is not HTTP.
   */
  request(request: Request, receive: (head: Head) => Receiver): Promise<Head> {
    const { method, target, signal, silenceMs = SILENCE_MS } = request;
    return new Promise((resolve, reject) => {
      let abort: (error: Error) => void = () => {};
      let head: Head | null = null;
      let receiver: Receiver | null = null;
      let resume = (): void => {};
      let ended = false;
      const end = (settle: () => void): void => {
        if (ended) return;
        ended = true;
        clearTimeout(watchdog);
        signal.removeEventListener('abort', onAbort);
        settle();
      };
      const fail = (thrown: unknown): void => {
        end(() => reject(thrown));
        abort(thrown instanceof Error ? thrown : new Error(String(thrown)));
      };
      const onAbort = (): void => fail(signal.reason);
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener('abort', onAbort);
      const { wholeMs } = request;
      const late = (): void => fail(new Failure('link-lost', `${formatAddress(this.address)} did not answer in time.`));
      const watchdog = wholeMs === undefined ? undefined : setTimeout(late, wholeMs);

      (request.pipelined ? this.#pipelines : this.#pool).dispatch(
        {
          method,
          path: target,
          headers: { 'accept-encoding': 'identity', ...request.fields },
          headersTimeout: silenceMs,
          bodyTimeout: silenceMs,
        },
        {
          onConnect: (abortRequest) => {
            abort = abortRequest;
            if (ended) abortRequest();
          },
          onHeaders: (status, rawFields, resumeBody) => {
            // 1xx are announcements (RFC 9110, 15.2); the answer follows.
            if (status < 200) return true;
            resume = resumeBody;
            try {
              head = { status, fields: readFields(rawFields) };
              receiver = receive(head);
            } catch (error) {
              fail(error);
            }
            return true;
          },
          onData: (chunk) => {
            if (ended || receiver === null) return true;
            try {
              const held = receiver(chunk);
              held?.then(() => ended || resume(), fail);
              return held === undefined;
            } catch (error) {
              fail(error);
              return true;
            }
          },
          onComplete: () => end(() => (head === null ? reject(noAnswer(this.address)) : resolve(head))),
          onError: (error) => end(() => reject(linkFailure(this.address, error))),
        },
      );
    });
  }

  /** Makes a request whose answer is a text of no more than `mostBytes`; a longer one is a `bad-answer`. */
  async text(request: Request, mostBytes: number): Promise<{ head: Head; text: string }> {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    const head = await this.request(request, () => (chunk) => {
      sizeBytes += chunk.length;
      if (sizeBytes > mostBytes) {
        throw new Failure('bad-answer', `${formatAddress(this.address)} answers ${request.target} without end.`);
      }
      chunks.push(chunk);
      return undefined;
    });
    return { head, text: Buffer.concat(chunks).toString('utf8') };
  }

  /** Ends every connection at once. */
  destroy(): void {
    for (const pool of [this.#pool, this.#pipelines]) pool.destroy().catch(() => {});
  }
}

function readFields(raw: readonly Buffer[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at]?.toString('latin1').toLowerCase() ?? '';
    const value = raw[at + 1]?.toString('latin1') ?? '';
    const before = fields.get(name);
    fields.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return fields;
}

function noAnswer(address: Address): Failure {
  return new Failure('link-lost', `${formatAddress(address)} closed the connection without an answer.`);
}

/** Answers that undici does not take for HTTP. */
const MALFORMED = new Set(['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH']);

/** What broke a connection, in words: the operator's next step depends on it. */
const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses the connection',
  ECONNRESET: 'reset the connection',
  EPIPE: 'reset the connection',
  EHOSTUNREACH: 'cannot be reached',
  ENETUNREACH: 'cannot be reached',
  ETIMEDOUT: 'does not answer',
  ENOTFOUND: 'is a name that nobody knows',
  EAI_AGAIN: 'is a name that nobody knows',
  UND_ERR_CONNECT_TIMEOUT: 'does not answer',
  UND_ERR_HEADERS_TIMEOUT: 'accepted a request and is silent',
  UND_ERR_BODY_TIMEOUT: 'stopped sending',
  UND_ERR_SOCKET: 'closed the connection in mid-transfer',
};

/** Takes an error of undici or of a socket for what it means here. */
export function linkFailure(address: Address, error: Error): Failure {
  if (error instanceof Failure) return error;
  const code = 'code' in error ? String(error.code) : '';
  const name = formatAddress(address);
  if (code.startsWith('HPE_') || MALFORMED.has(code)) {
    return new Failure('bad-answer', `${name} does not answer in HTTP: ${error.message}.`, { cause: error });
  }
  return new Failure('link-lost', `${name} ${CAUSES[code] ?? `fails: ${error.message}`}.`, { cause: error });
}
