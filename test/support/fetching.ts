import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type FetchReport, fetchReport } from '../../shared/report.ts';
import { type Exit, runAgent, startAgent } from './agent.ts';
import { temporaryDirectory } from './temporary.ts';

/** A place for payload-fetch to work in: an outbox and a state directory of the test's own. */
export interface Desk {
  readonly outbox: string;
  readonly state: string;
  readonly run: (args: readonly string[], node?: string) => Promise<Exit>;
  readonly start: (args: readonly string[], node?: string) => ReturnType<typeof startAgent>;
  /** The report, checked against its schema. */
  readonly report: () => FetchReport;
  /** What the outbox holds besides the report and the log. */
  readonly delivered: () => string[];
  readonly read: (name: string) => Buffer;
}

/** Makes one; it is gone when the test is over. */
export function desk(): Desk {
  const home = temporaryDirectory();
  const [outbox, state] = [join(home, 'outbox'), join(home, 'state')];
  mkdirSync(outbox);
  const all = (args: readonly string[]): string[] => [...args, '--outbox', outbox, '--state', state];
  return {
    outbox,
    state,
    run: (args, node) => runAgent('payload-fetch', all(args), node === undefined ? {} : { node }),
    start: (args, node) => startAgent('payload-fetch', all(args), node === undefined ? {} : { node }),
    report: () => fetchReport.parse(JSON.parse(readFileSync(join(outbox, 'payload-fetch-report.json'), 'utf8'))),
    delivered: () =>
      readdirSync(outbox).filter(
        (name) => !/^(?:payload-fetch-|\.payload-fetch-(?:report|log|[-0-9]+-(?:report|earlier)))/.test(name),
      ),
    read: (name) => readFileSync(join(outbox, name)),
  };
}

/** In lower-case hex, as in reports. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Bytes that no two calls have in common. */
export function noise(sizeBytes: number): Buffer {
  return randomBytes(sizeBytes);
}

/** The path of the staged part, once it has so many bytes; the agent writes it, and nothing else tells when. */
export async function staged(state: string, leastBytes: number): Promise<string> {
  const directory = join(state, 'parts');
  for (let tries = 0; tries < 3000; tries += 1) {
    const names = existsSync(directory) ? readdirSync(directory) : [];
    for (const name of names) {
      if ((statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0) >= leastBytes)
        return join(directory, name);
    }
    await delay(5);
  }
  throw new Error(`nothing of ${leastBytes} bytes was staged`);
}
