import { createHash } from 'node:crypto';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { diskFailure } from '../../shared/failure.ts';
import { type EntityTag, parseEntityTag } from '../../shared/validator.ts';
import { removeIfPossible } from '../common/atomic-file.ts';
import { makeDirectorySync } from '../common/directory.ts';
import { bootId } from '../common/process-mark.ts';
import { type DeliveredRecord, Journal } from './journal.ts';
import { lockStateDirectory } from './lock.ts';

/** What an earlier attempt or run left of a file. */
export interface Kept {
  readonly path: string;
  readonly name: string;
  /** How many bytes from the start may be built upon. */
  readonly bytes: number;
  readonly sizeBytes: number | null;
  readonly etag: EntityTag | null;
  /** The last stretch from the start whose SHA-256 was noted down; what is on the disk must still have it. */
  readonly mark: { readonly bytes: number; readonly sha256: string } | null;
}

/** A version of a source, as its server describes it. */
export interface Version {
  readonly etag: string | null;
  readonly lastModified: string | null;
  readonly sizeBytes: number | null;
  /** It may become another one without any of this showing it. */
  readonly mayChangeUnseen: boolean;
}

/**
 * The state directory: bytes on their way, and the journal that says what they are. Only one run at a time is in it.
 *
 * ```
 * lock        the process that works here
 * journal     journal.ts
 * parts/      one file for each version of a source that is on its way
 * ```
 */
export class Stage {
  readonly directory: string;
  readonly #journal: Journal;
  readonly #unlock: () => void;
  readonly #boot = bootId();
  /** By output, the key of what earlier runs delivered there last. */
  readonly #owners: ReadonlyMap<string, string>;
  #serial = 0;

  /** Takes the directory over from earlier runs. Throws a disk failure, `state-in-use` or `state-unreadable`. */
  constructor(directory: string) {
    this.directory = directory;
    try {
      makeDirectorySync(this.#partsDirectory);
    } catch (error) {
      throw diskFailure(`The state directory ${directory} cannot be made`, error);
    }
    this.#unlock = lockStateDirectory(directory);
    try {
      this.#journal = new Journal(directory);
      this.#owners = new Map([...this.#journal.delivered.values()].map(({ output, key }) => [output, key]));
      this.#sweep();
    } catch (error) {
      this.#unlock();
      throw error;
    }
  }

  get damagedLines(): number {
    return this.#journal.damagedLines;
  }

  /** The key under which a source for an output is kept, from run to run. */
  keyOf(source: string, output: string): string {
    return createHash('sha256').update(`${source}\0${output}`).digest('hex').slice(0, 16);
  }

  /** What is kept of a file; `null` where that is nothing. */
  kept(key: string): Kept | null {
    const part = this.#journal.parts.get(key);
    if (part === undefined) return null;
    const path = join(this.#partsDirectory, part.name);
    const lengthBytes = statSync(path, { throwIfNoEntry: false })?.size;
    if (lengthBytes === undefined) return null;
    const mark = this.#journal.marks.get(key) ?? null;
    // After a reboot a file may have its length without its bytes: only what was synced counts.
    const durableBytes = this.#boot !== '' && part.boot === this.#boot ? lengthBytes : (mark?.bytes ?? 0);
    const bytes = Math.min(lengthBytes, durableBytes, part.sizeBytes ?? Number.POSITIVE_INFINITY);
    return {
      path,
      name: part.name,
      bytes,
      sizeBytes: part.sizeBytes,
      etag: part.etag === null ? null : parseEntityTag(part.etag),
      mark: mark !== null && mark.bytes <= bytes ? { bytes: mark.bytes, sha256: mark.sha256 } : null,
    };
  }

  /** Begins a version of a source: a new, empty part. What was kept of another version is gone. */
  begin(key: string, source: string, version: Version): Kept {
    this.drop(key);
    this.#serial += 1;
    const name = `${key}-${process.pid}-${this.#serial}`;
    const { etag, sizeBytes } = version;
    this.#journal.append({ kind: 'part', key, name, source, etag, sizeBytes, boot: this.#boot });
    return {
      path: join(this.#partsDirectory, name),
      name,
      bytes: 0,
      sizeBytes,
      etag: etag === null ? null : parseEntityTag(etag),
      mark: null,
    };
  }

  /** What is kept of a source is, by proof, the beginning of another version of it, which has only grown. */
  adopt(key: string, kept: Kept, source: string, version: Version): void {
    const { etag, sizeBytes } = version;
    this.#journal.append({ kind: 'part', key, name: kept.name, source, etag, sizeBytes, boot: this.#boot });
    if (kept.mark !== null) this.#journal.append({ kind: 'mark', key, name: kept.name, ...kept.mark });
  }

  /** Where a small file is written before it appears; what a kill leaves there is swept away by the next run. */
  smallPart(key: string): string {
    return join(this.#partsDirectory, `${key}-small`);
  }

  /** Notes that the first bytes of a part are durable. */
  mark(key: string, name: string, bytes: number, sha256: string): void {
    this.#journal.append({ kind: 'mark', key, name, bytes, sha256 });
    this.#journal.sync();
  }

  drop(key: string): void {
    const part = this.#journal.parts.get(key);
    if (part === undefined) return;
    const path = join(this.#partsDirectory, part.name);
    // A delivery takes the part away: of one that is still here it was noted, and did not come about.
    const undelivered = this.#journal.delivered.has(key) && existsSync(path);
    const note = (): void => this.#journal.append({ kind: 'dropped', key, undelivered });
    if (undelivered) {
      note();
      this.#journal.sync();
    }
    rmSync(path, { force: true });
    // Last, where that is as good: on a full disk there is room for it only now.
    if (!undelivered) note();
  }

  delivered(key: string): DeliveredRecord | null {
    return this.#journal.delivered.get(key) ?? null;
  }

  /** Whether something lies at an output that an earlier run delivered there under another key. */
  holdsOther(output: string, key: () => string): boolean {
    const owner = this.#owners.get(output);
    return owner !== undefined && owner !== key() && existsSync(output);
  }

  /**
   * Notes a delivery. Of a part it is noted, `durably`, before the output appears: should the power go in between, the
   * next run finds the part and the note. A small file has no part, and is noted after it appeared: lost, it comes again.
   */
  recordDelivered(record: DeliveredRecord, durably: boolean): void {
    if (!durably) {
      this.#journal.appendSoon(record);
      return;
    }
    this.#journal.append(record);
    this.#journal.sync();
  }

  close(): void {
    this.#journal.close();
    this.#unlock();
  }

  get #partsDirectory(): string {
    return join(this.directory, 'parts');
  }

  /** Parts that the journal does not know were begun as the power went: nothing is known about their bytes. */
  #sweep(): void {
    const known = new Set([...this.#journal.parts.values()].map((part) => part.name));
    for (const name of readdirSync(this.#partsDirectory)) {
      if (!known.has(name)) removeIfPossible(join(this.#partsDirectory, name));
    }
  }
}
