import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { onTestFinished } from 'vitest';
import type { Fault } from './fault.ts';

/** A link between a client and a server on the loopback, on which things go wrong. */
export interface Relay {
  readonly port: number;
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** How many bytes the server sent into it so far. */
  readonly sentBytes: () => number;
  readonly connections: () => number;
  /** What goes wrong with connections from now on; `null` for nothing. */
  readonly inject: (fault: Fault | null) => void;
}

/** Relays every connection to a port of the loopback. One fault at a time; it is gone when the test is over. */
export async function relay(
  serverPort: number,
  fault: Fault | null,
  random: () => number = Math.random,
): Promise<Relay> {
  let injected = fault;
  let sentBytes = 0;
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    connections += 1;
    const upstream = connect(serverPort, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    upstream.on('data', (piece) => {
      sentBytes += piece.length;
    });
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    pipeline(client, upstream, (error) => error && end());
    if (injected === null) pipeline(upstream, client, end);
    else pipeline(upstream, injected(random), client, end);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    url: `http://127.0.0.1:${address.port}`,
    sentBytes: () => sentBytes,
    connections: () => connections,
    inject: (next) => {
      injected = next;
    },
  };
}
