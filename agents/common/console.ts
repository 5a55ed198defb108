import type { WriteStream } from 'node:tty';
import type { Console } from './recorder.ts';

/**
 * What a person sees: on a terminal every step; elsewhere, as under a wrapper that keeps the output, only what went
 * wrong. Single requests and attempts (`debug`) are for the log.
 */
export function consoleOn(stdout: Pick<WriteStream, 'isTTY' | 'write'>, stderr: Pick<WriteStream, 'write'>): Console {
  return (severity, message) => {
    if (severity === 'warn' || severity === 'error') stderr.write(`${message}\n`);
    else if (severity === 'info' && stdout.isTTY) stdout.write(`${message}\n`);
  };
}
