import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePath, encodePath } from '../../shared/path.ts';

describe('a path on the wire', () => {
  it('comes back byte for byte, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const path = Buffer.from(bytes).toString('latin1');
        const encoded = encodePath(path);
        expect(encoded).toMatch(/^[A-Za-z0-9\-._~/%]*$/);
        expect(decodePath(encoded)).toBe(path);
      }),
    );
  });

  it.each([
    ['/a%20b', '/a b'],
    ['/%c3%a9', '/\xc3\xa9'],
    ['/%252e', '/%2e'],
    ['/a+b', '/a+b'],
    ['/%', null],
    ['/%4', null],
    ['/%zz', null],
  ])('%s is read as %j', (encoded, path) => {
    expect(decodePath(encoded)).toBe(path);
  });
});
