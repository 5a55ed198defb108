import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { diskFailure, GroundFailure } from './failure.ts';

/** How often a lock of a dead run may be cleared away under our hands by others who start at the same moment. */
const TRIES = 8;

/**
 * Lets one run at a time past `path`. The lock is linked into place, so that it is whole whenever it is there, and one
 * whose process is gone, or that names none, is taken over. Returns what releases it; throws `in-use` while its process
 * lives, `disk` where it cannot be made.
 */
export function takeLock(path: string): () => void {
  const staged = `${path}-${process.pid}`;
  try {
    writeFileSync(staged, `${process.pid} ${startOfProcess(process.pid) ?? ''}`);
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (linked(staged, path)) return () => rmSync(path, { force: true });
      const held = readIfThere(path);
      const pid = livingHolder(held);
      if (pid !== null) throw new GroundFailure('in-use', `Another run (process ${pid}) holds ${path}.`);
      clearAway(path, held, `${staged}-stale`);
    }
    throw new GroundFailure('in-use', `Several runs want ${path} at once.`);
  } catch (error) {
    throw error instanceof GroundFailure ? error : diskFailure(`${path} cannot be written`, error);
  } finally {
    rmSync(staged, { force: true });
  }
}

/** The process that a lock names, if it lives. */
function livingHolder(held: string): number | null {
  const [, pid = '', start = ''] = /^([1-9][0-9]*) ([0-9]*)$/.exec(held) ?? [];
  if (pid === '') return null;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    // EPERM: it lives, as another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return null;
  }
  const startNow = startOfProcess(Number(pid));
  return startNow === null || startNow === start ? Number(pid) : null;
}

/**
 * When a process started, in clock ticks (proc(5), stat, field 22): pids are used again, and this tells two processes of
 * one pid apart. `null` where that is not to be had.
 */
function startOfProcess(pid: number): string | null {
  try {
    // The second field is the program's name in parentheses, which may itself hold spaces and parentheses.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

/** Removes the lock that was read, and no other: a third run may have taken over in between. */
function clearAway(path: string, held: string, aside: string): void {
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (readFileSync(aside, 'utf8') !== held) linked(aside, path);
  rmSync(aside, { force: true });
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** A lock may be released just before it is read. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
