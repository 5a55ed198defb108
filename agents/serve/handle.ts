import { constants, openSync, readlinkSync } from 'node:fs';

/** O_PATH of asm-generic/fcntl.h, the same on x64 and arm64: names a file without opening it. Node has no name for it. */
export const O_PATH = 0o10000000;

/**
 * The current directory of the process, where a handle is a name. Node has neither fstatat(2) nor openat(2): what is below
 * a handle, or is it, has to be looked up by a path, and from here that is the shortest. It shows in a manifest of 100,000
 * files, and in each small file that is sent.
 */
export const HANDLES = '/proc/self/fd';

/**
 * Where the file or directory that a handle holds lies at this moment, with no link in it: of byte characters
 * (shared/path.ts), and with a slash at its end.
 */
export function realPathOf(fd: number): string {
  return withSlash(readlinkSync(`${fd}`, 'latin1'));
}

/** Opens once more, for reading, what a handle holds; for a handle of its own or for one that could not read. */
export function reopen(fd: number): number {
  // O_NONBLOCK: some files of /proc, such as kmsg, would wait for content.
  return openSync(`${fd}`, constants.O_RDONLY | constants.O_NONBLOCK);
}

/** A path as {@link realPathOf} gives it. */
export function withSlash(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}

/** A path of byte characters as the file system takes it. */
export function bytesOf(path: string): string | Buffer {
  // A string is passed on as UTF-8, which is the same only for ASCII.
  return /[\x80-\xff]/.test(path) ? Buffer.from(path, 'latin1') : path;
}
