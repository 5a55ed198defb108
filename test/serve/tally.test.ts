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

/** The same, looked for anew each time. */
function plainly(all: readonly Sent[]): { files: Map<string, number>; omitted: number } {
  const files = new Map<string, number>();
  let omitted = 0;
  for (const [file, sentBytes] of all) {
    const path = `/${file}`;
    if (!files.has(path) && files.size === MOST_FILES) {
      const [smallest = ''] = [...files].reduce((least, other) => (other[1] < least[1] ? other : least));
      files.delete(smallest);
      omitted += 1;
    }
    files.set(path, (files.get(path) ?? 0) + sentBytes);
  }
  return { files, omitted };
}

describe('Tally', () => {
  it('tells of the files of which most was sent, the first of equal ones being forgotten', () => {
    const sent = fc.tuple(fc.nat(150), fc.nat(5));
    fc.assert(
      fc.property(fc.array(sent, { minLength: 100, maxLength: 1000, size: 'max' }), (all) => {
        const { files, filesOmitted, totals } = tallyOf(all).snapshot(1);
        const expected = plainly(all);
        expect(new Map(files.map(({ path, sentBytes }) => [path, sentBytes]))).toEqual(expected.files);
        expect(filesOmitted).toBe(expected.omitted);
        expect(totals.requests).toBe(all.length);
      }),
    );
  });
});
