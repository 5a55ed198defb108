import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { copyFile, open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { diskFailure } from '../../shared/failure.ts';
import { syncDirectorySync } from '../common/atomic-file.ts';
import { isAlive, ownProcessMark } from '../common/process-mark.ts';

const own = ownProcessMark();

/** Of a copy that is not whole yet: hidden, and named after its run, so that another run knows whether it is abandoned. */
const HIDDEN = /^\.payload-fetch-(?<pid>[0-9]+)-(?<startTicks>[0-9]*)-.*\.partial$/s;

function hiddenName(name: string): string {
  return `.payload-fetch-${own.pid}-${own.startTicks}-${name.slice(0, 120)}.partial`;
}

/**
 * Makes a whole, verified and synced part appear under its final name, in one step: rename(2), then fsync of the
 * directory. On another file system a hidden copy is made and synced first. Throws a disk failure, and then the part is
 * where it was and no file of ours stands beside the output.
 */
export async function publish(part: string, output: string): Promise<void> {
  try {
    mkdirSync(dirname(output), { recursive: true });
    try {
      renameSync(part, output);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
      await publishCopy(part, output);
    }
    syncDirectorySync(dirname(output));
  } catch (error) {
    throw diskFailure(`${output} cannot be written`, error);
  }
}

async function publishCopy(part: string, output: string): Promise<void> {
  const hidden = join(dirname(output), hiddenName(basename(output)));
  try {
    await copyFile(part, hidden);
    const copy = await open(hidden, 'r+');
    try {
      await copy.sync();
    } finally {
      await copy.close();
    }
    renameSync(hidden, output);
  } catch (error) {
    rmSync(hidden, { force: true });
    throw error;
  }
  rmSync(part, { force: true });
}

/** Removes the hidden copies that killed runs have left in a directory, never those of a run that lives. */
export function sweepHiddenCopies(directory: string): void {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch {
    return;
  }
  for (const name of names) {
    const { pid, startTicks = '' } = HIDDEN.exec(name)?.groups ?? {};
    if (pid === undefined || isAlive({ pid: Number(pid), startTicks, boot: own.boot })) continue;
    rmSync(join(directory, name), { force: true });
  }
}
