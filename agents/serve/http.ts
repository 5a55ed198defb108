import { closeSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Failure } from '../../shared/failure.ts';
import type { RefusalCode } from '../../shared/refusal.ts';
import { type Answer, type Body, refuse } from './answer.ts';
import type { BufferPool } from './buffer-pool.ts';
import { type ConnectionLimits, Connections } from './connections.ts';
import { hasContent, refusalOfForm, refusalOfParser } from './request-form.ts';
import { patienceMs, Sender, TransferCutError } from './sender.ts';

/** A request as far as anything here cares. */
export interface Request {
  readonly method: string;
  readonly target: string;
  readonly client: string;
  /** The value of a field, by its lower-case name; `undefined` where it is not there. */
  readonly field: (name: string) => string | undefined;
  /** Has something called when the connection or the exchange is over. */
  readonly whenGone: (callback: () => void) => void;
}

type Answering = (request: Request) => Answer | Promise<Answer>;

/** How a request ended. */
export interface Outcome {
  readonly request: Request;
  readonly answer: Answer;
  /** Bytes of the body that were handed to the system. */
  readonly sentBytes: number;
  readonly tookMs: number;
  /** Why the body ended before its promised length; `null` where it did not. */
  readonly cut: string | null;
  /** What was thrown where nothing should be; `null` otherwise. */
  readonly thrown: unknown;
}

/** What the outcome of a request is so far: it may be asked for at any moment. */
type Exchange = { -readonly [Key in keyof Outcome]: Outcome[Key] };

export interface HttpLimits extends ConnectionLimits {
  readonly headerBytes: number;
  /** Between two requests of a connection. */
  readonly idleTimeoutMs: number;
  /** A reader that is slower for longer than the system buffers hide it is cut. */
  readonly lowestRateBytesPerSecond: number;
}

/** After a refusal the client has so long to read it before the connection is reset. */
const LINGER_MS = 1000;

/** Up to here an answer is handed over as it is; a longer one in slices, so that a reader who stops is noticed. */
const SLICE_BYTES = 64 * 1024;

/** Refusals after which the rest of what the client sends cannot be told apart from the next request. */
const CLOSING_STATUSES: ReadonlySet<number> = new Set([400, 413, 414, 501, 503, 505]);

/** What there is to tell of a request that the window's end finds without an answer. */
const CLOSING = refuse('closing');
const UNFORESEEN = refuse('unforeseen');

/** The server's side of HTTP/1.1: hands requests to who answers, writes what that gives, and tells `ended` how it went. */
export class HttpServer {
  readonly #server: Server;
  readonly #connections: Connections;
  readonly #pool: BufferPool;
  readonly #limits: HttpLimits;
  #answer: Answering = () => CLOSING;
  readonly #ended: (outcome: Outcome) => void;
  /** What tells of each exchange that is under way. */
  readonly #underWay = new Set<(cut: string | null) => void>();

