/** Below this, a rate says more about the start of a connection than about the link. */
const LEAST_MS = 250;
const LEAST_BYTES = 64 * 1024;

/** Measures what the link carries while something is asked of it: the time without a transfer does not count. */
export class LinkRate {
  readonly #nowMs: () => number;
  #bytes = 0;
  #busyMs = 0;
  #transfers = 0;
  #busySinceMs = 0;
  #beganMs: number | null = null;
  #firstByteMs: number | null = null;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  begin(): void {
    if (this.#transfers === 0) this.#busySinceMs = this.#nowMs();
    this.#transfers += 1;
    this.#beganMs ??= this.#busySinceMs;
  }

  count(bytes: number): void {
    this.#bytes += bytes;
    this.#firstByteMs ??= this.#nowMs() - (this.#beganMs ?? 0);
  }

  end(): void {
    this.#transfers -= 1;
    if (this.#transfers === 0) this.#busyMs += this.#nowMs() - this.#busySinceMs;
  }

  /** From the first request to the first byte of a file; `null` until then. */
  get firstByteMs(): number | null {
    return this.#firstByteMs;
  }

  /** `null` until enough was seen. */
  get bytesPerSecond(): number | null {
    const busyMs = this.#busyMs + (this.#transfers > 0 ? this.#nowMs() - this.#busySinceMs : 0);
    return busyMs < LEAST_MS || this.#bytes < LEAST_BYTES ? null : Math.round((this.#bytes * 1000) / busyMs);
  }
}
