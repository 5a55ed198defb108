import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, listening, type RunningAgent, startAgent } from '../support/agent.ts';
import { type CleanUp, temporaryDirectory } from '../support/temporary.ts';

export interface TestServer extends RunningAgent {
  readonly port: number;
  readonly origin: string;
  /** The served directory, empty at first. */
  readonly root: string;
  readonly outbox: string;
}

export interface ServerOptions {
  readonly args?: readonly string[];
  readonly node?: string;
  /** What to serve; an empty directory without it. */
  readonly root?: string;
  readonly cleanUp?: CleanUp;
}

/** Starts the built payload-serve on a directory of the test's own; it is gone when the test is over. */
export async function startServer({ args = [], node, root: given, cleanUp }: ServerOptions = {}): Promise<TestServer> {
  const home = temporaryDirectory(cleanUp);
  const root = given ?? join(home, 'root');
  const outbox = join(home, 'outbox');
  mkdirSync(root, { recursive: true });
  mkdirSync(outbox);
  const port = await freePort();
  const agent = startAgent(
    'payload-serve',
    [String(port), '--bind', '127.0.0.1', '--directory', root, '--outbox', outbox, ...args],
    { ...(node !== undefined && { node }), ...(cleanUp !== undefined && { cleanUp }) },
  );
  await Promise.race([
    listening(port),
    agent.exit.then((exit) => Promise.reject(new Error(`payload-serve ended (${exit.code}): ${exit.stderr}`))),
  ]);
  return { ...agent, port, origin: `http://127.0.0.1:${port}`, root, outbox };
}
