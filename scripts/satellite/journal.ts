import type { Severity } from '../../shared/event.ts';

/** One thing that happened, for whoever looks at the page or at the terminal. */
export interface JournalEntry {
  readonly number: number;
  /** The satellite's time, in milliseconds since the epoch. */
  readonly atMs: number;
  readonly satelliteId: string;
  readonly severity: Severity;
  readonly message: string;
}

/** How many entries are kept. */
const KEPT = 500;

/** What happened, in order, and a call for everything that changed, told or not. */
export class Journal {
  readonly #nowMs: () => number;
  readonly #readers = new Set<(entry: JournalEntry) => void>();
  readonly #watchers = new Set<() => void>();
  #entries: JournalEntry[] = [];
  #number = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  tell(satelliteId: string, severity: Severity, message: string): void {
    this.#number += 1;
    const entry = { number: this.#number, atMs: this.#nowMs(), satelliteId, severity, message };
    this.#entries = [...this.#entries.slice(1 - KEPT), entry];
    for (const reader of this.#readers) reader(entry);
    this.changed();
  }

  /** Says that something is no longer as it was. */
  changed(): void {
    for (const watcher of this.#watchers) watcher();
  }

  onEntry(reader: (entry: JournalEntry) => void): void {
    this.#readers.add(reader);
  }

  /** Returns what ends the watch. */
  onChange(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}
