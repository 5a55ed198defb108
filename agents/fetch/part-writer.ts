import { Worker } from 'node:worker_threads';
import { diskFailure, Failure } from '../../shared/failure.ts';
import source from './part.worker.ts?source';

/** What the worker is given once. */
export interface WriterSetup {
  readonly ring: SharedArrayBuffer;
  readonly slotBytes: number;
}

/** A stretch from the start of a file, and its SHA-256 in hex. */
export interface Mark {
  readonly bytes: number;
  readonly sha256: string;
}

export type WriterCommand =
  | { readonly kind: 'open'; readonly path: string; readonly keptBytes: number; readonly mark: Mark | null }
  /** `last`: nothing more will come in this slot. */
  | {
      readonly kind: 'write';
      readonly slot: number;
      readonly offset: number;
      readonly length: number;
      readonly last: boolean;
    }
  | { readonly kind: 'finish' }
  | { readonly kind: 'release' }
  | { readonly kind: 'hash'; readonly path: string; readonly blockBytes: number | null };

export type WriterEvent =
  | { readonly kind: 'opened'; readonly sound: boolean; readonly sha256: string }
  | { readonly kind: 'emptied'; readonly slot: number }
  | ({ readonly kind: 'mark' } & Mark)
  | ({ readonly kind: 'finished' } & Mark)
  | { readonly kind: 'released' }
  | ({ readonly kind: 'hashed'; readonly blocks: readonly string[] } & Mark)
  | { readonly kind: 'failed'; readonly errno: string; readonly message: string };

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (failure: Failure) => void;
}

/** One is filled while the other is emptied. Smaller ones cost more turns of both threads' loops; a kill loses both. */
const SLOT_BYTES = 4 * 1024 * 1024;
const SLOTS = 2;

/** A slow link fills a slot in seconds: what has come is written at the latest after this, so that a kill loses little. */
const FLUSH_MS = 100;

/**
 * Writes one part at a time, hashing as it goes, on a thread of its own. Its memory is a ring of slots that the receiver
 * fills and the worker empties: no byte is copied between the threads. Bytes are taken in one of two ways: {@link space}
 * and {@link filled} for a receiver that can be told where to put them, {@link take} for one that cannot.
 */
export class PartWriter {
  readonly #ring = new SharedArrayBuffer(SLOT_BYTES * SLOTS);
  #worker: Worker | null = null;
  #free = everySlot();
  #slot: number | null = null;
  #filledBytes = 0;
  /** How much of the slot the worker was told of already. */
  #handedBytes = 0;
  #flush: NodeJS.Timeout | null = null;
  #path = '';
  #failure: Failure | null = null;
  #onMark: (mark: Mark) => void = () => {};
  /** Whoever awaits an answer of the worker, which answers in the order it was asked. */
  readonly #waiting: Waiting<WriterEvent>[] = [];
  #spaceWanted: Waiting<void> | null = null;

  /** Has the thread start, which takes its time, before it is known whether it is needed; it keeps no process alive. */
  start(): void {
    try {
      this.#worker ??= this.#startWorker();
      this.#worker.unref();
    } catch {
      // Whoever needs it meets that again.
    }
  }

