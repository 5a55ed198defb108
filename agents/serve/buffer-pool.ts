/** Large enough that a system call's cost is lost in it, and two of them small enough for the cache of a Cortex-A53. */
const LARGE_BYTES = 256 * 1024;
const SMALL_BYTES = 64 * 1024;

/** Four senders at full speed, each with two. */
const MOST_LARGE = 8;

/**
 * The buffers that files are sent through. Each sender has two, so that one is read into while the other is written. It
 * starts with small ones and is lent large ones as long as its reader keeps up; there are so few of these that 64 slow
 * readers cost 10 MiB, however large their files are.
 */
export class BufferPool {
  readonly #large: Buffer[] = [];
  readonly #small: Buffer[] = [];
  #largeMade = 0;

  take(): Buffer {
    return this.#small.pop() ?? Buffer.allocUnsafeSlow(SMALL_BYTES);
  }

  /** Trades a buffer whose bytes are written for the one to read into next. */
  trade(buffer: Buffer, readerKeepsUp: boolean): Buffer {
    const isLarge = buffer.length === LARGE_BYTES;
    if (readerKeepsUp === isLarge) return buffer;
    const next = readerKeepsUp ? this.#takeLarge() : this.take();
    if (next === null) return buffer;
    this.release(buffer);
    return next;
  }

  release(buffer: Buffer): void {
    (buffer.length === LARGE_BYTES ? this.#large : this.#small).push(buffer);
  }

  #takeLarge(): Buffer | null {
    const kept = this.#large.pop();
    if (kept !== undefined) return kept;
    if (this.#largeMade === MOST_LARGE) return null;
    this.#largeMade += 1;
    return Buffer.allocUnsafeSlow(LARGE_BYTES);
  }
}
