import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning } from './process-mark.ts';

/** What a run writes about itself: paths in the outbox. */
export interface RunFiles {
  readonly report: string;
  readonly log: string;
}

/** A window that runs the command again and again is not to fill the downlink with its history. */
const MOST_KEPT = 9;

/**
 * Where this run writes about itself: under the plain names, always. A report that an earlier run of this window has left
 * there is kept beside it, numbered; of many, the latest. While that run still lives, the plain names are its own, and
 * these get a number.
 */
export function claimRunFiles(outbox: string, agent: 'payload-serve' | 'payload-fetch'): RunFiles {
  const named = (suffix: string): RunFiles => ({
    report: join(outbox, `${agent}-report${suffix}.json`),
    log: join(outbox, `${agent}-log${suffix}.ndjson`),
  });
  const plain = named('');
  if (!existsSync(plain.report)) return plain;
  const pattern = new RegExp(`^${agent}-report-([0-9]{1,6})\\.json$`);
  const numbers = readdirSync(outbox).flatMap((name) => pattern.exec(name)?.slice(1).map(Number) ?? []);
  numbers.sort((a, b) => b - a);
  for (const number of numbers.slice(MOST_KEPT - 1)) {
    for (const path of Object.values(named(`-${number}`))) rmSync(path, { force: true });
  }
  const next = named(`-${(numbers[0] ?? 0) + 1}`);
  if (isOfLiveRun(plain.report)) return next;
  renameSync(plain.report, next.report);
  return plain;
}

function isOfLiveRun(path: string): boolean {
  try {
    const { state, process } = JSON.parse(readFileSync(path, 'utf8'));
    return state === 'running' && isRunning(process);
  } catch {
    return false;
  }
}
