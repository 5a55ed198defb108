import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { WELL_KNOWN_PATH } from '../../shared/protocol.ts';

/** A server of the test's own, on the loopback; gone when the test is over. */
export interface Origin {
  readonly port: number;
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** Every GET of a file, as `GET /path`, in the order they came; what agents ask of each other is not in it. */
  readonly requests: { readonly line: string; readonly range: string | undefined; readonly atMs: number }[];
  readonly close: () => void;
}

/**
 * Answers HTTP by `handle`. The well-known resource of our own servers is a 404, as on any plain server, unless the server
 * is to pass for one of ours with some `features`.
 */
export async function httpOrigin(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  { port = 0, features }: { port?: number; features?: readonly string[] } = {},
): Promise<Origin> {
  const requests: Origin['requests'] = [];
  const server = createServer((request, response) => {
    if (request.url === WELL_KNOWN_PATH && features !== undefined) {
      response.end(JSON.stringify({ agent: 'payload-serve', version: '0', protocol: 1, features }));
      return;
    }
    if (request.url === WELL_KNOWN_PATH) {
      response.writeHead(404).end();
      return;
    }
    const { method, url, headers } = request;
    if (method === 'GET') requests.push({ line: `GET ${url}`, range: headers.range, atMs: performance.now() });
    handle(request, response);
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  onTestFinished(close);
  return { ...addressOf(server.address()), requests, close };
}

/** A file as an honest server has it. */
export interface ServedFile {
  readonly content: Uint8Array;
  readonly etag?: string;
  /** Fields besides those of HTTP itself. */
  readonly fields?: Readonly<Record<string, string>>;
}

/**
 * Answers GET and HEAD of a file as RFC 9110 has it, with ranges under If-Range where there is an entity tag. `sentBytes`
 * is how much of the body goes out before the connection breaks, `stall` how much before nothing more is said.
 */
export function answerFile(
  request: IncomingMessage,
  response: ServerResponse,
  { content, etag, fields = {} }: ServedFile,
  fault: { cutAfterBytes?: number; stallAfterBytes?: number } = {},
): void {
  const { range, 'if-range': ifRange, 'if-none-match': ifNoneMatch } = request.headers;
  const first = etag === undefined || ifRange !== etag ? undefined : /^bytes=(\d+)-$/.exec(range ?? '')?.[1];
  const from = first === undefined ? 0 : Number(first);
  for (const [name, value] of Object.entries(fields)) response.setHeader(name, value);
  if (etag !== undefined) response.setHeader('ETag', etag);
  if (etag !== undefined && ifNoneMatch === etag) {
    response.writeHead(304).end();
    return;
  }
  if (first !== undefined) response.setHeader('Content-Range', `bytes ${from}-${content.length - 1}/${content.length}`);
  response.writeHead(first === undefined ? 200 : 206, { 'Content-Length': content.length - from });
  const { cutAfterBytes, stallAfterBytes } = fault;
  if (request.method === 'HEAD') response.end();
  else if (cutAfterBytes !== undefined) {
    response.write(content.subarray(from, from + cutAfterBytes), () => response.destroy());
  } else if (stallAfterBytes !== undefined) response.write(content.subarray(from, from + stallAfterBytes));
  else response.end(content.subarray(from));
}

/**
 * Answers every connection by hand: for what no HTTP server would say. `answer` gets the request's bytes; those for the
 * well-known resource too, unless that is `known` to be absent.
 */
export async function rawOrigin(
  answer: (request: string, socket: Socket) => void,
  { known = true }: { known?: boolean } = {},
): Promise<Omit<Origin, 'requests'>> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      const request = bytes.toString('latin1');
      if (known && request.includes('/.well-known/'))
        socket.write('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
      else answer(request, socket);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(close);
  return { ...addressOf(server.address()), close };
}

function addressOf(address: ReturnType<ReturnType<typeof createServer>['address']>): { port: number; url: string } {
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, url: `http://127.0.0.1:${address.port}` };
}
