import { closeSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Failure } from '../../shared/failure.ts';
import type { RefusalCode } from '../../shared/refusal.ts';
import { type Answer, refuse } from './answer.ts';
import type { BufferPool } from './buffer-pool.ts';
import { Sender, TransferCutError } from './sender.ts';

/** A request as far as anything here cares. Field names are lower-case; a field that is not there is `undefined`. */
export interface Request {
  readonly method: string;
  readonly target: string;
  readonly client: string;
  readonly fields: IncomingMessage['headers'];
  /** Has something called when the connection or the exchange is over. */
  readonly whenGone: (callback: () => void) => void;
}

/** How a request ended. */
export interface Outcome {
  readonly request: Request;
  readonly answer: Answer;
  /** Bytes of the body that were handed to the system. */
  readonly sentBytes: number;
  readonly tookMs: number;
  /** Why the body ended before its promised length; `null` where it did not. */
  readonly cut: string | null;
}

export interface HttpLimits {
  readonly headerBytes: number;
  readonly headerTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly lowestRateBytesPerSecond: number;
}

/** The server's side of HTTP/1.1: hands requests to `answer`, writes what it gives, and tells `ended` how it went. */
export class HttpServer {
  readonly #server: Server;
  readonly #pool: BufferPool;
  readonly #limits: HttpLimits;
  readonly #answer: (request: Request) => Answer | Promise<Answer>;
  readonly #ended: (outcome: Outcome) => void;
  readonly #sockets = new Set<Socket>();
  #connections = 0;

  constructor(
    limits: HttpLimits,
    pool: BufferPool,
    answer: (request: Request) => Answer | Promise<Answer>,
    ended: (outcome: Outcome) => void,
  ) {
    this.#limits = limits;
    this.#pool = pool;
    this.#answer = answer;
    this.#ended = ended;
    // A missing Host is refused here, in words, on every Node.
    this.#server = createServer({ maxHeaderSize: limits.headerBytes, requireHostHeader: false });
    this.#server.headersTimeout = limits.headerTimeoutMs;
    this.#server.keepAliveTimeout = limits.idleTimeoutMs;
    this.#server.on('connection', (socket: Socket) => {
      this.#connections += 1;
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('request', (request, response) => void this.#exchange(request, response));
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) =>
      this.#misunderstood(error, socket),
    );
    this.#server.on('connect', (request: IncomingMessage, socket: Duplex) => {
      this.#refuseRaw(socket, 'method-not-allowed', requestOf(request, socket));
    });
    this.#server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
      void this.#exchange(request, response, refuse('expectation-failed'));
    });
  }

  /** Connections accepted so far. */
  get connections(): number {
    return this.#connections;
  }

  /** Throws an `address-unavailable` failure where the address cannot be bound. */
  listen(port: number, address: string): Promise<AddressInfo> {
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

  /** Ends every connection, whatever it is in the middle of. */
  destroy(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #exchange(message: IncomingMessage, response: ServerResponse, given?: Answer): Promise<void> {
    const startedMs = performance.now();
    const request = requestOf(message, response);
    const sender = new Sender(response, this.#pool, this.#limits.lowestRateBytesPerSecond);
    let answer: Answer;
    let cut: string | null = null;
    try {
      answer = given ?? refusalOfForm(message) ?? (await this.#answer(request));
    } catch {
      answer = refuse('unforeseen');
    }
    if (answer.status === 400 || answer.status === 413) response.shouldKeepAlive = false;
    response.writeHead(answer.status, { ...answer.headers });
    const { body } = answer;
    if (body === null || request.method === 'HEAD') {
      response.end();
    } else if (body.kind === 'bytes') {
      sender.sentBytes = body.bytes.length;
      response.end(body.bytes);
    } else {
      try {
        await sender.send(body);
        response.end();
      } catch (error) {
        cut = error instanceof TransferCutError ? error.message : 'the file cannot be read further';
        response.destroy();
      } finally {
        if (body.kind === 'file') closeSync(body.file.fd);
      }
    }
    this.#ended({ request, answer, sentBytes: sender.sentBytes, tookMs: performance.now() - startedMs, cut });
  }

  /** What the parser refuses has no request and no response: the answer is written as it stands on the wire. */
  #misunderstood(error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket: Duplex): void {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const line = error.rawPacket?.subarray(0, 256).toString('latin1') ?? '';
    this.#refuseRaw(socket, refusalOfParser(error.code ?? '', line), {
      method: /^[!-~]{1,20}(?= )/.exec(line)?.[0] ?? '?',
      target: '?',
      client: addressOf((socket as Socket).remoteAddress),
      fields: {},
      whenGone: (callback) => void socket.once('close', callback),
    });
  }

  #refuseRaw(socket: Duplex, code: RefusalCode, request: Request): void {
    const answer = refuse(code, code === 'method-not-allowed' ? { Allow: 'GET, HEAD' } : {});
    const fields = { ...answer.headers, Date: new Date().toUTCString(), Connection: 'close' };
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    const body = answer.body?.kind === 'bytes' ? answer.body.bytes.toString() : '';
    socket.end(`HTTP/1.1 ${answer.status} ${code}\r\n${lines.join('')}\r\n${body}`);
    this.#ended({ request, answer, sentBytes: body.length, tookMs: 0, cut: null });
  }
}

const BIND_ERRORS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'permission is denied',
  ENOTFOUND: 'there is no such address',
};

function requestOf(message: IncomingMessage, exchange: NodeJS.EventEmitter): Request {
  return {
    method: message.method ?? '',
    target: message.url ?? '',
    client: addressOf(message.socket.remoteAddress),
    fields: message.headers,
    whenGone: (callback) => void exchange.once('close', callback),
  };
}

/** An IPv4 client of an IPv6 socket is the IPv4 address that it is. */
function addressOf(remoteAddress: string | undefined): string {
  return remoteAddress?.replace(/^::ffff:/, '') ?? '?';
}

/** What a request of the right syntax may still get wrong about itself (RFC 9112, 3.2 and 6.1). */
function refusalOfForm(message: IncomingMessage): Answer | null {
  const hosts = message.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length;
  if (hosts > 1 || (hosts === 0 && message.httpVersion === '1.1')) return refuse('no-host');
  if (!/^[A-Za-z0-9\-._~!$&'()*+,;=%:[\]]*$/.test(message.headers.host ?? '')) return refuse('no-host');
  const { 'content-length': length, 'transfer-encoding': coding } = message.headers;
  return coding !== undefined || Number(length ?? 0) > 0 ? refuse('has-body') : null;
}

function refusalOfParser(code: string, line: string): RefusalCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'header-too-large';
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'too-slow';
  const version = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [!-~\x80-\xff]+ HTTP\/([0-9])\.([0-9])\r?\n/.exec(line);
  if (version === null) return 'malformed';
  if (version[1] !== '1') return 'other-version';
  return code === 'HPE_INVALID_METHOD' ? 'unknown-method' : 'malformed';
}
