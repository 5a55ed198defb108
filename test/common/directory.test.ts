import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeDirectorySync } from '../../agents/common/directory.ts';
import { temporaryDirectory } from '../support/temporary.ts';

describe('makeDirectorySync', () => {
  it('makes all that is missing, and takes what is there', () => {
    const path = join(temporaryDirectory(), 'a', 'b', 'c');
    makeDirectorySync(path);
    makeDirectorySync(path);
    expect(statSync(path).isDirectory()).toBe(true);
    makeDirectorySync('/');
  });

  it.each(['file', 'file/below', 'file/far/below'])('cannot make %s where a file is', (name) => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'file'), '');
    expect(() => makeDirectorySync(join(directory, name))).toThrow(/EEXIST|ENOTDIR/);
  });

  it('makes nothing where a name is too long', () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'a'));
    expect(() => makeDirectorySync(join(directory, 'x'.repeat(300), 'b'))).toThrow('ENAMETOOLONG');
  });

  // Node's own `recursive` never returns from these.
  it.each(['/proc/nowhere', '/proc/nowhere/below'])('gives up at %s', (path) => {
    expect(() => makeDirectorySync(path)).toThrow('ENOENT');
  });
});
