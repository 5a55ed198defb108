import { once } from 'node:events';
import { createServer } from 'node:net';
import { Failure } from '../../shared/failure.ts';

/** Throws an `address-unavailable` failure that names the port and the option to change it, where the port is taken. */
export async function requireFreePort(address: string, port: number, option: string): Promise<void> {
  const server = createServer();
  try {
    await once(server.listen(port, address), 'listening');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const reason = code === 'EADDRINUSE' ? 'is used by another program' : `cannot be bound (${code})`;
    throw new Failure('address-unavailable', `Port ${port} of ${address} ${reason}: choose another with ${option}.`, {
      cause: error,
    });
  }
  server.close();
  await once(server, 'close');
}

/** A port of the loopback that nobody listens on. Ephemeral ports are above 10000, as the agents ask. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
