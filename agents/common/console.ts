import type { WriteStream } from 'node:tty';
import type { Console } from './recorder.ts';

/**
 * What a person sees: on a terminal every step; elsewhere, as under a wrapper that keeps the output, only what went
 * wrong. Single requests and attempts (`debug`) are for the log.
 */
export function consoleOn(stdout: Pick<WriteStream, 'isTTY' | 'write'>, stderr: Pick<WriteStream, 'write'>): Console {
  return (severity, message) => {
    if (severity === 'debug' || (severity === 'info' && !stdout.isTTY)) return;
    // A message may name what another machine made up, and a terminal obeys control characters.
    const line = `${message().replace(/\p{Cc}/gu, '\ufffd')}\n`;
    if (severity === 'info') stdout.write(line);
    else stderr.write(line);
  };
}

/**
 * Keeps a run alive when nobody reads what it prints any more: a window's output may end in a pipe whose other end is
 * gone, and every write to it would then be an error that ends the process.
 */
export function outliveReaders(...streams: readonly Pick<WriteStream, 'on'>[]): void {
  for (const stream of streams) stream.on('error', () => {});
}
