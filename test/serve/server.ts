import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, listening, type RunningAgent, startAgent } from '../support/agent.ts';
import { temporaryDirectory } from '../support/temporary.ts';

export interface TestServer extends RunningAgent {
  readonly port: number;
  readonly origin: string;
  /** The served directory, empty at first. */
  readonly root: string;
  readonly outbox: string;
}

/** Starts the built payload-serve on a directory of the test's own; it is gone when the test is over. */
export async function startServer(
  options: { args?: readonly string[]; node?: string; root?: string } = {},
): Promise<TestServer> {
  const home = temporaryDirectory();
  const root = options.root ?? join(home, 'root');
  const outbox = join(home, 'outbox');
  if (options.root === undefined) mkdirSync(root);
  mkdirSync(outbox);
  const port = await freePort();
  const agent = startAgent(
    'payload-serve',
    [String(port), '--bind', '127.0.0.1', '--directory', root, '--outbox', outbox, ...(options.args ?? [])],
    options.node === undefined ? {} : { node: options.node },
  );
  await Promise.race([
    listening(port),
    agent.exit.then((exit) => Promise.reject(new Error(`payload-serve ended (${exit.code}): ${exit.stderr}`))),
  ]);
  return { ...agent, port, origin: `http://127.0.0.1:${port}`, root, outbox };
}
