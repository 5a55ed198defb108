import { constants, lstatSync, opendirSync } from 'node:fs';
import type { FileIdentity } from '../../shared/validator.ts';
import { identityIn } from './file-store.ts';

/** What a directory holds under one name. Links are not followed. */
export interface Entry {
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  /** Of byte characters (shared/path.ts). */
  readonly path: string;
  readonly identity: FileIdentity;
}

const KINDS: Readonly<Record<number, Entry['kind']>> = {
  [constants.S_IFREG]: 'file',
  [constants.S_IFDIR]: 'directory',
  [constants.S_IFLNK]: 'link',
};

/** How many names the kernel is asked for at once. */
const NAMES_AT_ONCE = 512;

/**
 * What an open directory holds, in the order in which it gives it, each name after `prefix`. Names are looked at
 * relative to the handle, so that nothing renamed meanwhile leads elsewhere, and not held in memory. Throws what the
 * file system throws where it cannot be read.
 */
export function* entriesOf(fd: number, prefix: string): Generator<Entry, void> {
  // Shorter by one link than /proc/self, which shows in a manifest of 100,000 files.
  const at = `/proc/${process.pid}/fd/${fd}/`;
  const directory = opendirSync(at, { encoding: 'latin1', bufferSize: NAMES_AT_ONCE });
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      const stat = lstatSync(bytesOf(at + entry.name), { bigint: true, throwIfNoEntry: false });
      // It went away between being read and being looked at.
      if (stat === undefined) continue;
      yield {
        kind: KINDS[Number(stat.mode) & constants.S_IFMT] ?? 'other',
        path: prefix + entry.name,
        identity: identityIn(stat),
      };
    }
  } finally {
    directory.closeSync();
  }
}

/** A path of byte characters as the file system takes it: Node passes a string on as UTF-8, the same only for ASCII. */
export function bytesOf(path: string): string | Buffer {
  return isAscii(path) ? path : Buffer.from(path, 'latin1');
}

function isAscii(text: string): boolean {
  return !/[\x80-\xff]/.test(text);
}
