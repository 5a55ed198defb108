import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { earliestSlot } from '../../scripts/ground/slot.ts';

const minute = { sdrSeconds: 60, sabertoothSeconds: 60, offsetSeconds: 30 };
const always = [{ start: 0, end: 10_000 }];

describe('the earliest slot that holds both windows', () => {
  test.each([
    ['everything is free', { sdr: always, sabertooth: always }, 500, 500],
    ['the SDR opens later', { sdr: [{ start: 700, end: 10_000 }], sabertooth: always }, 500, 700],
    ['the SABERTOOTH opens later', { sdr: always, sabertooth: [{ start: 700, end: 10_000 }] }, 500, 670],
    [
      'a gap is too short',
      { sdr: [{ start: 500, end: 559 }, ...always.map(() => ({ start: 900, end: 960 }))], sabertooth: always },
      500,
      900,
    ],
    [
      'a gap is just long enough',
      { sdr: [{ start: 500, end: 560 }], sabertooth: [{ start: 530, end: 590 }] },
      500,
      500,
    ],
    [
      'two stretches that touch are one',
      {
        sdr: [
          { start: 530, end: 600 },
          { start: 500, end: 530 },
        ],
        sabertooth: always,
      },
      500,
      500,
    ],
    ['one payload is never free', { sdr: always, sabertooth: [] }, 500, null],
    [
      'they are never free together',
      { sdr: [{ start: 0, end: 600 }], sabertooth: [{ start: 700, end: 900 }] },
      500,
      null,
    ],
    ['all that is free is over', { sdr: always, sabertooth: always }, 9_950, null],
  ])('%s', (_, available, notBefore, expected) => {
    expect(earliestSlot(available, minute, notBefore)).toBe(expected);
  });

  test('it is what trying every second finds', () => {
    const intervals = fc.array(
      fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 30 })).map(([start, length]) => ({ start, end: start + length })),
      { maxLength: 4 },
    );
    const shape = fc.record({
      sdrSeconds: fc.integer({ min: 1, max: 12 }),
      sabertoothSeconds: fc.integer({ min: 1, max: 12 }),
      offsetSeconds: fc.nat(12),
    });
    fc.assert(
      fc.property(intervals, intervals, shape, fc.nat(20), (sdr, sabertooth, windows, notBefore) => {
        const isFree = (list: typeof sdr, second: number) => list.some((i) => i.start <= second && second < i.end);
        const allFree = (list: typeof sdr, start: number, seconds: number) =>
          Array.from({ length: seconds }, (_, at) => start + at).every((second) => isFree(list, second));
        const tried = Array.from({ length: 80 }, (_, at) => notBefore + at).find(
          (start) =>
            allFree(sdr, start, windows.sdrSeconds) &&
            allFree(sabertooth, start + windows.offsetSeconds, windows.sabertoothSeconds),
        );
        expect(earliestSlot({ sdr, sabertooth }, windows, notBefore)).toBe(tried ?? null);
      }),
      { numRuns: 500 },
    );
  });
});
