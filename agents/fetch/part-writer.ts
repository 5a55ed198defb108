import { Worker } from 'node:worker_threads';
import { diskFailure, Failure } from '../../shared/failure.ts';
import source from './part.worker.ts?source';

/** What the worker is given once. */
export interface WriterSetup {
  readonly ring: SharedArrayBuffer;
  readonly slotBytes: number;
}

interface Mark {
  readonly bytes: number;
  readonly sha256: string;
}

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (failure: Failure) => void;
}

export type WriterCommand =
  | { readonly kind: 'open'; readonly path: string; readonly keptBytes: number; readonly mark: Mark | null }
  | { readonly kind: 'write'; readonly slot: number; readonly length: number }
  | { readonly kind: 'finish' }
  | { readonly kind: 'release' }
  | { readonly kind: 'hash'; readonly path: string };

export type WriterEvent =
  | { readonly kind: 'opened'; readonly sound: boolean }
  | { readonly kind: 'written'; readonly slot: number }
  | ({ readonly kind: 'mark' } & Mark)
  | ({ readonly kind: 'finished' } & Mark)
  | { readonly kind: 'released' }
  | { readonly kind: 'failed'; readonly errno: string; readonly message: string };

const SLOT_BYTES = 1024 * 1024;
const SLOTS = 8;

/** A slow link fills a slot in seconds: what has come is written at the latest after this, so that a kill loses little. */
const FLUSH_MS = 100;

/**
 * Writes one file at a time, hashing as it goes, on a thread of its own. Its memory is a ring of slots that the receiver
 * fills and the worker empties: no byte is copied between the threads. Bytes are taken in one of two ways: {@link space}
 * and {@link filled} for a receiver that can be told where to put them, {@link take} for one that cannot.
 */
export class PartWriter {
  readonly #ring = new SharedArrayBuffer(SLOT_BYTES * SLOTS);
  readonly #worker: Worker;
  readonly #free: number[] = Array.from({ length: SLOTS }, (_, slot) => slot);
  #slot: number | null = null;
  #filledBytes = 0;
  #flush: NodeJS.Timeout | null = null;
  #path = '';
  #failure: Failure | null = null;
  #onMark: (mark: Mark) => void = () => {};
  /** Whoever awaits an answer of the worker, which answers in the order it was asked. */
  readonly #waiting: Waiting<WriterEvent>[] = [];
  #spaceWanted: Waiting<void> | null = null;

  constructor() {
    const workerData: WriterSetup = { ring: this.#ring, slotBytes: SLOT_BYTES };
    this.#worker = new Worker(source, { eval: true, execArgv: [], workerData });
    this.#worker.on('message', (event: WriterEvent) => this.#hear(event));
    this.#worker.on('error', (error) => this.#fail(new Failure('unforeseen', error.message, { cause: error })));
  }

  /**
   * Opens a part to be continued after `keptBytes`, which are hashed first. `false` where they are not what `mark` says
   * they were: then nothing is open. `onMark` hears what is durable from time to time. Rejects with a disk failure, which
   * whoever adds bytes meets too: a new part need not be awaited.
   */
  async open(path: string, keptBytes: number, mark: Mark | null, onMark: (mark: Mark) => void): Promise<boolean> {
    this.#path = path;
    this.#failure = null;
    this.#onMark = onMark;
    const event = await this.#ask({ kind: 'open', path, keptBytes, mark });
    return event.kind === 'opened' && event.sound;
  }

  /** Memory to be filled next; `null` while the worker is behind, and {@link whenSpace} tells when it is not. */
  space(): Uint8Array | null {
    if (this.#failure !== null) throw this.#failure;
    this.#slot ??= this.#free.pop() ?? null;
    if (this.#slot === null) return null;
    return new Uint8Array(this.#ring, this.#slot * SLOT_BYTES + this.#filledBytes, SLOT_BYTES - this.#filledBytes);
  }

  /** So many bytes of {@link space} were filled. */
  filled(bytes: number): void {
    this.#filledBytes += bytes;
    if (this.#filledBytes === SLOT_BYTES) this.#handOver();
    else this.#flush ??= setTimeout(() => this.#handOver(), FLUSH_MS);
  }

  whenSpace(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#spaceWanted = { resolve, reject };
    });
  }

  /** Copies bytes in. A promise means that there was no room for all of them yet: it is fulfilled when they are in. */
  take(chunk: Uint8Array): Promise<void> | undefined {
    let rest = chunk;
    for (;;) {
      const space = this.space();
      if (space === null) return this.whenSpace().then(() => this.take(rest));
      const bytes = Math.min(space.length, rest.length);
      space.set(rest.subarray(0, bytes));
      this.filled(bytes);
      if (bytes === rest.length) return undefined;
      rest = rest.subarray(bytes);
    }
  }

  /** Has everything written and synced. What it returns is the hash of what is in the file. */
  async finish(): Promise<Mark> {
    this.#handOver();
    return asMark(await this.#ask({ kind: 'finish' }));
  }

  /** Has everything written that has come, and closes the part as it is. */
  async release(): Promise<void> {
    this.#handOver();
    if (this.#failure === null) await this.#ask({ kind: 'release' });
  }

  /** Length and SHA-256 of a file, as it is on the disk. Throws a disk failure. */
  async hash(path: string): Promise<Mark> {
    this.#path = path;
    this.#failure = null;
    return asMark(await this.#ask({ kind: 'hash', path }));
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #handOver(): void {
    if (this.#flush !== null) clearTimeout(this.#flush);
    this.#flush = null;
    if (this.#slot === null || this.#filledBytes === 0) return;
    this.#send({ kind: 'write', slot: this.#slot, length: this.#filledBytes });
    this.#slot = null;
    this.#filledBytes = 0;
  }

  #send(command: WriterCommand): void {
    this.#worker.postMessage(command);
  }

  #ask(command: WriterCommand): Promise<WriterEvent> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#send(command);
    });
  }

  #hear(event: WriterEvent): void {
    switch (event.kind) {
      case 'mark':
        this.#onMark(event);
        break;
      case 'written': {
        this.#free.push(event.slot);
        const wanted = this.#spaceWanted;
        this.#spaceWanted = null;
        wanted?.resolve();
        break;
      }
      case 'failed': {
        const error = Object.assign(new Error(event.message), { code: event.errno });
        this.#fail(diskFailure(`${this.#path} cannot be written`, error));
        break;
      }
      default: {
        this.#waiting.shift()?.resolve(event);
      }
    }
  }

  #fail(failure: Failure): void {
    this.#failure = failure;
    this.#spaceWanted?.reject(failure);
    this.#spaceWanted = null;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(failure);
  }
}

function asMark(event: WriterEvent): Mark {
  if (event.kind !== 'finished') throw new Failure('unforeseen', `The writer answers ${event.kind} out of turn.`);
  return { bytes: event.bytes, sha256: event.sha256 };
}
