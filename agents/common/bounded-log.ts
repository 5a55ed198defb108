import { closeSync, openSync, readFileSync } from 'node:fs';
import type { DestinationStream } from 'pino';
import { diskFailure } from '../../shared/failure.ts';
import { replaceFileSync, writeWholeSync } from './atomic-file.ts';

interface Line {
  readonly level: string;
  readonly text: string;
}

const LEVELS = ['debug', 'info', 'warn', 'error'];

/** A line longer than this says more about the one who caused it than about the window. */
const LONGEST_LINE_BYTES = 4096;

/**
 * A log file that never outgrows its budget, because it is downlinked: when it is full, the least telling lines go
 * first (`debug` before `info` before `warn`), the oldest of them first, and one line says how many went. A quarter of
 * the budget is freed at a time, so that the file is not rewritten at every line. Continues a log that is there.
 *
 * A disk that refuses a line ends the log, not the run: what is being moved matters more than what is told about it.
 */
export class BoundedLog implements DestinationStream {
  readonly #path: string;
  readonly #budgetBytes: number;
  #lines: Line[] = [];
  #sizeBytes = 0;
  #dropped = 0;
  #fd: number | null;

  /** Throws a `disk-refused` failure where the file cannot be opened for appending. */
  constructor(path: string, budgetBytes: number) {
    this.#path = path;
    this.#budgetBytes = budgetBytes;
    try {
      this.#fd = openSync(path, 'a+');
      for (const text of readFileSync(this.#fd, 'utf8').split('\n')) if (text !== '') this.#remember(`${text}\n`);
    } catch (error) {
      throw diskFailure(`The log ${path} cannot be written`, error);
    }
  }

  write(text: string): void {
    if (this.#fd === null || Buffer.byteLength(text) > LONGEST_LINE_BYTES) return;
    this.#remember(text);
    try {
      if (this.#sizeBytes > this.#budgetBytes) this.#trim();
      else writeWholeSync(this.#fd, Buffer.from(text));
    } catch {
      this.close();
    }
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #remember(text: string): void {
    const level = /"level":"([a-z]+)"/.exec(text)?.[1] ?? 'debug';
    this.#lines.push({ level, text });
    this.#sizeBytes += Buffer.byteLength(text);
  }

  #trim(): void {
    const goalBytes = this.#budgetBytes * 0.75;
    for (const level of LEVELS) {
      this.#lines = this.#lines.filter((line) => {
        if (line.level !== level || this.#sizeBytes <= goalBytes) return true;
        this.#sizeBytes -= Buffer.byteLength(line.text);
        this.#dropped += 1;
        return false;
      });
    }
    const note = `${JSON.stringify({ level: 'warn', event: 'LogTrimmed', dropped: this.#dropped, msg: `${this.#dropped} earlier lines were dropped to keep this log small.` })}\n`;
    replaceFileSync(this.#path, note + this.#lines.map((line) => line.text).join(''));
    this.close();
    this.#fd = openSync(this.#path, 'a');
  }
}