  constructor(limits: HttpLimits, pool: BufferPool, ended: (outcome: Outcome) => void) {
    this.#limits = limits;
    this.#pool = pool;
    this.#ended = ended;
    this.#connections = new Connections(limits, (socket, code) => this.#refuseRaw(socket, code));
    // A missing Host is refused here, in words, on every Node.
    this.#server = createServer({ maxHeaderSize: limits.headerBytes, requireHostHeader: false });
    // Not Node's: 16 looks at a header's age only when more of it arrives.
    this.#server.headersTimeout = 0;
    this.#server.requestTimeout = 0;
    this.#server.keepAliveTimeout = limits.idleTimeoutMs;
    // A client may close its side when it has asked (RFC 9112, 9.6 does so itself). Node would cut the answer short; its
    // types do not know the switch.
    Object.assign(this.#server, { httpAllowHalfOpen: true });
    this.#server.on('connection', (socket: Socket) => this.#connections.accept(socket));
    const exchange = (message: IncomingMessage, response: ServerResponse): void => {
      this.#connections.inTurn(message.socket, () => this.#exchange(message, response, null));
    };
    this.#server.on('request', exchange);
    // RFC 9110, 10.1.1: who waits for a 100 is told the final status instead, since no content is ever read here.
    this.#server.on('checkContinue', exchange);
    // RFC 9110, 10.1.1: an expectation that cannot be met is a 417.
    this.#server.on('checkExpectation', (message: IncomingMessage, response: ServerResponse) => {
      this.#connections.inTurn(message.socket, () => this.#exchange(message, response, 'expectation-failed'));
    });
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      this.#misunderstood(error, socket as Socket);
    });
    this.#server.on('connect', (message: IncomingMessage, socket) => {
      this.#connections.inTurn(socket as Socket, async () => {
        this.#refuseRaw(socket as Socket, 'method-not-allowed', message.method, { Allow: 'GET, HEAD' });
      });
    });
  }

  /** Connections accepted so far. */
  get accepted(): number {
    return this.#connections.accepted;
  }

  /** Requests that are being answered. */
  get busy(): number {
    return this.#connections.busy;
  }

  /** Throws an `address-unavailable` failure where the address cannot be bound. */
  listen(port: number, address: string, answer: Answering): Promise<AddressInfo> {
    this.#answer = answer;
    return new Promise((resolve, reject) => {
      const refused = (error: NodeJS.ErrnoException): void => {
        const reason = BIND_ERRORS[error.code ?? ''] ?? error.message;
        const message = `${address} port ${port} cannot be listened on: ${reason}.`;
        reject(new Failure('address-unavailable', message, { cause: error }));
      };
      this.#server.once('error', refused);
      this.#server.listen(port, address, 1024, () => {
        this.#server.off('error', refused);
        resolve(this.#server.address() as AddressInfo);
      });
    });
  }

  /** Tells of whatever is under way as far as it came. What cuts it is the end of the process, which has to follow. */
  end(): void {
    this.#server.close();
    for (const tell of this.#underWay) tell('the window ended');
  }

  async #exchange(message: IncomingMessage, response: ServerResponse, given: RefusalCode | null): Promise<void> {
    if (message.socket.destroyed) return;
    const startedMs = performance.now();
    const request = requestOf(message, response);
    const exchange: Exchange = { request, answer: CLOSING, sentBytes: 0, tookMs: 0, cut: null, thrown: null };
    const tell = (cut: string | null): void => {
      this.#underWay.delete(tell);
      this.#ended({ ...exchange, tookMs: performance.now() - startedMs, cut });
    };
    this.#underWay.add(tell);
    const closed = new Promise<void>((resolve) => response.once('close', resolve));
    // Content is not read: what follows it cannot be told apart from the next request.
    if (hasContent(message)) response.shouldKeepAlive = false;
    let cut: string | null = null;
    try {
      // What is here is not waited for: for a small file every wait shows.
      const refusal = given ?? refusalOfForm(message);
      const found = refusal === null ? this.#answer(request) : refuse(refusal);
      exchange.answer = found instanceof Promise ? await found : found;
      const written = this.#write(exchange, response);
      cut = written instanceof Promise ? await written : written;
    } catch (error) {
      exchange.answer = UNFORESEEN;
      exchange.thrown = error;
      if (response.headersSent) response.destroy();
      else this.#write(exchange, response);
    }
    const isTaken = response.socket === null || response.socket.writableLength === 0;
    tell(cut ?? (isTaken ? null : await this.#untaken(response)));
    // The next request's turn comes when nothing of this answer is left to write.
    await closed;
  }

  /** Says why the body is cut, where it is. */
  #write(exchange: Exchange, response: ServerResponse): Promise<string | null> | null {
    const { status, headers, body } = exchange.answer;
    if (CLOSING_STATUSES.has(status)) response.shouldKeepAlive = false;
    response.writeHead(status, headers);
    if (body === null || exchange.request.method === 'HEAD') {
      response.end();
    } else if (body.kind === 'text') {
      response.end(body.text, 'latin1');
      exchange.sentBytes = body.text.length;
    } else if (body.kind === 'bytes' && body.bytes.length <= SLICE_BYTES) {
      response.end(body.bytes);
      exchange.sentBytes = body.bytes.length;
    } else return this.#send(body, exchange, response);
    return null;
  }

  async #send(
    body: Exclude<Body, { kind: 'text' }>,
    exchange: Exchange,
    response: ServerResponse,
  ): Promise<string | null> {
    const sender = new Sender(response, this.#pool, this.#limits.lowestRateBytesPerSecond, (sizeBytes) => {
      exchange.sentBytes += sizeBytes;
    });
    try {
      await sender.send(body.kind === 'bytes' ? { kind: 'stream', chunks: slicesOf(body.bytes) } : body);
      response.end();
      return null;
    } catch (error) {
      response.destroy();
      return error instanceof TransferCutError ? error.message : 'the file cannot be read further';
    } finally {
      if (body.kind === 'file') closeSync(body.file.fd);
    }
  }

  /**
   * Waits until the system has taken the rest of an answer. Who sends many requests ahead and reads nothing is cut as a slow
   * reader of a file is. Says why, where it is not taken.
   */
  async #untaken(response: ServerResponse): Promise<string | null> {
    const { socket } = response;
    let reason = 'the client went away';
    const timer = setTimeout(
      () => {
        reason = 'the client reads too slowly';
        socket?.destroy();
      },
      patienceMs(SLICE_BYTES, this.#limits.lowestRateBytesPerSecond),
    );
    const isBroken = await new Promise((resolve) => response.once('close', () => resolve(socket?.destroyed)));
    clearTimeout(timer);
    return isBroken ? reason : null;
  }

  /** What the parser does not take has no response: the refusal is written as it stands on the wire. */
  #misunderstood(error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket: Socket): void {
    // RFC 9112, 9.6: what comes after a request that closes is passed over, and the answer under way is not disturbed.
    if (error.code === 'HPE_CLOSED_CONNECTION') return;
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const start = error.rawPacket?.subarray(0, 8192).toString('latin1') ?? '';
    const refusal = refusalOfParser(error.code ?? '', start);
    this.#connections.inTurn(socket, async () => {
      this.#refuseRaw(socket, refusal, /^[!-~]{1,20}(?= )/.exec(start)?.[0]);
    });
  }

  #refuseRaw(socket: Socket, code: RefusalCode, method = '?', headers: Readonly<Record<string, string>> = {}): void {
    const answer = refuse(code, headers);
    const fields = { ...answer.headers, Date: new Date().toUTCString(), Connection: 'close' };
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    const body = answer.body?.kind === 'text' && method !== 'HEAD' ? answer.body.text : '';
    socket.on('error', () => socket.destroy());
    socket.end(`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\n${lines.join('')}\r\n${body}`);
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
    const request: Request = {
      method,
      target: '?',
      client: addressOf(socket),
      field: () => undefined,
      whenGone: (callback) => void socket.once('close', callback),
    };
    this.#ended({ request, answer, sentBytes: body.length, tookMs: 0, cut: null, thrown: null });
  }
}

const BIND_ERRORS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'permission is denied',
  ENOTFOUND: 'there is no such address',
};

function* slicesOf(bytes: Buffer): Generator<Buffer, void> {
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) yield bytes.subarray(at, at + SLICE_BYTES);
}

function requestOf(message: IncomingMessage, response: ServerResponse): Request {
  return {
    method: message.method ?? '',
    target: message.url ?? '',
    client: addressOf(message.socket),
    // Every line of a name: `headers` keeps the first of two dates, and RFC 9110, 13.1.3 takes none then. Node has made
    // `headers` by then, and the other is made for who has something to say there.
    field: (name) => (message.headers[name] === undefined ? undefined : message.headersDistinct[name]?.join(', ')),
    whenGone: (callback) => void response.once('close', callback),
  };
}

/** An IPv4 client of an IPv6 socket is the IPv4 address that it is. */
function addressOf(socket: Socket): string {
  const address = socket.remoteAddress ?? '?';
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
