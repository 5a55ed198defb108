import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Tally } from '../../agents/serve/tally.ts';

const MOST_FILES = 100;

type Sent = readonly [file: number, sentBytes: number];

function tallyOf(all: readonly Sent[]): Tally {
  const tally = new Tally();
  for (const [file, sentBytes] of all) {
    tally.add({
      request: {
        method: 'GET',
        target: `/${file}?a=query`,
        client: '127.0.0.1',
        field: () => undefined,
        whenGone: () => {},
      },
      answer: { status: 200, headers: {}, body: null, refusal: null },
      sentBytes,
      tookMs: 0,
      cut: null,
      thrown: null,
    });
  }
  return tally;
}

/** What was sent of a file, looked for among all requests. */
function sentOf(all: readonly Sent[], file: number): number[] {
  return all.filter(([other]) => other === file).map(([, sentBytes]) => sentBytes);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

describe('Tally', () => {
  it('tells of the files of which most was sent, and counts the others once', () => {
    const sent = fc.tuple(fc.nat(150), fc.nat(5));
    fc.assert(
      fc.property(fc.array(sent, { minLength: 100, maxLength: 1000, size: 'max' }), (all) => {
        const { files, filesOmitted, totals } = tallyOf(all).snapshot(1);
        const byFile = [...new Set(all.map(([file]) => file))].map((file) => sentOf(all, file));
        const mostSent = byFile.map(sum).sort((a, b) => b - a);
        expect(files.map(({ sentBytes }) => sentBytes)).toEqual(mostSent.slice(0, MOST_FILES));
        for (const { path, requests, sentBytes } of files) {
          const own = sentOf(all, Number(path.slice(1)));
          expect([requests, sentBytes]).toEqual([own.length, sum(own)]);
        }
        expect(files.length + filesOmitted).toBe(byFile.length);
        expect(totals.requests).toBe(all.length);
      }),
    );
  });

  it('omits one of 101 files, however often they are asked for', () => {
    const round = Array.from({ length: 101 }, (_, file): Sent => [file, 10]);
    expect(tallyOf([...round, ...round, ...round]).snapshot(1)).toMatchObject({ filesOmitted: 1 });
  });

  it('holds no more than 10,000 files, and has the others in the totals', () => {
    const all = Array.from({ length: 12_000 }, (_, file): Sent => [file, 1]);
    expect(tallyOf(all).snapshot(1)).toMatchObject({
      totals: { requests: 12_000, sentBytes: 12_000 },
      filesOmitted: 9900,
    });
  });
});
