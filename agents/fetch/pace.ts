/** At less than this, in bytes per millisecond, no file but a small one would be whole within a minute's window. */
const LEAST_BYTES_PER_MS = 4;

const FIRST_GRACE_MS = 5_000;

/**
 * Tells a body that hardly comes, while others wait for its place, from one on a slow link. Its grace doubles every time:
 * where all are slow, and begin anew each time, every one is whole in the end.
 */
export class Pace {
  #graceMs = FIRST_GRACE_MS;
  #sinceMs: number | null = null;
  #bytes = 0;

  /** The body is asked for; its time begins with its first bytes. */
  begin(): void {
    this.#sinceMs = null;
    this.#bytes = 0;
  }

  /** Hears of every stretch of the body, and says whether it is to give way. */
  givesWay(bytes: number, nowMs: number, othersWait: () => boolean): boolean {
    this.#sinceMs ??= nowMs;
    this.#bytes += bytes;
    const tookMs = nowMs - this.#sinceMs;
    if (bytes === 0 || tookMs < this.#graceMs) return false;
    const isTrickle = this.#bytes < tookMs * LEAST_BYTES_PER_MS;
    this.begin();
    if (!isTrickle || !othersWait()) return false;
    this.#graceMs *= 2;
    return true;
  }
}
