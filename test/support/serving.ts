import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, listening, type RunningAgent, startAgent } from './agent.ts';
import { temporaryDirectory } from './temporary.ts';

/** payload-serve on the loopback, with files of the test's own. */
export interface Serving {
  readonly directory: string;
  readonly port: number;
  readonly url: string;
  readonly agent: RunningAgent;
  readonly write: (name: string, content: Uint8Array | string) => void;
}

/** Starts it, with `files` by name; it is gone when the test is over. */
export async function serving(files: Readonly<Record<string, Uint8Array | string>> = {}): Promise<Serving> {
  const directory = temporaryDirectory();
  const write = (name: string, content: Uint8Array | string): void => writeFileSync(join(directory, name), content);
  for (const [name, content] of Object.entries(files)) write(name, content);
  const port = await freePort();
  const agent = startAgent('payload-serve', [String(port), '--bind', '127.0.0.1', '--directory', directory]);
  await listening(port);
  return { directory, port, url: `http://127.0.0.1:${port}`, agent, write };
}
