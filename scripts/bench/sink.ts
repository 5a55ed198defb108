import { execFile } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A client that throws away what it gets, so that the server is what is measured. */

/** Gets one path and resolves when the body of the promised length, or the connection, has ended: how many bytes came. */
export function drain(port: number, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let receivedBytes = 0;
    const socket: Socket = connect({
      port,
      host: '127.0.0.1',
      onread: {
        buffer: Buffer.allocUnsafeSlow(1024 * 1024),
        callback: (sizeBytes) => {
          receivedBytes += sizeBytes;
          return true;
        },
      },
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(receivedBytes));
    socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n`);
  });
}

/**
 * The same in a process of its own that has the system throw the bytes away uncopied (tcp(7), MSG_TRUNC), which Node
 * cannot: as cheap as a reader can be. Needs python3.
 */
export async function discard(python: string, port: number, path: string): Promise<number> {
  return Number((await run(python, ['-c', DISCARD, String(port), path])).stdout);
}

const DISCARD = `
import socket, sys
connection = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
connection.sendall(('GET %s HTTP/1.1\\r\\nHost: bench\\r\\nConnection: close\\r\\n\\r\\n' % sys.argv[2]).encode())
unused, received = bytearray(1048576), 0
while True:
    size = connection.recv_into(unused, len(unused), socket.MSG_TRUNC)
    if size == 0: break
    received += size
print(received)
`;

/** Opens a connection, asks for a path, and reads no more than so many bytes a second of it. */
export function readSlowly(port: number, path: string, bytesPerSecond: number): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    socket.pause();
    setTimeout(() => socket.resume(), (chunk.length / bytesPerSecond) * 1000);
  });
  socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`);
  return socket;
}

/**
 * Asks for the path again and again, over so many connections at once, for so long: answers per second. Connections are
 * kept where the server keeps them.
 */
export async function requestsPerSecond(
  port: number,
  path: string,
  connections: number,
  durationMs: number,
): Promise<number> {
  const startedMs = performance.now();
  const counts = await Promise.all(
    Array.from({ length: connections }, () => askRepeatedly(port, path, startedMs + durationMs)),
  );
  const answers = counts.reduce((sum, count) => sum + count, 0);
  return answers / ((performance.now() - startedMs) / 1000);
}

function askRepeatedly(port: number, path: string, untilMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = `GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`;
    let answers = 0;
    /** All answers are alike: the first one shows how long each is. */
    let answerBytes = 0;
    const open = (): void => {
      let first = '';
      let receivedBytes = 0;
      const socket = connect(port, '127.0.0.1').setNoDelay(true);
      socket.on('data', (chunk: Buffer) => {
        receivedBytes += chunk.length;
        if (answerBytes === 0) {
          first += chunk.toString('latin1');
          const headEnd = first.indexOf('\r\n\r\n');
          const lengthBytes = Number(/\r\ncontent-length: ([0-9]+)/i.exec(first)?.[1]);
          if (headEnd >= 0) answerBytes = headEnd + 4 + lengthBytes;
        }
        if (answerBytes === 0 || receivedBytes < answerBytes) return;
        receivedBytes = 0;
        answers += 1;
        if (performance.now() >= untilMs) socket.destroy();
        else socket.write(request);
      });
      socket.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
      });
      socket.on('close', () => (performance.now() >= untilMs ? resolve(answers) : open()));
      socket.write(request);
    };
    open();
  });
}
