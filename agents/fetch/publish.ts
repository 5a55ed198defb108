import {
  closeSync,
  createReadStream,
  type Dirent,
  existsSync,
  fdatasync,
  fdatasyncSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { diskFailure, Failure } from '../../shared/failure.ts';
import { removeIfPossible, syncDirectorySync, writeWholeSync } from '../common/atomic-file.ts';
import { makeDirectorySync } from '../common/directory.ts';
import { isAlive, ownProcessMark } from '../common/process-mark.ts';

const own = ownProcessMark();

/** What the slowest of disks takes: a copy that is not whole at the window's end would be downlinked as it is. */
const COPY_BYTES_PER_MS = 20_000;

const PIECE_BYTES = 4 * 1024 * 1024;

/** Of a copy that is not whole yet: hidden, and named after its run, so that another run knows whether it is abandoned. */
const HIDDEN = /^\.payload-fetch-(?<pid>[0-9]+)-(?<startTicks>[0-9]*)-.*\.partial$/s;

let copies = 0;

/** Those of this run, which may end before a slow disk lets one of them be taken back in its own time. */
const unfinished = new Set<string>();
process.on('exit', () => {
  for (const path of unfinished) removeIfPossible(path);
});

/** Not named after the output: long names that differ only at their end are copied side by side. */
function hiddenPath(output: string): string {
  copies += 1;
  return join(dirname(output), `.payload-fetch-${own.pid}-${own.startTicks}-${copies}.partial`);
}

/**
 * Makes a whole, verified and synced part appear under its final name, in one step: rename(2), then fsync of the
 * directory. On another file system a hidden copy is made and synced first. A copy is begun only if it can
 * end in `leftMs`, and is given up when `signal` is aborted. Rejects with a disk failure, or `time-ran-out`; then the part
 * is where it was and no file of ours stands beside the output.
 */
export async function publishPart(
  part: string,
  output: string,
  leftMs: number | null,
  signal: AbortSignal,
): Promise<void> {
  try {
    await move(part, output, leftMs, signal);
    syncDirectorySync(dirname(output));
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw diskFailure(`${output} cannot be written`, error);
  }
}

async function move(part: string, output: string, leftMs: number | null, signal?: AbortSignal): Promise<void> {
  try {
    renameSync(part, output);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'EXDEV') await publishCopy(part, output, leftMs, signal);
    else if (code === 'ENOENT' && !existsSync(dirname(output))) {
      makeDirectorySync(dirname(output));
      await move(part, output, leftMs, signal);
    } else throw error;
  }
}

async function publishCopy(part: string, output: string, leftMs: number | null, signal?: AbortSignal): Promise<void> {
  if (leftMs !== null && statSync(part).size / COPY_BYTES_PER_MS > leftMs) {
    throw new Failure('time-ran-out', `${output} is whole, and too large to be copied to its disk in this window.`);
  }
  await publishHidden(output, (hidden) => copySynced(part, hidden, signal));
  removeIfPossible(part);
}

/** What `write` makes under a hidden name appears under its own; nothing is left of it where that fails. */
async function publishHidden(output: string, write: (hidden: string) => Promise<void>): Promise<void> {
  const hidden = hiddenPath(output);
  unfinished.add(hidden);
  try {
    await write(hidden);
    renameSync(hidden, output);
  } catch (error) {
    removeIfPossible(hidden);
    throw error;
  } finally {
    unfinished.delete(hidden);
  }
}

/** Piece by piece: one call for the whole file would hold up the end of the process, and so would one sync at its end. */
async function copySynced(from: string, to: string, signal?: AbortSignal): Promise<void> {
  const file: FileHandle = await open(to, 'w', 0o644);
  try {
    for await (const piece of createReadStream(from, { highWaterMark: PIECE_BYTES })) {
      await file.appendFile(piece);
      await file.datasync();
      if (signal?.aborted) throw signal.reason;
    }
  } finally {
    await file.close();
  }
}

/** A sync that takes longer than this reached a disk. */
const QUICK_SYNC_MS = 1;

