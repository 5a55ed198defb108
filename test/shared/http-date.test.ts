import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatHttpDate, parseHttpDate } from '../../shared/http-date.ts';

const now = Date.UTC(2026, 0, 1) / 1000;
/** The moment that RFC 9110, 5.6.7 writes in all three forms. */
const example = 784111777;

describe('HTTP dates (RFC 9110, 5.6.7)', () => {
  it.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])(
    '%s',
    (text) => {
      expect(parseHttpDate(text, now)).toBe(example);
    },
  );

  it.each([
    '',
    '0',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 06 Nov 1994 08:49:37 +0000',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'sun, 06 nov 1994 08:49:37 gmt',
    'Xxx, 06 Nov 1994 08:49:37 GMT',
    'Sun, 06 Foo 1994 08:49:37 GMT',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 00 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:60:00 GMT',
    'Sun, 06 Nov 1994 08:49:61 GMT',
    'Someday, 06-Nov-94 08:49:37 GMT',
    '1994-11-06T08:49:37Z',
    ' Sun, 06 Nov 1994 08:49:37 GMT',
  ])('takes nothing else: %s', (text) => {
    expect(parseHttpDate(text, now)).toBeNull();
  });

  it('takes a leap second for the next one', () => {
    expect(parseHttpDate('Sat, 31 Dec 2016 23:59:60 GMT', now)).toBe(Date.UTC(2017, 0, 1) / 1000);
  });

  it.each([
    ['Sunday, 06-Nov-76 08:49:37 GMT', 2026, 2076],
    ['Sunday, 06-Nov-77 08:49:37 GMT', 2026, 1977],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 1999, 1994],
  ])('reads the two-digit year of %s in %i as %i', (text, thisYear, year) => {
    const read = parseHttpDate(text, Date.UTC(thisYear, 0, 1) / 1000);
    expect(new Date((read ?? 0) * 1000).getUTCFullYear()).toBe(year);
  });

  it('reads back what it writes, to the second', () => {
    const lastSecondOf9999 = 253_402_300_799;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: lastSecondOf9999 }), (epochSeconds) => {
        expect(parseHttpDate(formatHttpDate(epochSeconds), now)).toBe(epochSeconds);
      }),
    );
  });
});
