import { expect, it } from 'vitest';
import { compileGlob } from '../../shared/glob.ts';

it.each([
  ['*.log', 'a.log', true],
  ['*.log', 'var/log/a.log', true],
  ['*.log', 'a.log.1', false],
  ['*', '.hidden', true],
  ['?.txt', 'a.txt', true],
  ['?.txt', 'ab.txt', false],
  ['[a-c]x', 'bx', true],
  ['[!a-c]x', 'bx', false],
  ['[]]', ']', true],
  ['[a-]', '-', true],
  ['var/*', 'var/a', true],
  ['var/*', 'var/a/b', false],
  ['var/**', 'var/a/b', true],
  ['**/b', 'b', true],
  ['**/b', 'var/a/b', true],
  ['a/**/b', 'a/b', true],
  ['a/**/b', 'a/x/y/b', true],
  ['a/**/b', 'a/x/y/c', false],
  ['a.b', 'axb', false],
  ['', 'a', false],
])('%s on %s: %s', (pattern, path, matches) => {
  expect(compileGlob(pattern)?.(path)).toBe(matches);
});

it('does not take a set that is not closed', () => {
  expect(compileGlob('a[b')).toBeNull();
});

it('is not slowed down by a hostile pattern', () => {
  expect(compileGlob(`${'*a'.repeat(400)}*b`)?.('a'.repeat(4000))).toBe(false);
});
