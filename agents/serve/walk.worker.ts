import { closeSync, constants, openSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { compileGlob } from '../../shared/glob.ts';
import { encodePath } from '../../shared/path.ts';
import { type FileIdentity, fileEntityTag } from '../../shared/validator.ts';
import { type Entry, entriesOf, type Wanted } from './entries.ts';
import { bytesOf, O_PATH, realPathOf } from './handle.ts';
import type { Ask, Share, Start, Step } from './walkers.ts';

/** Walks directories and writes the lines of a manifest, one step at a time; the main thread says when and where. */

/** A step ends with about so many bytes of lines, which stay in the cache, or after so many names. */
const STEP_BYTES = 64 * 1024;
const STEP_NAMES = 1000;

/** The last line may be the longest: a path of 4 KiB and a name of 255 bytes, and three characters for each of them. */
const BUFFER_BYTES = STEP_BYTES + 16 * 1024;

interface Current {
  readonly entries: Generator<Entry, void>;
  readonly isLowest: boolean;
}

parentPort?.on('message', ({ tree, share, port }: Start) => {
  const { root, glob, depth, limit } = tree;
  const matches = (glob === null ? null : compileGlob(glob)) ?? (() => true);
  const waiting = [''];
  let current: Current | null = null;

  const step = (spare: ArrayBuffer | null): Step => {
    const below: string[] = [];
    let text = '';
    let count = 0;
    let unreadable = false;
    for (let names = 0; names < STEP_NAMES && text.length < STEP_BYTES && count <= limit; names += 1) {
      current ??= next();
      if (current === null) break;
      try {
        const { value: entry } = current.entries.next();
        if (!entry) {
          current = null;
          continue;
        }
        if (entry.kind === 'directory' && !current.isLowest) below.push(`${entry.path}/`);
        if (!matches(entry.path)) continue;
        text += line(entry);
        count += 1;
      } catch (error) {
        // One that is gone by now lacks nowhere.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') unreadable = true;
        current = null;
      }
    }
    const lines = Buffer.from(spare ?? new ArrayBuffer(BUFFER_BYTES), 0, text.length);
    lines.write(text, 'latin1');
    return { lines, count, below, unreadable, done: current === null && waiting.length === 0 };
  };
  const next = (): Current | null => {
    const path = waiting.pop();
    if (path === undefined) return null;
    const entries = enter(root, path, path === '' ? (name) => isIn(share, name) : null);
    return { entries, isLowest: path.split('/').length >= depth };
  };

  port.on('message', ({ directories, spare }: Ask) => {
    waiting.push(...directories);
    const taken = step(spare);
    port.postMessage(taken, [taken.lines.buffer as ArrayBuffer]);
  });
  port.on('close', () => current?.entries.return());
});

/**
 * Opens a directory and gives what it holds. Where the handle really lies says whether a link has led it elsewhere: a path
 * below the root may mean something else than when it was read. Throws where it does, or cannot be read.
 */
function* enter(root: string, path: string, wants: Wanted | null): Generator<Entry, void> {
  const fd = openSync(bytesOf(root + path), O_PATH | constants.O_DIRECTORY);
  try {
    if (realPathOf(fd) !== root + path) throw new Error('a link, or moved');
    yield* entriesOf(fd, path, wants);
  } finally {
    closeSync(fd);
  }
}

/** By the name and not by its place, which another look at the directory need not find the same. */
function isIn({ index, of }: Share, name: string): boolean {
  let sum = 0;
  for (let at = 0; at < name.length; at += 1) sum += name.charCodeAt(at);
  return sum % of === index;
}

/** Put together by hand, since nothing in it needs escaping but the quotes of the entity tag: half the time of JSON. */
function line({ kind, path, modifiedMs, identity }: Entry): string {
  const etag = kind === 'file' ? escapedEntityTag(identity) : 'null';
  return `{"kind":"${kind}","path":"${encodePath(path)}","sizeBytes":${identity.sizeBytes},"modifiedMs":${modifiedMs},"etag":${etag}}\n`;
}

function escapedEntityTag(identity: FileIdentity): string {
  // By the clock at this look at the file: by that of the beginning, one written meanwhile would pass for an old one.
  const { weak, opaque } = fileEntityTag(identity, BigInt(Date.now()) * 1_000_000n);
  return `"${weak ? 'W/' : ''}\\"${opaque}\\""`;
}
