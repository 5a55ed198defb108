import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * Replaces a small file so that whoever opens it, at any instant and after any power cut, finds the old content or the
 * new one: write elsewhere under a hidden name, fsync, rename, fsync the directory (rename(2) is atomic only for names;
 * without the first fsync the new name may be durable before the bytes are). Throws what the file system throws, and
 * then leaves nothing behind.
 *
 * `workshop` is where the new content is written first: a directory that nobody downlinks, since a kill in between
 * leaves it there. Where that is on another file system, or cannot be written, it is written beside the file.
 */
export function replaceFileSync(path: string, content: string | Uint8Array, workshop = dirname(path)): void {
  try {
    renameInto(path, content, workshop);
  } catch (error) {
    if (workshop === dirname(path)) throw error;
    renameInto(path, content, dirname(path));
  }
  syncDirectorySync(dirname(path));
}

function renameInto(path: string, content: string | Uint8Array, workshop: string): void {
  const staged = join(workshop, `.${basename(path)}.partial`);
  try {
    const fd = openSync(staged, 'w', 0o644);
    try {
      writeWholeSync(fd, typeof content === 'string' ? Buffer.from(content) : content);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(staged, path);
  } catch (error) {
    removeIfPossible(staged);
    throw error;
  }
}

/** Clears something away where what matters more must go on, or has failed already. */
export function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It stays.
  }
}

/** Makes the names in a directory durable. */
export function syncDirectorySync(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** `write(2)` may take less than it was given, for example as the disk fills up: goes on until all of it is taken. */
export function writeWholeSync(fd: number, bytes: Uint8Array, position: number | null = null): void {
  let done = 0;
  while (done < bytes.length) {
    done += writeSync(fd, bytes, done, bytes.length - done, position === null ? null : position + done);
  }
}
