import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, ownProcessMark } from '../common/process-mark.ts';

export const REPORT_NAME = 'payload-fetch-report.json';

/** A window that runs the command again and again is not to fill the downlink with its history. */
const MOST_KEPT = 9;

/**
 * Where this run's report goes: under the plain name, always. A report that an earlier run of this window has left there
 * is kept beside it, numbered; of many, the latest. While that run still lives, the plain name is its own, and this
 * report gets a number.
 */
export function claimReportPath(outbox: string): string {
  const plain = join(outbox, REPORT_NAME);
  if (!existsSync(plain)) return plain;
  const numbers = readdirSync(outbox).flatMap((name) => {
    const number = /^payload-fetch-report-([0-9]{1,6})\.json$/.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
  const next = join(outbox, `payload-fetch-report-${Math.max(0, ...numbers) + 1}.json`);
  if (isOfLiveRun(plain)) return next;
  renameSync(plain, next);
  const surplus = numbers.sort((a, b) => b - a).slice(MOST_KEPT - 1);
  for (const number of surplus) rmSync(join(outbox, `payload-fetch-report-${number}.json`), { force: true });
  return plain;
}

function isOfLiveRun(path: string): boolean {
  try {
    const { state, process: mark } = JSON.parse(readFileSync(path, 'utf8'));
    const { boot } = ownProcessMark();
    return state === 'running' && isAlive({ pid: mark.pid, startTicks: mark.startTicks, boot });
  } catch {
    return false;
  }
}
