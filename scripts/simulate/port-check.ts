import { randomInt } from 'node:crypto';
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

/** Where the agents' ports begin, and those that Linux gives to whoever asks for any: between, nobody takes one by chance. */
const [FIRST_PORT, FIRST_EPHEMERAL_PORT] = [10_000, 32_768];

const MOST_TRIES = 100;

/** A port of the loopback that nobody listens on, and that none of the connections made meanwhile is given. */
export async function freePort(): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    const port = randomInt(FIRST_PORT, FIRST_EPHEMERAL_PORT);
    try {
      await requireFreePort('127.0.0.1', port, '--port');
      return port;
    } catch (error) {
      if (tries === MOST_TRIES) throw error;
    }
  }
}
