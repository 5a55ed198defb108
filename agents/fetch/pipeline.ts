import { connect, type Socket } from 'node:net';
import { asFailure, Failure } from '../../shared/failure.ts';
import { contentBytes, formatRequest, type Head, HeadReader, type ResponseHead, Unmeasured } from './http-message.ts';
import { cutShort, linkFailure, SILENCE_MS } from './link-failure.ts';
import { type Address, formatAddress } from './source.ts';

/** One GET of a small file, or one HEAD. */
export interface SmallRequest {
  readonly method: 'GET' | 'HEAD';
  /** Path and query, percent-encoded. */
  readonly target: string;
  readonly fields: Readonly<Record<string, string>>;
  /** Judges the header. Returns whether the content is wanted; what it throws is what the request is rejected with. */
  readonly receive: (head: Head) => boolean;
  /** Hears of every stretch of wanted content. */
  readonly count: (bytes: number) => void;
  /** The same for all requests of a pipeline: its end ends them all, and its reason is what they are rejected with. */
  readonly signal: AbortSignal;
}

interface Asked extends SmallRequest {
  readonly resolve: (content: Buffer) => void;
  readonly reject: (thrown: unknown) => void;
}

const CONNECTIONS = 2;

/** Requests on their way on a connection, once its first answer has shown that the server keeps it open. */
const DEPTH = 32;

const EMPTY = Buffer.alloc(0);

/** Content that is not wanted is passed over up to here; with more of it, a new connection costs less. */
const MOST_SKIPPED_BYTES = 64 * 1024;

/**
 * GETs of small files from one server, or HEADs, pipelined (RFC 9112, 9.3.2) over a few connections: written in batches,
 * without waiting for the answers before them, and read without undici, whose way through a parser and three objects for
 * each request costs more than everything else that is done for a file of 4 KiB.
 *
 * A connection that ends before it has answered everything fails the request that it owed an answer first. The others
 * are asked again on another connection, as that section has it: a GET does no harm twice.
 */
export class Pipeline {
  readonly #address: Address;
  readonly #answerMs: number | null;
  readonly #connections = new Set<Connection>();
  /** In order; the first is asked next. */
  #waiting: Asked[] = [];
  #pumping = false;
  #over: Failure | null = null;
  /** Of the first request, and so of all. */
  #signal: AbortSignal | null = null;
  readonly #onAbort = (): void => this.destroy(asFailure(this.#signal?.reason));

  /**
   * `answerMs`: how long the server may take for an answer that it owes. It then leaves every such request unanswered, and
   * all that wait are rejected. Without it, it may be silent for {@link SILENCE_MS}, and only the first request fails.
   */
  constructor(address: Address, answerMs: number | null = null) {
    this.#address = address;
    this.#answerMs = answerMs;
  }

  /**
   * Resolves to the content, which is empty where `receive` does not want it. Rejects with what `receive` throws, with
   * {@link Unmeasured}, `link-lost` or `bad-answer`.
   */
  ask(request: SmallRequest): Promise<Buffer> {
    if (this.#signal === null) {
      this.#signal = request.signal;
      if (this.#signal.aborted) this.#onAbort();
      else this.#signal.addEventListener('abort', this.#onAbort);
    }
    return new Promise((resolve, reject) => {
      if (this.#over !== null) {
        reject(this.#over);
        return;
      }
      this.#waiting.push({ ...request, resolve, reject });
      this.#pumpSoon();
    });
  }

  /** Ends every connection at once; what is not answered is rejected with the failure. */
  destroy(failure: Failure): void {
    this.#over ??= failure;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    for (const connection of this.#connections) connection.end();
    for (const asked of this.#waiting.splice(0)) asked.reject(failure);
  }

  /** In a moment: what is asked in the same turn of the event loop goes out in one write. */
  #pumpSoon(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      this.#pump();
    });
  }

