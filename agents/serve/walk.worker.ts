import { closeSync, constants, openSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { compileGlob } from '../../shared/glob.ts';
import { encodePath } from '../../shared/path.ts';
import { fileEntityTag } from '../../shared/validator.ts';
import { bytesOf, type Entry, entriesOf } from './entries.ts';
import { O_PATH, realPathOf } from './file-store.ts';
import type { Start, Step } from './walkers.ts';

/** Walks directories and writes the lines of a manifest, one step at a time; the main thread says when and where. */

/** A step ends with about so many bytes of lines, or after so many names: then others have a turn. */
const STEP_BYTES = 128 * 1024;
const STEP_NAMES = 1000;

interface Current {
  readonly entries: Generator<Entry, void>;
  readonly isLowest: boolean;
}

parentPort?.on('message', ({ tree, port }: Start) => {
  const { root, glob, depth, limit } = tree;
  const matches = (glob === null ? null : compileGlob(glob)) ?? (() => true);
  const waiting: string[] = [];
  let current: Current | null = null;

  const step = (): Step => {
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
      } catch {
        unreadable = true;
        current = null;
      }
    }
    // Not from the pool of small buffers: the memory itself goes to the main thread.
    const lines = Buffer.allocUnsafeSlow(text.length);
    lines.write(text, 'latin1');
    return { lines, count, below, unreadable, done: current === null && waiting.length === 0 };
  };
  const next = (): Current | null => {
    const path = waiting.pop();
    return path === undefined ? null : { entries: enter(root, path), isLowest: path.split('/').length >= depth };
  };

  port.on('message', (directories: readonly string[]) => {
    waiting.push(...directories);
    const taken = step();
    port.postMessage(taken, [taken.lines.buffer as ArrayBuffer]);
  });
  port.on('close', () => current?.entries.return());
});

/**
 * Opens a directory and gives what it holds. Where the handle really lies says whether a link has led it elsewhere: a path
 * below the root may mean something else than when it was read. Throws where it does, or cannot be read.
 */
function* enter(root: string, path: string): Generator<Entry, void> {
  const fd = openSync(bytesOf(root + path), O_PATH | constants.O_DIRECTORY);
  try {
    if (realPathOf(fd) !== root + path) throw new Error('a link, or moved');
    yield* entriesOf(fd, path);
  } finally {
    closeSync(fd);
  }
}

let nowMs = 0;
let nowNs = 0n;

/** The time of this look at a file, and not of the walk's beginning: a tag that came later would pass for a strong one. */
function now(): bigint {
  const ms = Date.now();
  if (ms !== nowMs) [nowMs, nowNs] = [ms, BigInt(ms) * 1_000_000n];
  return nowNs;
}

/** Put together by hand, since nothing in it needs escaping but the quotes of the entity tag: half the time of JSON. */
function line({ kind, path, identity }: Entry): string {
  const { sizeBytes, modifiedNs } = identity;
  let etag = 'null';
  if (kind === 'file') {
    const { weak, opaque } = fileEntityTag(identity, now());
    etag = weak ? `"W/\\"${opaque}\\""` : `"\\"${opaque}\\""`;
  }
  return `{"kind":"${kind}","path":"${encodePath(path)}","sizeBytes":${sizeBytes},"modifiedMs":${modifiedNs / 1_000_000n},"etag":${etag}}\n`;
}
