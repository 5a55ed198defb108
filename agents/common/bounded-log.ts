import { closeSync, openSync, readFileSync } from 'node:fs';
import type { DestinationStream } from 'pino';
import { commonEvents } from '../../shared/event.ts';
import { diskFailure } from '../../shared/failure.ts';
import { replaceFileSync, writeWholeSync } from './atomic-file.ts';

interface Line {
  readonly level: string;
  readonly text: string;
  readonly sizeBytes: number;
}

const LEVELS = ['debug', 'info', 'warn', 'error'];

/** A line longer than this says more about the one who caused it than about the window: it is dropped, and counted. */
const LONGEST_LINE_BYTES = 4096;

/** How long a busy server's log is left as it is before it is written anew. */
const REWRITE_MS = 1000;

/** Kept free for the line that says how many lines were dropped. */
const NOTE_BYTES = 256;

/**
 * A log file that never outgrows its budget, because it is downlinked: when it is full, the least telling lines go
 * first (`debug` before `info` before `warn`), the oldest of them first, and the first line says how many went.
 * Continues a log that is there.
 *
 * A full log has to be written anew, with an fsync: a quarter of the budget is freed at a time, and lines that come within
 * {@link REWRITE_MS} of the first that found it full wait in memory, where a kill loses them.
 *
 * A disk that refuses a line ends the log, not the run: what is being moved matters more than what is told about it.
 */
export class BoundedLog implements DestinationStream {
  readonly #path: string;
  readonly #budgetBytes: number;
  readonly #collect: () => void;
  readonly #workshop: string | undefined;
  #lines: Line[] = [];
  #sizeBytes = 0;
  #dropped = 0;
  #fd: number | null;
  #rewriting: NodeJS.Timeout | null = null;

  /**
   * `collect` is called before the log is written anew, for whoever has held lines back meanwhile; `workshop`: see
   * {@link replaceFileSync}. Throws a `disk-refused` failure where the file cannot be opened for appending.
   */
  constructor(path: string, budgetBytes: number, collect: () => void = () => {}, workshop?: string) {
    this.#path = path;
    this.#collect = collect;
    this.#workshop = workshop;
    this.#budgetBytes = budgetBytes - NOTE_BYTES;
    try {
      this.#fd = openSync(path, 'a+');
      const earlier = readFileSync(this.#fd, 'utf8');
      for (const text of earlier.split('\n')) if (text !== '') this.#recall(`${text}\n`);
      // Where the power went off in the middle of a line, that line must not swallow the next one.
      if (earlier !== '' && !earlier.endsWith('\n')) writeWholeSync(this.#fd, Buffer.from('\n'));
    } catch (error) {
      throw diskFailure(`The log ${path} cannot be written`, error);
    }
  }

  /** Whether it is full and waits to be written anew: until then no line reaches the disk. */
  get isHolding(): boolean {
    return this.#rewriting !== null;
  }

  /** Counts lines as dropped that were never made. */
  drop(lines: number): void {
    this.#dropped += lines;
  }

  write(text: string): void {
    if (this.#fd === null) return;
    const sizeBytes = Buffer.byteLength(text);
    if (sizeBytes > LONGEST_LINE_BYTES) {
      this.#dropped += 1;
      return;
    }
    this.#remember(text, sizeBytes);
    if (this.#sizeBytes > this.#budgetBytes) {
      this.#makeRoom();
      this.#rewriting ??= setTimeout(() => this.#rewrite(), REWRITE_MS).unref();
    }
    if (this.#rewriting !== null) return;
    try {
      writeWholeSync(this.#fd, Buffer.from(text));
    } catch {
      this.#end();
    }
  }

  close(): void {
    if (this.#rewriting !== null) this.#rewrite();
    this.#end();
  }

  #end(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  /** A line of an earlier run. */
  #recall(text: string): void {
    const dropped = /"event":"LogTrimmed","dropped":([0-9]+)/.exec(text)?.[1];
    if (dropped === undefined) this.#remember(text, Buffer.byteLength(text));
    else this.#dropped += Number(dropped);
  }

  #remember(text: string, sizeBytes: number): void {
    const level = /"level":"([a-z]+)"/.exec(text)?.[1] ?? '';
    this.#lines.push({ level: LEVELS.includes(level) ? level : 'debug', text, sizeBytes });
    this.#sizeBytes += sizeBytes;
  }

  #makeRoom(): void {
    const goalBytes = this.#budgetBytes * 0.75;
    for (const level of LEVELS) {
      this.#lines = this.#lines.filter((line) => {
        if (line.level !== level || this.#sizeBytes <= goalBytes) return true;
        this.#sizeBytes -= line.sizeBytes;
        this.#dropped += 1;
        return false;
      });
    }
  }

  #rewrite(): void {
    this.#collect();
    if (this.#rewriting !== null) clearTimeout(this.#rewriting);
    this.#rewriting = null;
    try {
      replaceFileSync(this.#path, this.#note() + this.#lines.map((line) => line.text).join(''), this.#workshop);
      this.#end();
      this.#fd = openSync(this.#path, 'a');
    } catch {
      this.#end();
    }
  }

  #note(): string {
    const { severity, message } = commonEvents.LogTrimmed;
    const event = { event: 'LogTrimmed', dropped: this.#dropped };
    return `${JSON.stringify({ level: severity, ...event, msg: message(event) })}\n`;
  }
}
