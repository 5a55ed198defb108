import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDigest, isSha256, parseDigest, wantsSha256 } from '../../shared/digest.ts';

const hello = createHash('sha256').update('hello').digest();
const hex = hello.toString('hex');
const base64 = hello.toString('base64');
const stated = { kind: 'sha-256', hex };
const none = { kind: 'none' };
const malformed = { kind: 'malformed' };

describe('Repr-Digest (RFC 9530)', () => {
  it('is written as a byte sequence, as Node writes base64', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const digest = Buffer.from(bytes);
        const header = formatDigest(digest.toString('hex'));
        expect(header).toBe(`sha-256=:${digest.toString('base64')}:`);
        expect(parseDigest(header)).toEqual({ kind: 'sha-256', hex: digest.toString('hex') });
      }),
    );
  });

  it.each([
    [undefined, none],
    ['', none],
    [`sha-256=:${base64}:`, stated],
    [`  sha-256=:${base64}:  `, stated],
    [`SHA-256=:${base64}:`, stated],
    [`sha-512=:AAAA:, sha-256=:${base64}:`, stated],
    [`sha-256=:${base64}:,sha-512=:AAAA:`, stated],
    [`sha-256=:${base64}:;q=1`, stated],
    // RFC 9651, 4.2.7: missing padding and non-zero pad bits are taken.
    [`sha-256=:${base64.replace('=', '')}:`, stated],
    [`sha-256=:${base64.replace(/Q=$/, 'R=')}:`, stated],
    // RFC 9651, 3.2: the last of two counts.
    [`sha-256=:AAAA:, sha-256=:${base64}:`, stated],
    [`sha-256=:${base64}:, sha-256=:AAAA:`, malformed],
    ['sha-512=:AAAA:', none],
    ['md5=:AAAA:', none],
    ['sha-256', malformed],
    ['sha-256=', malformed],
    [`sha-256=${base64}`, malformed],
    [`sha-256="${base64}"`, malformed],
    [`sha-256=:${base64}`, malformed],
    [`sha-256=:${hex}:`, malformed],
    ['sha-256=::', malformed],
    [`sha-256=:${base64.slice(4)}:`, malformed],
    [`sha-256=:AAAA${base64}:`, malformed],
    [`sha-256=: ${base64}:`, malformed],
    [`sha-256=:${base64.replace(/\+|\//g, '_')}_:`, malformed],
  ])('%s', (header, expected) => {
    expect(parseDigest(header)).toEqual(expected);
  });

  it('reads anything without throwing, and never makes a digest of it that is none', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        const read = parseDigest(header);
        expect(read.kind !== 'sha-256' || isSha256(read.hex)).toBe(true);
      }),
    );
  });
});

describe('Want-Repr-Digest', () => {
  it.each([
    [undefined, false],
    ['sha-256=1', true],
    ['sha-256=10', true],
    ['sha-512=3, sha-256=10, unixsum=0', true],
    ['sha-256=0', false],
    ['sha-256=11', false],
    ['sha-256', false],
    ['sha-512=10', false],
    ['xsha-256=1', false],
    ['sha-256=5, sha-256=0', false],
    ['sha-256=0, sha-256=5', true],
  ])('%s', (header, wanted) => {
    expect(wantsSha256(header)).toBe(wanted);
  });
});
