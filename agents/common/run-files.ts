import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { diskFailure } from '../../shared/failure.ts';
import { linked, readIfPossible, setAside, TRIES } from './exclusive.ts';
import { isRunning, ownProcess } from './process-mark.ts';

/** What a run writes about itself: paths in the outbox. */
export interface RunFiles {
  readonly report: string;
  readonly fullReport: string;
  readonly log: string;
}

/** A window that runs the command again and again is not to fill the downlink with its history. */
const MOST_KEPT = 9;

/**
 * Where this run writes about itself, and its `first` report: under the plain names, always. Reports that an earlier run
 * of this window has left there are kept beside them, numbered; of many, the latest. While that run still lives, the plain
 * names are its own, and these get a number. Of runs that begin at the same moment each gets names of its own. Throws a
 * disk failure.
 */
export function claimRunFiles(outbox: string, agent: 'payload-serve' | 'payload-fetch', first: string): RunFiles {
  const named = (number: number): RunFiles => {
    const suffix = number === 0 ? '' : `-${number}`;
    return {
      report: join(outbox, `${agent}-report${suffix}.json`),
      fullReport: join(outbox, `${agent}-full-report${suffix}.json.gz`),
      log: join(outbox, `${agent}-log${suffix}.ndjson`),
    };
  };
  /** Gives a report the next number, and forgets the oldest ones. */
  const numbered = (report: string): RunFiles => {
    const pattern = new RegExp(`^${agent}-report-([0-9]{1,6})\\.json$`);
    const numbers = readdirSync(outbox).flatMap((name) => pattern.exec(name)?.slice(1).map(Number) ?? []);
    numbers.sort((a, b) => b - a);
    let next = (numbers[0] ?? 0) + 1;
    while (!linked(report, named(next).report)) next += 1;
    for (const number of numbers.slice(MOST_KEPT - 1)) {
      for (const path of Object.values(named(number))) rmSync(path, { force: true });
    }
    return named(next);
  };
  const plain = named(0);
  const { pid, startTicks } = ownProcess();
  // Hidden, and named as payload-fetch names what the next run is to sweep away.
  const hidden = (what: string): string => join(outbox, `.${agent}-${pid}-${startTicks}-${what}.partial`);
  const [own, earlier] = [hidden('report'), hidden('earlier')];
  try {
    writeFileSync(own, first);
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (linked(own, plain.report)) return plain;
      const held = readIfPossible(plain.report);
      if (isOfLiveRun(held)) break;
      if (!setAside(plain.report, held, earlier)) continue;
      const { fullReport } = numbered(earlier);
      rmSync(earlier);
      if (existsSync(plain.fullReport)) renameSync(plain.fullReport, fullReport);
    }
    return numbered(own);
  } catch (error) {
    throw diskFailure(`The report ${plain.report} cannot be written`, error);
  } finally {
    rmSync(own, { force: true });
  }
}

function isOfLiveRun(report: string): boolean {
  try {
    const { state, process } = JSON.parse(report);
    return state === 'running' && isRunning(process);
  } catch {
    return false;
  }
}