/** After one that did, so many are left to the thread pool, side by side, before one is tried here again. */
const SYNCS_IN_POOL = 100;

interface Small {
  readonly staged: string;
  readonly output: string;
  readonly bytes: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (failure: Failure) => void;
}

/**
 * Publishes small files, which were verified in memory, in groups: while one group is synced the next one gathers. The
 * syncs of a group run side by side, which a journalling file system answers with one commit, and its directories are
 * synced once: with thousands of files that is most of the cost.
 */
export class SmallPublisher {
  #gathering: Small[] = [];
  #busy = false;
  #syncsInPool = 0;

  /** `staged` is where the bytes are written first. Resolves when the file stands durably under its name. Rejects with a disk failure, nothing left behind. */
  publish(staged: string, output: string, bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#gathering.push({ staged, output, bytes, resolve, reject });
      if (!this.#busy) this.#work().catch(reject);
    });
  }

  async #work(): Promise<void> {
    this.#busy = true;
    while (this.#gathering.length > 0) {
      // One turn of the event loop lets the answers that have already arrived join the group.
      await new Promise(setImmediate);
      await this.#publishGroup(this.#gathering.splice(0));
    }
    this.#busy = false;
  }

  /**
   * Opens, writes and closes at once: in the thread pool each of them would take longer than all together. So does a
   * sync where it costs nothing, as in memory; one that turns out to reach a disk leaves the next ones to the pool.
   */
  async #writeSynced(path: string, bytes: Uint8Array): Promise<void> {
    const fd = openSync(path, 'w', 0o644);
    try {
      writeWholeSync(fd, bytes);
      if (this.#syncsInPool > 0) {
        this.#syncsInPool -= 1;
        await new Promise<void>((resolve, reject) => fdatasync(fd, (error) => (error ? reject(error) : resolve())));
        return;
      }
      const startedMs = performance.now();
      fdatasyncSync(fd);
      if (performance.now() - startedMs > QUICK_SYNC_MS) this.#syncsInPool = SYNCS_IN_POOL;
    } finally {
      closeSync(fd);
    }
  }

  async #place({ staged, output, bytes }: Small): Promise<void> {
    try {
      await this.#writeSynced(staged, bytes);
      await move(staged, output, null);
    } catch (error) {
      removeIfPossible(staged);
      // With what is kept of large files the disk of the state directory may be full, and that of the output not.
      if (diskFailure('', error).code !== 'disk-full') throw error;
      makeDirectorySync(dirname(output));
      await publishHidden(output, (hidden) => this.#writeSynced(hidden, bytes));
    }
  }

  async #publishGroup(group: readonly Small[]): Promise<void> {
    const renamed: Small[] = [];
    await Promise.all(
      group.map(async (small) => {
        try {
          await this.#place(small);
          renamed.push(small);
        } catch (error) {
          small.reject(diskFailure(`${small.output} cannot be written`, error));
        }
      }),
    );
    const directories = new Set(renamed.map((small) => dirname(small.output)));
    for (const directory of directories) {
      const inIt = renamed.filter((small) => dirname(small.output) === directory);
      try {
        syncDirectorySync(directory);
        for (const small of inIt) small.resolve();
      } catch (error) {
        for (const small of inIt) small.reject(diskFailure(`${small.output} cannot be written`, error));
      }
    }
  }
}

/**
 * Removes the hidden copies that killed runs have left in a directory, and `below` it where that is asked; never those of a
 * run that lives.
 */
export function sweepHiddenCopies(directory: string, below: boolean): void {
  let entries: Dirent[];
  try {
    entries = readdirSync(directory, { withFileTypes: true });
  } catch {
    return;
  }
  for (const entry of entries) {
    const { name } = entry;
    if (below && entry.isDirectory()) sweepHiddenCopies(join(directory, name), below);
    const { pid, startTicks = '' } = HIDDEN.exec(name)?.groups ?? {};
    if (pid === undefined || isAlive({ pid: Number(pid), startTicks, boot: own.boot })) continue;
    removeIfPossible(join(directory, name));
  }
}
