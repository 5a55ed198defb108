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
