import { read, readSync, writeSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { type ByteRange, rangeSizeBytes } from '../../shared/range.ts';
import type { Body } from './answer.ts';
import type { BufferPool } from './buffer-pool.ts';
import { identityOf, type OpenEntry } from './file-store.ts';

/** A transfer that ended before the length that was promised. `message` is a clause for the log. */
export class TransferCutError extends Error {}

/** A reader that takes a buffer within this time keeps up, and is lent larger ones. */
const KEEPS_UP_MS = 100;

/** A read that takes longer than this came from the disk. */
const FROM_CACHE_MS = 4;

/** After a read from the disk so many are left to the thread pool before the cache is tried again. */
const READS_IN_POOL = 32;

/** How often it is looked whether the reader keeps to the lowest rate. */
const WATCH_MS = 1000;

/** A reader as fast as memory never makes a write wait: after so long, everybody else has a turn. */
const TURN_MS = 5;

/** Linux wakes a writer when a third of its send buffer is free, which grows up to 4 MiB (tcp(7), tcp_wmem). */
const WAKING_BYTES = (4 * 1024 * 1024) / 3;

/** How long a reader of the lowest rate may keep bytes waiting; what it takes at first is not seen from here. */
export function patienceMs(sizeBytes: number, lowestRateBytesPerSecond: number): number {
  return ((sizeBytes + WAKING_BYTES) / lowestRateBytesPerSecond) * 1000;
}

/**
 * Writes the body of one response, never faster than its reader takes it and never slower than the lowest rate allows.
 * Tells `sent` of all bytes that have been handed to the system, as they are.
 */
export class Sender {
  readonly #response: ServerResponse;
  readonly #pool: BufferPool;
  readonly #lowestRateBytesPerSecond: number;
  readonly #sent: (sizeBytes: number) => void;
  #fail: ((error: Error) => void) | null = null;
  #readsInPool = 0;
  /** The header goes with the first bytes, through the stream. */
  #begun = false;
  #deadlineMs = Number.POSITIVE_INFINITY;

  constructor(
    response: ServerResponse,
    pool: BufferPool,
    lowestRateBytesPerSecond: number,
    sent: (sizeBytes: number) => void,
  ) {
    this.#response = response;
    this.#pool = pool;
    this.#lowestRateBytesPerSecond = lowestRateBytesPerSecond;
    this.#sent = sent;
    response.once('close', () => this.#fail?.(new TransferCutError('the client went away')));
  }

  /** Throws a {@link TransferCutError}, or what the file system throws, where the body cannot be sent to its end. */
  async send(body: Exclude<Body, { kind: 'text' | 'bytes' }>): Promise<void> {
    // One for the whole body: a timer for each buffer would cost more than sending it.
    const watch = setInterval(() => {
      if (performance.now() > this.#deadlineMs) this.#fail?.(new TransferCutError('the client reads too slowly'));
    }, WATCH_MS);
    try {
      if (body.kind === 'stream') {
        for await (const chunk of body.chunks) await this.#queue(chunk);
        return;
      }
      for (const piece of body.pieces) {
        if ('first' in piece) await this.#sendRange(body.file, piece);
        else await this.#queue(piece);
      }
    } finally {
      clearInterval(watch);
    }
  }

  /** Reads the next stretch of the file while the rest of the one before is on its way (docs/payload-serve.md, "Speed"). */
  async #sendRange(file: OpenEntry, range: ByteRange): Promise<void> {
    let position = range.first;
    let unreadBytes = rangeSizeBytes(range);
    let next = this.#pool.take();
    let other = this.#pool.take();
    let turnMs = performance.now();
    const fill = (): Filled => {
      const lengthBytes = Math.min(next.length, unreadBytes);
      const filled = this.#read(file.fd, next, lengthBytes, position);
      position += lengthBytes;
      unreadBytes -= lengthBytes;
      return filled;
    };
    let filled: Filled | null = null;
    try {
      filled = fill();
      while (filled !== null) {
        const sizeBytes: number = typeof filled === 'number' ? filled : await filled;
        if (unreadBytes === 0) refuseOtherState(file);
        const startedMs = performance.now();
        const written = this.#write(next.subarray(0, sizeBytes));
        if (written === null) next = this.#pool.trade(next, true);
        else [next, other] = [other, next];
        filled = unreadBytes > 0 ? fill() : null;
        if (written !== null) {
          await written;
          other = this.#pool.trade(other, performance.now() - startedMs < KEEPS_UP_MS);
        }
        if (performance.now() - turnMs > TURN_MS) {
          await new Promise(setImmediate);
          turnMs = performance.now();
        }
      }
    } finally {
      // A read that is under way still writes into its buffer, and holds the file.
      if (filled instanceof Promise) await filled.catch(() => 0);
      this.#pool.release(next);
      this.#pool.release(other);
    }
  }

  /**
   * Reads the whole length. What lies in the cache of the system is read here and now: half the CPU of asking the thread
   * pool. A read that turns out to come from the disk has held up everybody, and so the next ones are left to the pool.
   */
  #read(fd: number, buffer: Buffer, lengthBytes: number, position: number): Filled {
    if (this.#readsInPool > 0) {
      this.#readsInPool -= 1;
      const filled = readInPool(fd, buffer, lengthBytes, position);
      // Whoever awaits it hears of its failure; until then a failure is not one that nobody handles.
      filled.catch(() => {});
      return filled;
    }
    const startedMs = performance.now();
    let done = 0;
    while (done < lengthBytes) {
      const more = readSync(fd, buffer, done, lengthBytes - done, position + done);
      if (more === 0) throw new TransferCutError(SHORTER);
      done += more;
    }
    if (performance.now() - startedMs > FROM_CACHE_MS) this.#readsInPool = READS_IN_POOL;
    return lengthBytes;
  }

  /** `null` where the system has taken everything at once, and there is nothing to wait for. */
  #write(bytes: Uint8Array): Promise<void> | null {
    const takenBytes = this.#writeNow(bytes);
    this.#sent(takenBytes);
    return takenBytes === bytes.length ? null : this.#queue(bytes.subarray(takenBytes));
  }

  /**
   * Gives the system what it takes without waiting, past Node's streams, which cost up to a third of the speed. Only while
   * nothing is queued in them, so that the order is kept: what does not fit is queued, and so is what follows it until
   * that has gone. The body has a Content-Length: nothing but its bytes stands between the header and its end.
   */
  #writeNow(bytes: Uint8Array): number {
    if (!this.#begun) return 0;
    const { socket } = this.#response;
    // Node has no public name for the descriptor of a socket.
    const fd = (socket as { _handle?: { fd?: number } } | null)?._handle?.fd ?? -1;
    if (fd < 0 || socket?.writableLength !== 0 || this.#response.writableLength !== 0) return 0;
    try {
      return writeSync(fd, bytes);
    } catch {
      // EAGAIN; whatever else it is, the stream meets it too and tells.
      return 0;
    }
  }

  #queue(bytes: Uint8Array): Promise<void> {
    this.#begun = true;
    this.#deadlineMs = performance.now() + patienceMs(bytes.length, this.#lowestRateBytesPerSecond);
    const queued = new Promise<void>((resolve, reject) => {
      const settle = (error?: Error | null): void => {
        this.#fail = null;
        if (error) {
          reject(error instanceof TransferCutError ? error : new TransferCutError('the connection broke'));
          return;
        }
        this.#sent(bytes.length);
        resolve();
      };
      if (this.#response.destroyed) {
        settle(new TransferCutError('the client went away'));
        return;
      }
      this.#fail = settle;
      this.#response.write(bytes, settle);
    });
    // Whoever awaits it hears of its failure; until then a failure is not one that nobody handles.
    queued.catch(() => {});
    return queued;
  }
}

/** How much was read, now or soon. */
type Filled = number | Promise<number>;

/**
 * Called with the last bytes in hand: what was sent before them must not be of an earlier state than they are. A file
 * that has grown is a log that goes on; one of the same size with a new time was changed in place.
 */
function refuseOtherState({ fd, identity }: OpenEntry): void {
  const now = identityOf(fd);
  if (now.sizeBytes === identity.sizeBytes && now.modifiedNs !== identity.modifiedNs) {
    throw new TransferCutError('the file was changed while it was sent');
  }
}

const SHORTER = 'the file became shorter while it was sent';

async function readInPool(fd: number, buffer: Buffer, lengthBytes: number, position: number): Promise<number> {
  let done = 0;
  while (done < lengthBytes) {
    const more = await new Promise<number>((resolve, reject) => {
      read(fd, buffer, done, lengthBytes - done, position + done, (error, sizeBytes) =>
        error ? reject(error) : resolve(sizeBytes),
      );
    });
    if (more === 0) throw new TransferCutError(SHORTER);
    done += more;
  }
  return lengthBytes;
}