  /**
   * Opens a part to be continued after `keptBytes`, which are hashed first. `sound` is false where they are not what
   * `mark` says they were; `sha256` is what they are. `onMark` hears what is durable from time to time. Rejects with a
   * disk failure, which whoever adds bytes meets too: the opening of a new part need not be awaited.
   */
  async open(
    path: string,
    keptBytes: number,
    mark: Mark | null,
    onMark: (mark: Mark) => void,
  ): Promise<{ readonly sound: boolean; readonly sha256: string }> {
    this.#path = path;
    this.#failure = null;
    this.#onMark = onMark;
    return expected(await this.#ask({ kind: 'open', path, keptBytes, mark }), 'opened');
  }

  /** Memory to be filled next; `null` while the worker is behind, and {@link whenSpace} tells when it is not. */
  space(): Uint8Array | null {
    if (this.#failure !== null) throw this.#failure;
    this.#slot ??= this.#free.pop() ?? null;
    if (this.#slot === null) return null;
    return new Uint8Array(this.#ring, this.#slot * SLOT_BYTES + this.#filledBytes, SLOT_BYTES - this.#filledBytes);
  }

  /** Whether {@link space} has something to say: memory, or why there will be none. */
  get hasSpace(): boolean {
    return this.#failure !== null || this.#slot !== null || this.#free.length > 0;
  }

  /** So many bytes of {@link space} were filled. */
  filled(bytes: number): void {
    this.#filledBytes += bytes;
    if (this.#filledBytes === SLOT_BYTES) this.#handOver(true);
    else this.#flush ??= setTimeout(() => this.#handOver(false), FLUSH_MS);
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
    this.#handOver(true);
    return expected(await this.#ask({ kind: 'finish' }), 'finished');
  }

  /** Has everything written that has come, and closes the part as it is. */
  async release(): Promise<void> {
    // Bytes that still wait for room are of a connection that is gone: they must not come to lie in the next part.
    this.#spaceWanted?.reject(new Failure('link-lost', 'The part was closed.'));
    this.#spaceWanted = null;
    this.#handOver(true);
    if (this.#failure === null) expected(await this.#ask({ kind: 'release' }), 'released');
  }

  /** Length and SHA-256 of a file as it is on the disk, and of its blocks where that is asked. Rejects with a disk failure. */
  async hash(path: string, blockBytes: number | null = null): Promise<Mark & { readonly blocks: readonly string[] }> {
    this.#path = path;
    this.#failure = null;
    return expected(await this.#ask({ kind: 'hash', path, blockBytes }), 'hashed');
  }

  /** Whoever receives may hold the rest of the slot as the place of its next bytes: only when it is done is it given up. */
  #handOver(last: boolean): void {
    if (this.#flush !== null) clearTimeout(this.#flush);
    this.#flush = null;
    if (this.#slot === null) return;
    const length = this.#filledBytes - this.#handedBytes;
    if (length > 0 || last) {
      this.#send({ kind: 'write', slot: this.#slot, offset: this.#handedBytes, length, last });
      this.#handedBytes = this.#filledBytes;
    }
    if (!last) return;
    this.#slot = null;
    this.#filledBytes = 0;
    this.#handedBytes = 0;
  }

  #send(command: WriterCommand): void {
    this.#worker ??= this.#startWorker();
    this.#worker.ref();
    this.#worker.postMessage(command);
  }

  #startWorker(): Worker {
    const workerData: WriterSetup = { ring: this.#ring, slotBytes: SLOT_BYTES };
    // It prints nothing: to join its streams to ours would take a tenth of its start.
    const worker = new Worker(source, { eval: true, execArgv: [], stdout: true, stderr: true, workerData });
    worker.on('message', (event: WriterEvent) => this.#hear(event));
    worker.on('error', (error) => {
      // It is gone, or never came about, with what was handed to it: the next file starts another.
      this.#worker = null;
      this.#free = everySlot().filter((slot) => slot !== this.#slot);
      this.#fail(new Failure('unforeseen', error.message, { cause: error }));
    });
    return worker;
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
      case 'emptied':
        this.#free.push(event.slot);
        this.#spaceWanted?.resolve();
        this.#spaceWanted = null;
        break;
      case 'failed': {
        const error = Object.assign(new Error(event.message), { code: event.errno });
        this.#fail(diskFailure(`${this.#path} cannot be written`, error));
        break;
      }
      default:
        this.#waiting.shift()?.resolve(event);
    }
  }

  #fail(failure: Failure): void {
    this.#failure = failure;
    this.#spaceWanted?.reject(failure);
    this.#spaceWanted = null;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(failure);
  }
}

function everySlot(): number[] {
  return Array.from({ length: SLOTS }, (_, slot) => slot);
}

function expected<Kind extends WriterEvent['kind']>(event: WriterEvent, kind: Kind): WriterEvent & { kind: Kind } {
  if (event.kind !== kind) throw new Failure('unforeseen', `The writer answers ${event.kind} instead of ${kind}.`);
  return event as WriterEvent & { kind: Kind };
}
