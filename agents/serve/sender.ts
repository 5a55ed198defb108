import { read as readFile } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { type ByteRange, rangeSizeBytes } from '../../shared/range.ts';
import type { Body } from './answer.ts';
import type { BufferPool } from './buffer-pool.ts';

/** A transfer that ended before the length that was promised. `message` is a clause for the log. */
export class TransferCutError extends Error {}

/** A reader that takes a buffer within this time keeps up, and is lent larger ones. */
const KEEPS_UP_MS = 100;

/**
 * Writes the body of one response, never faster than its reader takes it and never slower than the lowest rate allows.
 * `sentBytes` counts what has been handed to the system.
 */
export class Sender {
  sentBytes = 0;
  readonly #response: ServerResponse;
  readonly #pool: BufferPool;
  readonly #lowestRateBytesPerSecond: number;
  #fail: ((error: Error) => void) | null = null;

  constructor(response: ServerResponse, pool: BufferPool, lowestRateBytesPerSecond: number) {
    this.#response = response;
    this.#pool = pool;
    this.#lowestRateBytesPerSecond = lowestRateBytesPerSecond;
    response.once('close', () => this.#fail?.(new TransferCutError('the client went away')));
  }

  /** Throws a {@link TransferCutError}, or what the file system throws, where the body cannot be sent to its end. */
  async send(body: Exclude<Body, { kind: 'bytes' }>): Promise<void> {
    if (body.kind === 'stream') {
      for await (const chunk of body.chunks) await this.#write(chunk);
      return;
    }
    for (const piece of body.pieces) {
      if ('first' in piece) await this.#sendRange(body.file.fd, piece);
      else await this.#write(piece);
    }
  }

  /** Reads the next stretch of the file into one buffer while the other is written (docs/payload-serve.md, "Speed"). */
  async #sendRange(fd: number, range: ByteRange): Promise<void> {
    let position = range.first;
    let unreadBytes = rangeSizeBytes(range);
    let idle = this.#pool.take();
    let filling = this.#pool.take();
    const fill = (): Promise<number> => {
      const lengthBytes = Math.min(filling.length, unreadBytes);
      const filled = readAt(fd, filling, lengthBytes, position);
      position += lengthBytes;
      unreadBytes -= lengthBytes;
      const whole = filled.then((sizeBytes) => {
        if (sizeBytes < lengthBytes) throw new TransferCutError('the file became shorter while it was sent');
        return sizeBytes;
      });
      // Whoever awaits it hears of its failure; until then a failure is not one that nobody handles.
      whole.catch(() => {});
      return whole;
    };
    let filled: Promise<number> | null = fill();
    try {
      while (filled !== null) {
        const sizeBytes = await filled;
        [idle, filling] = [filling, idle];
        filled = unreadBytes > 0 ? fill() : null;
        const startedMs = performance.now();
        await this.#write(idle.subarray(0, sizeBytes));
        idle = this.#pool.trade(idle, performance.now() - startedMs < KEEPS_UP_MS);
      }
    } finally {
      // A read that is under way still writes into its buffer, and holds the file.
      await filled?.catch(() => 0);
      this.#pool.release(idle);
      this.#pool.release(filling);
    }
  }

  #write(bytes: Uint8Array): Promise<void> {
    const patienceMs = (bytes.length / this.#lowestRateBytesPerSecond) * 1000 + 1000;
    return new Promise<void>((resolve, reject) => {
      const settle = (error?: Error | null): void => {
        clearTimeout(timer);
        this.#fail = null;
        if (error) reject(error instanceof TransferCutError ? error : new TransferCutError('the connection broke'));
        else resolve();
      };
      const timer = setTimeout(() => settle(new TransferCutError('the client reads too slowly')), patienceMs);
      if (this.#response.destroyed) return settle(new TransferCutError('the client went away'));
      this.#fail = settle;
      this.#response.write(bytes, settle);
    }).then(() => {
      this.sentBytes += bytes.length;
    });
  }
}

/** Reads until the length is there or the file ends: a read may give less than it was asked for. */
async function readAt(fd: number, buffer: Buffer, lengthBytes: number, position: number): Promise<number> {
  let done = 0;
  while (done < lengthBytes) {
    const more = await readOnce(fd, buffer, done, lengthBytes - done, position + done);
    if (more === 0) break;
    done += more;
  }
  return done;
}

function readOnce(fd: number, buffer: Buffer, offset: number, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    readFile(fd, buffer, offset, length, position, (error, sizeBytes) => (error ? reject(error) : resolve(sizeBytes)));
  });
}
