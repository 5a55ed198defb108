import { accessSync, constants, copyFileSync, statSync, writeFileSync } from 'node:fs';
import { diskFailure, Failure } from '../../shared/failure.ts';

/** Logs of a Linux machine, the likeliest one first. */
const LOGS = [
  '/var/log/syslog',
  '/var/log/messages',
  '/var/log/kern.log',
  '/var/log/dpkg.log',
  '/var/log/bootstrap.log',
];

/** A log above this is left alone: the tutorial's windows are short. */
const LARGEST_LOG_BYTES = 16 * 1024 * 1024;

/**
 * The file that is to stand as the SDR's `/var/log/syslog`: the one named, or else a log of this machine, or else
 * `null`: one has to be made up. Throws a `disk-refused` failure where the one named cannot be read.
 */
export function chooseSyslog(named: string | null): string | null {
  if (named === null) return LOGS.find(isUsableLog) ?? null;
  try {
    if (!statSync(named).isFile()) throw new Failure('disk-refused', `${named} is not a file.`);
    accessSync(named, constants.R_OK);
    return named;
  } catch (error) {
    throw error instanceof Failure ? error : diskFailure(`${named} cannot be read`, error);
  }
}

/** Puts the file into place; returns its size in bytes. */
export function placeSyslog(destination: string, chosen: string | null): number {
  if (chosen === null) writeFileSync(destination, madeUpLog());
  else copyFileSync(chosen, destination, constants.COPYFILE_FICLONE);
  return statSync(destination).size;
}

function isUsableLog(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    const stats = statSync(path);
    return stats.isFile() && stats.size > 0 && stats.size <= LARGEST_LOG_BYTES;
  } catch {
    return false;
  }
}

function madeUpLog(): string {
  const bootedAt = Date.now() - 600_000;
  const line = (n: number): string =>
    `${new Date(bootedAt + n * 1000).toISOString()} sdr kernel: [${String(n).padStart(5)}.000000] sample line ${n}\n`;
  return Array.from({ length: 600 }, (_, n) => line(n)).join('');
}
