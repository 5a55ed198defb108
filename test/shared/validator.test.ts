import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fileEntityTag,
  formatEntityTag,
  matchesStrongly,
  matchesWeakly,
  parseEntityTag,
  parseEntityTags,
} from '../../shared/validator.ts';

const strong = (opaque: string) => ({ weak: false, opaque });
const weak = (opaque: string) => ({ weak: true, opaque });
/** Characters that may stand in a tag (RFC 9110, 8.8.3), the comma and obs-text among them. */
const etagc = fc.constantFrom(...'!#$%,-./0aZ~\\', '\x80', '\xff');
const entityTag = fc.record({ weak: fc.boolean(), opaque: fc.string({ unit: etagc, maxLength: 12 }) });

describe('entity tags (RFC 9110, 8.8.3)', () => {
  it.each([
    ['"xyzzy"', [strong('xyzzy')]],
    ['W/"xyzzy"', [weak('xyzzy')]],
    ['""', [strong('')]],
    ['"a", W/"b" ,"c"', [strong('a'), weak('b'), strong('c')]],
    [',, "a",', [strong('a')]],
    ['"a,b"', [strong('a,b')]],
    ['"a" "b"', null],
    ['"a""b"', null],
    ['w/"a"', null],
    ['W/ "a"', null],
    ['a', null],
    ['"a', null],
    ['"a b"', null],
    ['"a", b', null],
    ['*', null],
    ['', null],
    [',', null],
  ])('the list %s', (header, tags) => {
    expect(parseEntityTags(header)).toEqual(tags);
  });

  it.each([
    [' "a" ', strong('a')],
    ['W/"a"', weak('a')],
    ['"a","b"', null],
    ['"a",', null],
    [',"a"', null],
    ['Mon, 01 Jan 2024 00:00:00 GMT', null],
  ])('the single tag %s', (text, tag) => {
    expect(parseEntityTag(text)).toEqual(tag);
  });

  it('are read back as they were written, alone and in lists', () => {
    fc.assert(
      fc.property(fc.array(entityTag, { minLength: 1 }), (tags) => {
        expect(parseEntityTags(tags.map(formatEntityTag).join(', '))).toEqual(tags);
        for (const tag of tags) expect(parseEntityTag(formatEntityTag(tag))).toEqual(tag);
      }),
    );
  });

  // The table of RFC 9110, 8.8.3.2.
  it.each([
    [weak('1'), weak('1'), false, true],
    [weak('1'), weak('2'), false, false],
    [weak('1'), strong('1'), false, true],
    [strong('1'), strong('1'), true, true],
  ])('%o and %o', (a, b, strongly, weakly) => {
    expect(matchesStrongly(a, b)).toBe(strongly);
    expect(matchesWeakly(a, b)).toBe(weakly);
  });
});

describe('fileEntityTag', () => {
  const second = 1_000_000_000n;
  const changedNs = 1_700_000_000n * second + 123_456_789n;
  const file = { device: 1n, inode: 2n, sizeBytes: 3n, modifiedNs: changedNs, changedNs };

  it.each([
    ['at the moment of the change', changedNs, true],
    ['within the tick after it', changedNs + 20_000_000n, true],
    ['after the tick', changedNs + 20_000_001n, false],
    ['long after', changedNs + 3600n * second, false],
    ['just before it, by a clock that was set back', changedNs - 1n, true],
    ['in 1970, by a clock that was never set', 5n * second, false],
  ])('is weak only near a change: %s', (_, nowNs, isWeak) => {
    expect(fileEntityTag(file, nowNs).weak).toBe(isWeak);
  });

  it('waits longer where the file system keeps whole seconds only', () => {
    const coarse = { ...file, changedNs: 1_700_000_000n * second };
    expect(fileEntityTag(coarse, coarse.changedNs + 2n * second).weak).toBe(true);
    expect(fileEntityTag(coarse, coarse.changedNs + 2n * second + 1n).weak).toBe(false);
  });

  it('differs as soon as one part of the identity does, and can be written and read', () => {
    const part = fc.bigInt({ min: 0n, max: 2n ** 64n });
    const identity = fc.record({
      device: part,
      inode: part,
      sizeBytes: part,
      modifiedNs: part,
      changedNs: part,
    });
    fc.assert(
      fc.property(identity, identity, part, (a, b, nowNs) => {
        const tag = fileEntityTag(a, nowNs);
        expect(parseEntityTag(formatEntityTag(tag))).toEqual(tag);
        const same = Object.keys(a).every((key) => a[key as keyof typeof a] === b[key as keyof typeof b]);
        expect(tag.opaque === fileEntityTag(b, nowNs).opaque).toBe(same);
      }),
    );
  });
});
