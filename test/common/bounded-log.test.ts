import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedLog } from '../../agents/common/bounded-log.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const line = (level: string, n: number, text = '') => `${JSON.stringify({ level, n, msg: text })}\n`;

interface Read {
  readonly level: string;
  readonly n?: number;
  readonly event?: string;
  readonly dropped?: number;
}
const read = (path: string): readonly Read[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text));

describe('BoundedLog', () => {
  it('keeps every line while there is room', () => {
    const path = join(temporaryDirectory(), 'log');
    const log = new BoundedLog(path, 65_536);
    for (let n = 0; n < 10; n += 1) log.write(line('info', n));
    log.close();
    expect(read(path).map(({ n }) => n)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('drops the least telling lines first, the oldest of them first, and says how many', () => {
    const path = join(temporaryDirectory(), 'log');
    const log = new BoundedLog(path, 2048);
    log.write(line('error', 0, 'why the run failed'));
    for (let n = 1; n <= 200; n += 1) log.write(line('debug', n, 'a request'));
    log.close();
    const [note, error, ...debug] = read(path);
    expect(note).toMatchObject({ level: 'warn', event: 'LogTrimmed', dropped: 200 - debug.length });
    expect(error).toMatchObject({ level: 'error', n: 0 });
    expect(debug.map(({ n }) => n)).toEqual(Array.from(debug, (_, i) => 200 - debug.length + 1 + i));
  });

  it('never outgrows its budget, and what is left is whole lines in their order', () => {
    const directory = temporaryDirectory();
    const entry = fc.record({
      level: fc.constantFrom('debug', 'info', 'warn', 'error'),
      text: fc.string({ unit: 'grapheme', maxLength: 200 }),
    });
    let run = 0;
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 80 }), fc.integer({ min: 1024, max: 8192 }), (entries, budgetBytes) => {
        run += 1;
        const path = join(directory, `log-${run}`);
        const log = new BoundedLog(path, budgetBytes);
        for (const [n, { level, text }] of entries.entries()) {
          log.write(line(level, n, text));
          expect(statSync(path).size).toBeLessThanOrEqual(budgetBytes);
        }
        log.close();
        const lines = entries.length === 0 ? [] : read(path);
        const kept = lines.filter(({ event }) => event === undefined).map(({ n }) => n ?? -1);
        expect(kept).toEqual([...kept].sort((a, b) => a - b));
        expect(kept.length + (lines[0]?.dropped ?? 0)).toBe(entries.length);
      }),
      { numRuns: 30 },
    );
  });

  it('goes on where an earlier run stopped, with its count', () => {
    const path = join(temporaryDirectory(), 'log');
    for (let run = 0; run < 3; run += 1) {
      const log = new BoundedLog(path, 2048);
      for (let n = 0; n < 100; n += 1) log.write(line('info', run * 100 + n));
      log.close();
    }
    const lines = read(path);
    expect(lines.filter(({ event }) => event === 'LogTrimmed')).toHaveLength(1);
    expect((lines[0]?.dropped ?? 0) + lines.length - 1).toBe(300);
    expect(lines.at(-1)?.n).toBe(299);
  });

  it('lets a line that a power cut left unfinished spoil no other', () => {
    const path = join(temporaryDirectory(), 'log');
    writeFileSync(path, `${line('info', 1)}{"level":"info","n":2,"ms`);
    const log = new BoundedLog(path, 65_536);
    log.write(line('info', 3));
    log.close();
    const lines = readFileSync(path, 'utf8').split('\n');
    expect(lines).toEqual([line('info', 1).trim(), '{"level":"info","n":2,"ms', line('info', 3).trim(), '']);
  });

  it('drops a line that is far too long, and counts it', () => {
    const path = join(temporaryDirectory(), 'log');
    const log = new BoundedLog(path, 2048);
    log.write(line('info', 0, 'x'.repeat(10_000)));
    for (let n = 1; n <= 100; n += 1) log.write(line('info', n));
    log.close();
    const lines = read(path);
    expect((lines[0]?.dropped ?? 0) + lines.length - 1).toBe(101);
  });

  it('goes on without a log where the disk takes no more', () => {
    const directory = join(temporaryDirectory(), 'gone');
    mkdirSync(directory);
    const log = new BoundedLog(join(directory, 'log'), 1024);
    rmSync(directory, { recursive: true });
    for (let n = 0; n < 100; n += 1) log.write(line('info', n));
    log.close();
  });

  it('says where it cannot be kept', () => {
    const directory = temporaryDirectory();
    appendFileSync(join(directory, 'file'), '');
    expect(() => new BoundedLog(join(directory, 'file', 'log'), 1024)).toThrow(
      expect.objectContaining({ code: 'disk-refused', message: expect.stringContaining('a part of the path') }),
    );
  });
});
