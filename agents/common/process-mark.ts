import { readFileSync } from 'node:fs';

/**
 * Names a process so that it can be told, later and by another one, whether it still lives: pids are used again. Linux
 * gives the start of a process in clock ticks (proc(5), stat, field 22).
 */
export interface ProcessOfBoot {
  readonly pid: number;
  readonly startTicks: string;
}

/** The same beyond a reboot, after which ticks and pids are counted from the beginning: every boot has a number. */
export interface ProcessMark extends ProcessOfBoot {
  readonly boot: string;
}

export function ownProcess(): ProcessOfBoot {
  return { pid: process.pid, startTicks: startTicks(process.pid) ?? '' };
}

export function ownProcessMark(): ProcessMark {
  return { ...ownProcess(), boot: bootId() };
}

export function isAlive(mark: ProcessMark): boolean {
  return mark.boot === bootId() && isRunning(mark);
}

/** Whether a process of this boot is alive. */
export function isRunning(mark: ProcessOfBoot): boolean {
  return startTicks(mark.pid) === mark.startTicks;
}

/** A file system keeps what was written before a crash of a process, but not before one of the machine. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return '';
  }
}

function startTicks(pid: number): string | null {
  try {
    // The second field is the program's name in parentheses, which may itself hold spaces and parentheses.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie is dead: where nobody collects it, as in many a container, it stays for ever.
    return state === 'Z' ? null : (fields[18] ?? null);
  } catch {
    return null;
  }
}