  #pump(): void {
    for (const connection of this.#connections) this.#fill(connection);
    while (this.#waiting.length > 0 && this.#connections.size < CONNECTIONS && this.#over === null) {
      const connection = new Connection(this.#address, this.#answerMs, {
        hasRoom: () => this.#pumpSoon(),
        late: (failure) => {
          for (const asked of this.#waiting.splice(0)) asked.reject(failure);
        },
        gone: (unanswered) => {
          this.#connections.delete(connection);
          this.#waiting = [...unanswered, ...this.#waiting];
          if (this.#over === null) this.#pumpSoon();
          else this.destroy(this.#over);
        },
      });
      this.#connections.add(connection);
      this.#fill(connection);
    }
  }

  #fill(connection: Connection): void {
    if (connection.room > 0 && this.#waiting.length > 0) connection.ask(this.#waiting.splice(0, connection.room));
  }
}

interface ConnectionEvents {
  /** More can be asked. */
  hasRoom(): void;
  /** It owed an answer for too long. */
  late(failure: Failure): void;
  /** It has ended, and leaves so much unanswered. */
  gone(unanswered: readonly Asked[]): void;
}

class Connection {
  readonly #address: Address;
  readonly #socket: Socket;
  /** Not answered yet, in the order in which they were asked. */
  readonly #asked: Asked[] = [];
  readonly #events: ConnectionEvents;
  readonly #watchdog: NodeJS.Timeout | null;
  #depth = 1;
  #ended = false;
  readonly #reader: HeadReader;
  /** The content that is being received; `null` between two answers. */
  #content: Buffer | null = null;
  #receivedBytes = 0;
  /** Content that nobody wants, still to come. */
  #skipBytes = 0;
  #persists = true;

  constructor(address: Address, answerMs: number | null, events: ConnectionEvents) {
    this.#address = address;
    this.#events = events;
    this.#watchdog = answerMs === null ? null : setTimeout(() => this.#late(), answerMs);
    this.#reader = new HeadReader(address);
    this.#socket = connect({
      host: address.host,
      port: address.port,
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafeSlow(64 * 1024),
        callback: (bytes, buffer) => {
          this.#arrived((buffer as Buffer).subarray(0, bytes));
          return !this.#ended;
        },
      },
    });
    this.#socket.setTimeout(SILENCE_MS, () => {
      const what = this.#depth === 1 ? 'accepted a request and is silent' : 'stopped sending';
      this.#break(new Failure('link-lost', `${formatAddress(address)} ${what}.`));
    });
    this.#socket.on('error', (error) => this.#break(linkFailure(address, error)));
    for (const event of ['end', 'close']) this.#socket.on(event, () => this.#break(null));
  }

  /** How many requests more it takes. */
  get room(): number {
    return this.#ended ? 0 : this.#depth - this.#asked.length;
  }

  ask(requests: readonly Asked[]): void {
    if (this.#asked.length === 0) this.#watchdog?.refresh();
    this.#asked.push(...requests);
    const texts = requests.map(({ method, target, fields }) => formatRequest(this.#address, method, target, fields));
    this.#socket.write(texts.join(''), 'latin1');
  }

  /** Ends it; what it has not answered is given back. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#watchdog !== null) clearTimeout(this.#watchdog);
    this.#socket.destroy();
    this.#events.gone(this.#asked.splice(0));
  }

  /** It may be idle, and then nobody misses it. */
  #late(): void {
    const owed = this.#asked.splice(0);
    if (owed.length > 0) {
      const failure = new Failure('link-lost', `${formatAddress(this.#address)} accepted a request and is silent.`);
      for (const asked of owed) asked.reject(failure);
      this.#events.late(failure);
    }
    this.end();
  }

  /** It broke. `failure` is why; without one the server has closed it, as it may between two answers. */
  #break(failure: Failure | null): void {
    if (this.#ended) return;
    const between = this.#content === null && !this.#reader.hasBegun;
    // Answered something, or asked nothing: the rest is asked again. Else somebody has to hear of it.
    const [first] = this.#asked;
    if (first !== undefined && (failure !== null || !between || this.#depth === 1)) {
      this.#asked.shift();
      first.reject(failure ?? cutShort(this.#address, !between));
    }
    this.end();
  }

  #arrived(bytes: Buffer): void {
    let rest = bytes;
    try {
      while (rest.length > 0 && !this.#ended) {
        rest = this.#content === null ? this.#readHead(rest) : this.#readContent(this.#content, rest);
      }
    } catch (error) {
      this.#break(error instanceof Failure ? error : new Failure('unforeseen', String(error), { cause: error }));
    }
  }

  #readHead(bytes: Buffer): Buffer {
    const skippedBytes = Math.min(this.#skipBytes, bytes.length);
    this.#skipBytes -= skippedBytes;
    if (skippedBytes === bytes.length) return EMPTY;
    const read = this.#reader.read(bytes.subarray(skippedBytes));
    if (read === null) return EMPTY;
    const [asked] = this.#asked;
    if (asked === undefined) {
      throw new Failure('bad-answer', `${formatAddress(this.#address)} answers what it was not asked.`);
    }
    this.#begin(asked, read.head);
    return read.rest;
  }

  #begin(asked: Asked, head: ResponseHead): void {
    const sizeBytes = asked.method === 'HEAD' ? 0 : contentBytes(head);
    this.#persists = head.persists && sizeBytes !== null;
    let wanted = false;
    try {
      if (sizeBytes === null && head.status < 300) throw new Unmeasured();
      wanted = asked.receive(head);
    } catch (thrown) {
      this.#asked.shift();
      asked.reject(thrown);
    }
    if (wanted && sizeBytes !== null && sizeBytes > 0) {
      this.#content = Buffer.allocUnsafe(sizeBytes);
      this.#receivedBytes = 0;
      return;
    }
    if (this.#asked[0] === asked) this.#answered(EMPTY);
    this.#skipBytes = sizeBytes ?? 0;
    this.#next(this.#skipBytes <= MOST_SKIPPED_BYTES);
  }

  #readContent(content: Buffer, bytes: Buffer): Buffer {
    const copiedBytes = bytes.copy(content, this.#receivedBytes);
    this.#receivedBytes += copiedBytes;
    this.#asked[0]?.count(copiedBytes);
    if (this.#receivedBytes === content.length) {
      this.#content = null;
      this.#answered(content);
      this.#next(true);
    }
    return bytes.subarray(copiedBytes);
  }

  #answered(content: Buffer): void {
    this.#asked.shift()?.resolve(content);
    this.#watchdog?.refresh();
  }

  /** Goes on to the next answer, where there can be one. */
  #next(canPersist: boolean): void {
    if (!canPersist || !this.#persists) {
      this.end();
      return;
    }
    this.#depth = DEPTH;
    this.#events.hasRoom();
  }
}
