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

interface Frame {
  readonly fd: number;
  readonly path: string;
  readonly depth: number;
  /** Names of directories still to be walked. */
  readonly below: string[];
}

const KINDS: Readonly<Record<number, Entry['kind']>> = {
  [constants.S_IFREG]: 'file',
  [constants.S_IFDIR]: 'directory',
  [constants.S_IFLNK]: 'link',
};

/** How many names the kernel is asked for at once. */
const NAMES_AT_ONCE = 512;

/**
 * Node has no fstatat(2). As fts(3) does, a walk makes the directory that it is in the current one, by its handle, and
 * looks at names relative to it: a third less time than through /proc/self/fd, name by name. Nothing else in the agent
 * has a use for the current directory. Walks take turns, so each makes sure that it is where it left off.
 */
let current: Frame | null = null;

function goTo(frame: Frame | null): void {
  if (current === frame) return;
  process.chdir(frame === null ? '/' : `/proc/self/fd/${frame.fd}`);
  current = frame;
}

/**
 * Everything below an open directory, `depth` levels down, in the order in which directories give it, and `null` for
 * each directory that cannot be read. Each directory is entered by a handle on its parent and never through a link, so
 * the walk stays below where it began, whatever is renamed meanwhile; nothing is held in memory but the names of
 * directories that are still to be entered.
 */
export function* walk(fd: number, depth: number): Generator<Entry | null, void> {
  const frames: Frame[] = [];
  try {
    frames.push({ fd: openSync(`/proc/self/fd/${fd}`, O_PATH | constants.O_DIRECTORY), path: '', depth: 1, below: [] });
    yield* entriesOf(frames[0] as Frame, depth);
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
      yield* entriesOf(entered, depth);
    }
  } finally {
    goTo(null);
    for (const frame of frames) closeSync(frame.fd);
  }
}

function enter(parent: Frame, name: string): Frame | null {
  try {
    goTo(parent);
    const fd = openSync(bytesOf(name), O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    return { fd, path: `${parent.path}${name}/`, depth: parent.depth + 1, below: [] };
  } catch {
    return null;
  }
}

function* entriesOf(frame: Frame, depth: number): Generator<Entry | null, void> {
  try {
    goTo(frame);
    const directory = opendirSync('.', { encoding: 'latin1', bufferSize: NAMES_AT_ONCE });
    try {
      for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
        const found = describe(frame, entry.name);
        if (found === null) continue;
        if (found.kind === 'directory' && frame.depth < depth) frame.below.push(entry.name);
        yield found;
      }
    } finally {
      directory.closeSync();
    }
  } catch {
    yield null;
  }
}

/** `null` for a name that went away between being read and being looked at. */
function describe(frame: Frame, name: string): Entry | null {
  goTo(frame);
  const stat = lstatSync(bytesOf(name), { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return null;
  return {
    kind: KINDS[Number(stat.mode) & constants.S_IFMT] ?? 'other',
    path: frame.path + name,
    identity: identityIn(stat),
  };
}

function bytesOf(name: string): string | Buffer {
  // A string is passed on as UTF-8, which is the same only for ASCII.
  return /[\x80-\xff]/.test(name) ? Buffer.from(name, 'latin1') : name;
}
