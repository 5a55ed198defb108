import { closeSync, constants, lstatSync, opendirSync, openSync } from 'node:fs';
import type { FileIdentity } from '../../shared/validator.ts';
import { identityIn, O_PATH } from './file-store.ts';

/** What a directory holds under one name. Links are not followed. */
export interface Entry {
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  /** Relative to where the walk began, of byte characters (shared/path.ts). */
  readonly path: string;
  readonly identity: FileIdentity;
}

/** Which part of a tree is described: all of it, or one of two parts that together are all of it, by name. */
export interface Share {
  readonly index: number;
  readonly of: 1 | 2;
}

export const ALL: Share = { index: 0, of: 1 };

interface Frame {
  readonly fd: number;
  readonly path: string;
  readonly depth: number;
  /** Names of directories still to be walked. */
  readonly below: string[];
}

/** How many names the kernel is asked for at once. */
const NAMES_AT_ONCE = 512;

/**
 * Everything below an open directory, `depth` levels down, in the order in which directories give it, and `null` for
 * each directory that cannot be read. Each directory is entered by a handle on its parent and never through a link, so
 * the walk stays below where it began, whatever is renamed meanwhile; nothing is held in memory but the names of
 * directories that are still to be entered. Of a share, every directory is entered, but only its own names are described.
 */
export function* walk(fd: number, depth: number, share = ALL): Generator<Entry | null, void> {
  const frames: Frame[] = [];
  try {
    frames.push({ fd: openSync(`/proc/self/fd/${fd}`, O_PATH | constants.O_DIRECTORY), path: '', depth: 1, below: [] });
    yield* entriesOf(frames[0] as Frame, depth, share);
    for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
      const name = frame.below.pop();
      if (name === undefined) {
        closeSync(frame.fd);
        frames.pop();
        continue;
      }
      const entered = enter(frame, name);
      if (entered === null) {
        yield null;
        continue;
      }
      frames.push(entered);
      yield* entriesOf(entered, depth, share);
    }
  } finally {
    for (const frame of frames) closeSync(frame.fd);
  }
}

function enter(parent: Frame, name: string): Frame | null {
  try {
    const fd = openSync(nameIn(parent, name), O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    return { fd, path: `${parent.path}${name}/`, depth: parent.depth + 1, below: [] };
  } catch {
    return null;
  }
}

function* entriesOf(frame: Frame, depth: number, share: Share): Generator<Entry | null, void> {
  try {
    const directory = opendirSync(`/proc/self/fd/${frame.fd}`, { encoding: 'latin1', bufferSize: NAMES_AT_ONCE });
    try {
      for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
        if (frame.depth < depth && entry.isDirectory()) frame.below.push(entry.name);
        if (!isIn(share, entry.name)) continue;
        const found = describe(frame, entry.name);
        if (found !== null) yield found;
      }
    } finally {
      directory.closeSync();
    }
  } catch {
    yield null;
  }
}

function isIn({ index, of }: Share, name: string): boolean {
  if (of === 1) return true;
  let sum = 0;
  for (let at = 0; at < name.length; at += 1) sum += name.charCodeAt(at);
  return sum % of === index;
}

/** `null` for a name that went away between being read and being looked at. */
function describe(frame: Frame, name: string): Entry | null {
  const stat = lstatSync(nameIn(frame, name), { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return null;
  const kind = stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : stat.isSymbolicLink() ? 'link' : 'other';
  return {
    kind,
    path: frame.path + name,
    identity: identityIn(stat),
  };
}

function nameIn(frame: Frame, name: string): string | Buffer {
  const path = `/proc/self/fd/${frame.fd}/${name}`;
  // A string is passed on as UTF-8, which is the same only for ASCII.
  return /[\x80-\xff]/.test(path) ? Buffer.from(path, 'latin1') : path;
}
