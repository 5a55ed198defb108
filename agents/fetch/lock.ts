import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { diskFailure, Failure } from '../../shared/failure.ts';
import { linked, setAside, TRIES } from '../common/exclusive.ts';
import { isAlive, ownProcessMark, type ProcessMark } from '../common/process-mark.ts';

/**
 * One run at a time in a state directory. link(2) makes the lock exclusively and whole; a lock whose process is gone, as
 * after a kill or a power cut, is taken over. Returns what releases it; throws `state-in-use` while its process lives.
 */
export function lockStateDirectory(directory: string): () => void {
  const lock = join(directory, 'lock');
  const own = JSON.stringify(ownProcessMark());
  const staged = join(directory, `.lock-${process.pid}`);
  try {
    writeFileSync(staged, own);
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (linked(staged, lock)) return () => rmSync(lock, { force: true });
      const held = readFileSync(lock, { encoding: 'utf8', flag: 'a+' });
      const holder = parseMark(held);
      if (holder !== null && isAlive(holder)) {
        throw new Failure('state-in-use', `Another run (process ${holder.pid}) works in ${directory}.`);
      }
      if (setAside(lock, held, `${staged}-stale`)) rmSync(`${staged}-stale`, { force: true });
    }
    throw new Failure('state-in-use', `Several runs want to begin in ${directory} at once.`);
  } catch (error) {
    throw error instanceof Failure ? error : diskFailure(`The state directory ${directory} cannot be written`, error);
  } finally {
    rmSync(staged, { force: true });
  }
}

function parseMark(text: string): ProcessMark | null {
  try {
    const { pid, startTicks, boot } = JSON.parse(text) as Record<string, unknown>;
    if (typeof pid !== 'number' || typeof startTicks !== 'string' || typeof boot !== 'string') return null;
    return { pid, startTicks, boot };
  } catch {
    return null;
  }
}
