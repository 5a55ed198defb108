import { createHash } from 'node:crypto';
import { closeSync, fdatasyncSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { diskFailure, Failure } from '../../shared/failure.ts';
import { replaceFileSync, writeWholeSync } from '../common/atomic-file.ts';

/** What is kept of a file that is on its way. */
export interface PartRecord {
  readonly kind: 'part';
  readonly key: string;
  /** The file below `parts/` that holds the bytes; every version of a source has one of its own. */
  readonly name: string;
  readonly source: string;
  /** As the server wrote it; `null` where it gives none, and then the part is never continued. */
  readonly etag: string | null;
  readonly sizeBytes: number | null;
  /** The boot in which it was begun: until the next one the kernel keeps every byte written, synced or not. */
  readonly boot: string;
}

/** The first `bytes` of a part are on the disk for good, and this is their SHA-256. */
export interface MarkRecord {
  readonly kind: 'mark';
  readonly key: string;
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A file is whole and about to appear, or has appeared, at its output. */
export interface DeliveredRecord {
  readonly kind: 'delivered';
  readonly key: string;
  readonly output: string;
  readonly etag: string | null;
  readonly lastModified: string | null;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly verified: 'sha-256' | 'length';
}

/** Nothing is kept of a file any more. */
export interface DroppedRecord {
  readonly kind: 'dropped';
  readonly key: string;
  /** Its delivery was noted, and did not come about. */
  readonly undelivered?: boolean;
}

export type JournalRecord = PartRecord | MarkRecord | DeliveredRecord | DroppedRecord;

/** Of what was delivered the latest are remembered: a year of windows must not make every start slower. */
const MOST_DELIVERIES = 20_000;

const FORMAT = 'payload-fetch-journal';
const VERSION = 1;
const FIRST_LINE = `${FORMAT}/${VERSION}`;

/**
 * The memory of the state directory: an append-only file, a record (or a list of those that were made together) a line,
 * each line led by the start of its own SHA-256. A line that power loss cut short, or that a disk has changed, fails its
 * checksum and is passed over, so that at most the files it speaks of begin anew. The file is rewritten, with what still
 * counts, when a run begins.
 */
export class Journal {
  readonly #path: string;
  #fd: number;
  #soon: JournalRecord[] = [];
  /** What was appended last may be the half of a line, as on a full disk: the next one must not be joined to it. */
  #torn = false;
  /** Lines that could not be read when it was opened, not counting one that was cut short at the end. */
  readonly damagedLines: number;
  readonly parts = new Map<string, PartRecord>();
  readonly marks = new Map<string, MarkRecord>();
  readonly delivered = new Map<string, DeliveredRecord>();

  /** Throws `state-unreadable` for a journal of a newer version, or a disk failure; both leave it as it is. */
  constructor(directory: string) {
    this.#path = join(directory, 'journal');
    try {
      const text = readFileSync(this.#path, { encoding: 'utf8', flag: 'a+' });
      const lines = text.split('\n');
      const cutShort = lines.pop() !== '';
      const records = lines.flatMap(readLine);
      const version = newerVersion(lines[0] ?? '');
      if (version !== null) {
        throw new Failure('state-unreadable', `The journal ${this.#path} is of a newer version (${version}).`);
      }
      for (const record of records) if (record !== null && typeof record === 'object') this.#apply(record);
      this.damagedLines = records.filter((record) => record === null).length + (cutShort && lines.length === 0 ? 1 : 0);
      replaceFileSync(this.#path, [FIRST_LINE, ...this.#current()].map(formatLine).join(''));
      this.#fd = openSync(this.#path, 'a');
    } catch (error) {
      throw error instanceof Failure ? error : diskFailure(`The journal ${this.#path} cannot be kept`, error);
    }
  }

  /** Appends records; they survive this process at once, and a power cut after {@link sync}. */
  append(...records: readonly JournalRecord[]): void {
    this.#write(records);
    for (const record of records) this.#apply(record);
  }

  /** Appends a record that is no harm to lose: many of them become one line, when the event loop turns. */
  appendSoon(record: JournalRecord): void {
    if (this.#soon.length === 0) setImmediate(() => this.#writeIfPossible());
    this.#soon.push(record);
    this.#apply(record);
  }

  sync(): void {
    try {
      fdatasyncSync(this.#fd);
    } catch (error) {
      throw diskFailure(`The journal ${this.#path} cannot be written`, error);
    }
  }

  close(): void {
    this.#writeIfPossible();
    closeSync(this.#fd);
  }

  #writeIfPossible(): void {
    try {
      this.#write([]);
    } catch {
      // What it would have said is lost; a record that matters meets the same disk.
    }
  }

  #write(records: readonly JournalRecord[]): void {
    const soon = this.#soon.splice(0);
    const text = [...(soon.length > 0 ? [soon] : []), ...records].map(formatLine).join('');
    if (text === '') return;
    try {
      writeWholeSync(this.#fd, Buffer.from(`${this.#torn ? '\n' : ''}${text}`));
      this.#torn = false;
    } catch (error) {
      this.#torn = true;
      throw diskFailure(`The journal ${this.#path} cannot be written`, error);
    }
  }

  #apply(record: JournalRecord): void {
    const { key } = record;
    if (record.kind === 'mark') {
      if (this.parts.get(key)?.name === record.name) this.marks.set(key, record);
      return;
    }
    // A part stays beside the record of its delivery until the next one: a kill may come between the two.
    if (record.kind === 'part') {
      this.parts.set(key, record);
      this.marks.delete(key);
    } else if (record.kind === 'delivered') {
      // At its end, since the latest are remembered.
      this.delivered.delete(key);
      this.delivered.set(key, record);
    } else {
      this.parts.delete(key);
      this.marks.delete(key);
      if (record.undelivered) this.delivered.delete(key);
    }
  }

  #current(): JournalRecord[] {
    return [...[...this.delivered.values()].slice(-MOST_DELIVERIES), ...this.parts.values(), ...this.marks.values()];
  }
}

function formatLine(content: JournalRecord | readonly JournalRecord[] | string): string {
  const json = JSON.stringify(content);
  return `${checksum(json)} ${json}\n`;
}

/** The number in the first line, if it is a newer one; believed without its checksum, which may be made otherwise by then. */
function newerVersion(firstLine: string): number | null {
  const number = new RegExp(`${FORMAT}/([0-9]{1,6})\\b`).exec(firstLine)?.[1];
  return Number(number ?? VERSION) > VERSION ? Number(number) : null;
}

/** `null` for a line that is damaged; a text is the version that the first line tells. */
function readLine(line: string): JournalRecord | JournalRecord[] | string | null {
  const json = line.slice(9);
  if (line.charAt(8) !== ' ' || line.slice(0, 8) !== checksum(json)) return null;
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
