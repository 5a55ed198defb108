import Pool from 'undici/lib/dispatcher/pool.js';
import { Failure } from '../../shared/failure.ts';
import { boundAnnouncements, type Head, LONGEST_HEAD_BYTES } from './http-message.ts';
import { cutShort, linkFailure, SILENCE_MS } from './link-failure.ts';
import { Pipeline } from './pipeline.ts';
import { type Address, formatAddress } from './source.ts';

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
  readonly signal: AbortSignal;
}

/** A request waits for the answer before it on the same connection. */
const CONNECTIONS = 4;

/** What a HEAD tells is worth no more: some servers do not know it, and leave it unanswered. */
const HEAD_MS = 2_000;

/**
 * Requests to one server. The only user of undici in payload-fetch, and of no more than its dispatcher (Pool and the
 * parser below it): fetch, streams and interceptors would more than double what has to be uplinked.
 */
export class Exchange {
  readonly address: Address;
  readonly #pool: Pool;
  /** For small files, whose bodies are answered at once. */
  readonly pipeline: Pipeline;
  readonly #heads: Pipeline;

  constructor(address: Address) {
    this.address = address;
    this.#pool = new Pool(`http://${formatAddress(address)}`, {
      connections: CONNECTIONS,
      connect: { timeout: SILENCE_MS },
      headersTimeout: SILENCE_MS,
      bodyTimeout: SILENCE_MS,
      maxHeaderSize: LONGEST_HEAD_BYTES,
    });
    this.pipeline = new Pipeline(address);
    this.#heads = new Pipeline(address, HEAD_MS);
  }

  /** What a server says of a file, of thousands of them side by side. Rejects as {@link request}. */
  head(target: string, signal: AbortSignal): Promise<Head> {
    return new Promise((resolve, reject) => {
      const receive = (head: Head): boolean => {
        resolve(head);
        return false;
      };
      this.#heads.ask({ method: 'HEAD', target, fields: {}, receive, count: () => {}, signal }).catch(reject);
    });
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
      let announcements = 0;
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

      this.#pool.dispatch(
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
            resume = resumeBody;
            try {
              if (status < 200) {
                announcements += 1;
                boundAnnouncements(this.address, announcements);
                return true;
              }
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
          onComplete: () => end(() => (head === null ? reject(cutShort(this.address, false)) : resolve(head))),
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
    this.#pool.destroy().catch(() => {});
    const failure = new Failure('link-lost', `The connections to ${formatAddress(this.address)} were given up.`);
    for (const pipeline of [this.pipeline, this.#heads]) pipeline.destroy(failure);
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
