import { type BigIntStats, closeSync, constants, fstatSync, openSync, realpathSync, statSync } from 'node:fs';
import { diskFailure, Failure } from '../../shared/failure.ts';
import type { RefusalCode } from '../../shared/refusal.ts';
import type { FileIdentity } from '../../shared/validator.ts';
import { bytesOf, O_PATH, realPathOf, reopen, withSlash } from './handle.ts';

/** Which symbolic links are followed: every one, those whose end lies inside the directory, or none at all. */
export const LINK_POLICIES = ['all', 'inside', 'none'] as const;

export type LinkPolicy = (typeof LINK_POLICIES)[number];

/** A file or directory that is open. Whoever holds it closes `fd`. */
export interface OpenEntry {
  readonly kind: 'file' | 'directory';
  /** Open for reading; of a directory, for its name in /proc/self/fd only. */
  readonly fd: number;
  /** Where it lies; see {@link realPathOf}. */
  readonly realPath: string;
  readonly identity: FileIdentity;
}

/**
 * The files below one directory, and nothing else.
 *
 * A path is opened in two steps, so that nothing is decided on a name that may mean something else a moment later.
 * O_PATH gives a handle on whatever is there without opening it: a FIFO does not block, a device does nothing. What the
 * handle is, and where it lies, are read from the handle itself (fstat, /proc/self/fd). Only then is it, and not the
 * path, opened for reading.
 */
export class FileStore {
  /** The served directory; see {@link realPathOf}. */
  readonly #root: string;
  readonly #links: LinkPolicy;

  /** Throws a `disk-refused` failure where the directory is not there or cannot be read, or where there is no /proc. */
  constructor(directory: string, links: LinkPolicy) {
    const what = `The directory to serve, ${directory},`;
    try {
      const root = realpathSync(directory);
      if (!statSync(root).isDirectory()) throw new Failure('disk-refused', `${what} is not a directory.`);
      closeSync(openSync(root, constants.O_RDONLY | constants.O_DIRECTORY));
      this.#root = withSlash(Buffer.from(root).toString('latin1'));
    } catch (error) {
      throw error instanceof Failure ? error : diskFailure(`${what} cannot be read`, error);
    }
    this.#links = links;
    if (statSync('/proc/self/fd', { throwIfNoEntry: false }) === undefined) {
      throw new Failure(
        'disk-refused',
        'There is no /proc here: where a link leads cannot be told for sure, so nothing is served. Mount /proc.',
      );
    }
  }

  /** Opens a path that {@link parseTarget} made, or says why not. */
  open(path: string): OpenEntry | RefusalCode {
    let handle: number;
    try {
      handle = openSync(bytesOf(this.#root + path.slice(1)), O_PATH);
    } catch (error) {
      return refusalOf(error);
    }
    let kept = false;
    try {
      const stat = fstatSync(handle, { bigint: true });
      if (!stat.isFile() && !stat.isDirectory()) return 'not-a-file';
      const realPath = realPathOf(handle);
      if (!this.#mayBeRead(realPath, path)) return 'outside';
      const identity = identityIn(stat);
      if (stat.isDirectory()) {
        kept = true;
        return { kind: 'directory', fd: handle, realPath, identity };
      }
      return { kind: 'file', fd: reopen(handle), realPath, identity };
    } catch (error) {
      return refusalOf(error);
    } finally {
      if (!kept) closeSync(handle);
    }
  }

  #mayBeRead(realPath: string, path: string): boolean {
    if (this.#links === 'none') return realPath === withSlash(this.#root + path.slice(1));
    return this.#links === 'all' || realPath.startsWith(this.#root);
  }
}

/** The state in which an open file is at this moment. */
export function identityOf(fd: number): FileIdentity {
  return identityIn(fstatSync(fd, { bigint: true }));
}

export function identityIn(stat: BigIntStats): FileIdentity {
  return {
    device: stat.dev,
    inode: stat.ino,
    sizeBytes: stat.size,
    modifiedNs: stat.mtimeNs,
    changedNs: stat.ctimeNs,
  };
}

const REFUSALS: Readonly<Record<string, RefusalCode>> = {
  ENOENT: 'absent',
  ENOTDIR: 'absent',
  ENAMETOOLONG: 'absent',
  ELOOP: 'absent',
  // The device behind a node, or the process behind a file of /proc, is gone.
  ENXIO: 'absent',
  ENODEV: 'absent',
  ESRCH: 'absent',
  EACCES: 'unreadable',
  EPERM: 'unreadable',
  EINVAL: 'unreadable',
  EIO: 'unreadable',
  EAGAIN: 'unreadable',
  EMFILE: 'busy',
  ENFILE: 'busy',
};

/** What the file system's refusal is to a client. */
export function refusalOf(error: unknown): RefusalCode {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return REFUSALS[code] ?? 'unforeseen';
}
