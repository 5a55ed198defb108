import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ownProcess } from '../../agents/common/process-mark.ts';
import { claimRunFiles } from '../../agents/common/run-files.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const plainReport = (outbox: string): string => join(outbox, 'payload-serve-report.json');
const own = ownProcess();

/** Another program's pid would do as well: what has another start is another process. */
const dead = { ...own, startTicks: '1' };

function reported(process: object, state = 'running'): string {
  const outbox = temporaryDirectory();
  writeFileSync(plainReport(outbox), JSON.stringify({ state, process }));
  return outbox;
}

describe('claimRunFiles', () => {
  it('gives the plain names where no run has been', () => {
    const outbox = temporaryDirectory();
    expect(claimRunFiles(outbox, 'payload-serve', 'first')).toEqual({
      report: plainReport(outbox),
      fullReport: join(outbox, 'payload-serve-full-report.json.gz'),
      log: join(outbox, 'payload-serve-log.ndjson'),
    });
    expect(readFileSync(plainReport(outbox), 'utf8')).toBe('first');
  });

  it.each([
    ['has ended', own, 'ended'],
    ['was killed', dead, 'running'],
    ['says nothing of its process', {}, 'running'],
  ])('gives them, and keeps the report of a run that %s', (_, process, state) => {
    const outbox = reported(process, state);
    expect(claimRunFiles(outbox, 'payload-serve', 'first').report).toBe(plainReport(outbox));
    expect(readdirSync(outbox).sort()).toEqual(['payload-serve-report-1.json', 'payload-serve-report.json']);
  });

  it('gives others, of both, beside a run that goes on', () => {
    const outbox = reported(own);
    const report = join(outbox, 'payload-serve-report-1.json');
    const log = join(outbox, 'payload-serve-log-1.ndjson');
    expect(claimRunFiles(outbox, 'payload-serve', 'first')).toMatchObject({ report, log });
    expect(JSON.parse(readFileSync(plainReport(outbox), 'utf8'))).toMatchObject({ process: own });
  });

  it('keeps nine others at most, the latest', () => {
    const outbox = reported(own);
    for (let run = 1; run <= 12; run += 1) {
      const { report, log } = claimRunFiles(outbox, 'payload-serve', 'first');
      for (const path of [report, log]) writeFileSync(path, String(run));
    }
    const kept = readdirSync(outbox).flatMap(
      (name) => /-(?:report|log)-(\d+)\./.exec(name)?.slice(1).map(Number) ?? [],
    );
    const latest = [4, 5, 6, 7, 8, 9, 10, 11, 12];
    expect(kept.sort((a, b) => a - b)).toEqual([...latest, ...latest].sort((a, b) => a - b));
  });
});
