import { constants, lstatSync, opendirSync } from 'node:fs';
import type { FileIdentity } from '../../shared/validator.ts';
import { identityIn } from './file-store.ts';

/** What a directory holds under one name. Links are not followed. */
export interface Entry {
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  /** Of byte characters (shared/path.ts). */
  readonly path: string;
  readonly modifiedMs: bigint;
  readonly identity: FileIdentity;
}

/** Chooses by the name alone, which is not looked up if it is not wanted. */
export type Wanted = (name: string) => boolean;

const KINDS: Readonly<Record<number, Entry['kind']>> = {
  [constants.S_IFREG]: 'file',
  [constants.S_IFDIR]: 'directory',
  [constants.S_IFLNK]: 'link',
};

/** How many names the kernel is asked for at once. */
const NAMES_AT_ONCE = 128;

/**
 * The current directory of the process, where a handle is a name. Node has no fstatat(2): what is below a handle has to be
 * looked up by a path, and from here that is the shortest, which shows in a manifest of 100,000 files.
 */
export const HANDLES = '/proc/self/fd';

/**
 * What an open directory holds, in the order in which it gives it: each name that is wanted, after `prefix`. Names are
 * looked up below the handle, so that nothing renamed meanwhile leads elsewhere, and are not held in memory. Throws what
 * the file system throws where it cannot be read.
 */
export function* entriesOf(fd: number, prefix = '', wants: Wanted | null = null): Generator<Entry, void> {
  const at = `${fd}/`;
  const directory = opendirSync(at, { encoding: 'latin1', bufferSize: NAMES_AT_ONCE });
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      if (wants?.(entry.name) === false) continue;
      const stat = lstatSync(bytesOf(at + entry.name), { bigint: true, throwIfNoEntry: false });
      // It went away between being read and being looked up.
      if (stat === undefined) continue;
      yield {
        kind: KINDS[Number(stat.mode) & constants.S_IFMT] ?? 'other',
        path: prefix + entry.name,
        modifiedMs: stat.mtimeMs,
        identity: identityIn(stat),
      };
    }
  } finally {
    directory.closeSync();
  }
}

/** A path of byte characters as the file system takes it. */
export function bytesOf(path: string): string | Buffer {
  // A string is passed on as UTF-8, which is the same only for ASCII.
  return /[\x80-\xff]/.test(path) ? Buffer.from(path, 'latin1') : path;
}
