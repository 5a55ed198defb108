import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DeliveredRecord, Journal, type PartRecord } from '../../agents/fetch/journal.ts';
import { Stage } from '../../agents/fetch/stage.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const part = (key: string): PartRecord => ({
  kind: 'part',
  key,
  name: `${key}-1`,
  source: '/x',
  etag: '"v"',
  sizeBytes: 10,
  boot: 'b',
});
const delivered: DeliveredRecord = {
  kind: 'delivered',
  key: 'a',
  output: '/outbox/x',
  etag: null,
  lastModified: null,
  sizeBytes: 10,
  sha256: '0'.repeat(64),
  verified: 'length',
};

function reopened(directory: string): Journal {
  const journal = new Journal(directory);
  journal.close();
  return journal;
}

const lines = (directory: string): number => readFileSync(join(directory, 'journal'), 'utf8').split('\n').length;

describe('Journal', () => {
  it('remembers parts, their marks and deliveries', () => {
    const directory = temporaryDirectory();
    const journal = new Journal(directory);
    const mark = { kind: 'mark', key: 'a', name: 'a-1', bytes: 5, sha256: 'f'.repeat(64) } as const;
    journal.append(part('a'), mark, part('b'), { kind: 'dropped', key: 'b' }, delivered);
    journal.sync();
    journal.close();
    const again = reopened(directory);
    expect([...again.parts.values()]).toEqual([part('a')]);
    expect([...again.marks.values()]).toEqual([mark]);
    expect([...again.delivered.values()]).toEqual([delivered]);
    expect(again.damagedLines).toBe(0);
  });

  it('makes one line of what may be lost together, and keeps its order with the rest', () => {
    const directory = temporaryDirectory();
    const journal = new Journal(directory);
    const linesBefore = lines(directory);
    for (const key of ['a', 'b', 'c']) journal.appendSoon({ ...delivered, key });
    journal.append({ kind: 'dropped', key: 'b', undelivered: true });
    journal.close();
    expect(lines(directory)).toBe(linesBefore + 2);
    expect([...reopened(directory).delivered.keys()]).toEqual(['a', 'c']);
  });

  it('remembers the latest deliveries, however early a file was delivered for the first time', () => {
    const directory = temporaryDirectory();
    const journal = new Journal(directory);
    const deliver = (key: string): void => journal.appendSoon({ ...delivered, key });
    deliver('daily');
    for (let n = 0; n < 20_000; n += 1) deliver(`once-${n}`);
    deliver('daily');
    journal.close();
    const kept = [...reopened(directory).delivered.keys()];
    // What is rewritten at a start is what the next start reads.
    expect([...reopened(directory).delivered.keys()]).toEqual(kept.slice(1));
    expect(kept.at(-1)).toBe('daily');
  });

  it('forgets a mark of a version that was begun anew', () => {
    const directory = temporaryDirectory();
    const journal = new Journal(directory);
    journal.append(
      part('a'),
      { kind: 'mark', key: 'a', name: 'a-1', bytes: 5, sha256: '' },
      { ...part('a'), name: 'a-2' },
    );
    journal.append({ kind: 'mark', key: 'a', name: 'a-1', bytes: 9, sha256: '' });
    journal.close();
    expect(reopened(directory).marks.size).toBe(0);
  });

  it('gives back a true prefix of its records when it was cut at any byte', () => {
    const directory = temporaryDirectory();
    const journal = new Journal(directory);
    const keys = ['a', 'b', 'c', 'd'];
    journal.append(...keys.map(part));
    journal.close();
    const path = join(directory, 'journal');
    const whole = readFileSync(path);
    fc.assert(
      fc.property(fc.nat({ max: whole.length }), (cut) => {
        writeFileSync(path, whole.subarray(0, cut));
        const kept = [...reopened(directory).parts.keys()];
        expect(kept).toEqual(keys.slice(0, kept.length));
      }),
      { numRuns: 30 },
    );
  });

  it('passes over lines that the disk has changed, and says how many', () => {
    const directory = temporaryDirectory();
    const journal = new Journal(directory);
    journal.append(part('a'), part('b'));
    journal.close();
    const path = join(directory, 'journal');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"key":"a"', '"key":"z"'));
    const again = reopened(directory);
    expect([...again.parts.keys()]).toEqual(['b']);
    expect(again.damagedLines).toBe(1);
  });

  it('leaves a journal of a newer version alone', () => {
    const directory = temporaryDirectory();
    reopened(directory);
    const path = join(directory, 'journal');
    // The line that version 2 would begin with: its checksum is right.
    const newer = '3f4b6f2e "payload-fetch-journal/2"\n';
    writeFileSync(path, withChecksum(newer));
    const before = readFileSync(path);
    expect(() => new Journal(directory)).toThrow(expect.objectContaining({ code: 'state-unreadable' }));
    expect(readFileSync(path)).toEqual(before);
    // Its checksums may be others by then.
    writeFileSync(path, newer.replace('3f4b6f2e', '00000000'));
    expect(() => new Journal(directory)).toThrow(expect.objectContaining({ code: 'state-unreadable' }));
  });
});

describe('Stage', () => {
  const version = { etag: '"v"', lastModified: null, sizeBytes: 10, mayChangeUnseen: false };

  it.each([
    ['forgets a delivery of which the part is still here when it is dropped', true],
    ['remembers one that took the part away', false],
  ])('%s', (_, isHere) => {
    const directory = temporaryDirectory();
    const stage = new Stage(directory);
    const { path } = stage.begin('a', '/x', version);
    if (isHere) writeFileSync(path, 'content');
    stage.recordDelivered(delivered, true);
    stage.drop('a');
    stage.close();
    const again = new Stage(directory);
    again.close();
    expect(again.delivered('a')).toEqual(isHere ? null : delivered);
  });
});

function withChecksum(line: string): string {
  const json = line.slice(9, -1);
  return `${createHash('sha256').update(json).digest('hex').slice(0, 8)} ${json}\n`;
}
