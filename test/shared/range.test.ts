import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatContentRange,
  formatUnsatisfiedRange,
  parseContentRange,
  parseRange,
  rangeSizeBytes,
} from '../../shared/range.ts';

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

it('selects only what lies inside, and as many parts as were asked at most', () => {
  const spec = fc.oneof(
    fc.tuple(fc.nat(300), fc.nat(300)).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    fc.nat(300).map((first) => `${first}-`),
    fc.nat(300).map((suffix) => `-${suffix}`),
  );
  fc.assert(
    fc.property(fc.array(spec, { minLength: 1, maxLength: 5 }), fc.nat(200), (specs, sizeBytes) => {
      const selection = parseRange(`bytes=${specs.join(',')}`, sizeBytes);
      if (selection.kind !== 'parts') return;
      expect(selection.parts.length).toBeLessThanOrEqual(specs.length);
      for (const { first, last } of selection.parts) {
        expect(first).toBeGreaterThanOrEqual(0);
        expect(last).toBeGreaterThanOrEqual(first);
        expect(last).toBeLessThan(sizeBytes);
      }
    }),
  );
});

describe('Content-Range (RFC 9110, 14.4)', () => {
  it.each([
    ['bytes 0-499/1234', { range: { first: 0, last: 499 }, sizeBytes: 1234 }],
    ['bytes 0-0/*', { range: { first: 0, last: 0 }, sizeBytes: null }],
    ['bytes */1234', { range: null, sizeBytes: 1234 }],
    ['Bytes 1-2/3', { range: { first: 1, last: 2 }, sizeBytes: 3 }],
    ['bytes */*', null],
    ['bytes 5-4/10', null],
    ['bytes 0-10/10', null],
    ['bytes 0-/10', null],
    ['bytes -5/10', null],
    ['bytes=0-4/10', null],
    ['bytes 0-4', null],
    ['lines 0-4/10', null],
    ['bytes 0-9007199254740992/*', null],
    ['bytes 0-4/10, bytes 5-9/10', null],
    ['', null],
  ])('%s', (header, expected) => {
    expect(parseContentRange(header)).toEqual(expected);
  });

  it('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), fc.maxSafeNat(), (a, b, c) => {
        const [first = 0, last = 0, end = 0] = [a, b, c].sort((x, y) => x - y);
        const sizeBytes = Math.min(end + 1, Number.MAX_SAFE_INTEGER);
        fc.pre(last < sizeBytes);
        const range = { first, last };
        expect(parseContentRange(formatContentRange(range, sizeBytes))).toEqual({ range, sizeBytes });
        expect(parseContentRange(formatUnsatisfiedRange(sizeBytes))).toEqual({ range: null, sizeBytes });
        expect(rangeSizeBytes(range)).toBe(last - first + 1);
      }),
    );
  });
});
