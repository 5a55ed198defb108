import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ReportFile } from '../../agents/common/report-file.ts';
import { temporaryDirectory } from '../support/temporary.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('ReportFile', () => {
  it('writes the state of the moment, with a revision that rises', () => {
    const path = join(temporaryDirectory(), 'report.json');
    let requests = 0;
    const report = new ReportFile(path, (revision) => ({ revision, requests }));
    report.writeNow();
    requests = 7;
    report.writeNow();
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ revision: 2, requests: 7 });
  });

  it('gathers changes that come at once into one write', () => {
    const path = join(temporaryDirectory(), 'report.json');
    const report = new ReportFile(path, (revision) => ({ revision }));
    for (let i = 0; i < 1000; i += 1) report.touch();
    expect(existsSync(path)).toBe(false);
    vi.runAllTimers();
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ revision: 1 });
    report.touch();
    report.writeNow();
    vi.runAllTimers();
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ revision: 2 });
  });

  it('writes nothing where there is no outbox', () => {
    const report = new ReportFile(null, () => {
      throw new Error('not to be asked');
    });
    report.touch();
    report.writeNow();
    vi.runAllTimers();
  });

  it('lets a disk that refuses disturb the run only when the last word is written', () => {
    const directory = join(temporaryDirectory(), 'outbox');
    mkdirSync(directory);
    const report = new ReportFile(join(directory, 'report.json'), () => ({}));
    rmSync(directory, { recursive: true });
    report.touch();
    vi.runAllTimers();
    expect(() => report.writeNow()).toThrow(expect.objectContaining({ code: 'disk-refused' }));
    mkdirSync(directory);
    report.writeNow();
    expect(readdirSync(directory)).toEqual(['report.json']);
  });
});
