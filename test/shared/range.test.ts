import { describe, expect, it } from 'vitest';
import { parseRange } from '../../shared/range.ts';

const whole = { kind: 'whole' };
const unsatisfiable = { kind: 'unsatisfiable' };
const part = (first: number, last: number) => ({ kind: 'parts', parts: [{ first, last }] });

describe('parseRange', () => {
  it.each([
    ['bytes=0-99', 200, part(0, 99)],
    ['bytes=0-0', 200, part(0, 0)],
    ['bytes=100-', 200, part(100, 199)],
    ['bytes=100-999', 200, part(100, 199)],
    ['bytes=-50', 200, part(150, 199)],
    ['bytes=-999', 200, part(0, 199)],
    ['BYTES=0-1', 200, part(0, 1)],
    ['bytes=, 0-1 ,', 200, part(0, 1)],
    ['bytes=500-600,0-1', 200, part(0, 1)],
    ['bytes=0-99999999999999999999999', 200, part(0, 199)],
    ['bytes=200-', 200, unsatisfiable],
    ['bytes=-0', 200, unsatisfiable],
    ['bytes=0-', 0, unsatisfiable],
    ['bytes=-5', 0, whole],
    ['bytes=9-3', 200, whole],
    ['bytes=0-1,9-3', 200, whole],
    ['bytes=1x-2y', 200, whole],
    ['bytes=5', 200, whole],
    ['bytes=-', 200, whole],
    ['bytes=', 200, whole],
    ['bytes', 200, whole],
    ['xbytes=0-1', 200, whole],
    ['lines=0-1', 200, whole],
    [undefined, 200, whole],
  ])('%s of %i bytes', (header, sizeBytes, selection) => {
    expect(parseRange(header, sizeBytes)).toEqual(selection);
  });
});
