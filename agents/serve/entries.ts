import { constants, lstatSync, opendirSync } from 'node:fs';
import type { FileIdentity } from '../../shared/validator.ts';
import { identityIn } from './file-store.ts';
import { bytesOf } from './handle.ts';

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
