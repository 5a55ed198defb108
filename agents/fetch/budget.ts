import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Keeps what lies in the outbox under a number of bytes: what is downlinked is paid for. */
export class Budget {
  readonly #limitBytes: number | null;
  #usedBytes: number;

  /** `usedBytes` is what lies there already, and what the run itself will leave there. `null` is no limit. */
  constructor(limitBytes: number | null, usedBytes: number) {
    this.#limitBytes = limitBytes;
    this.#usedBytes = usedBytes;
  }

  /** How many bytes more may be published; infinite without a limit. */
  get leftBytes(): number {
    return this.#limitBytes === null ? Number.POSITIVE_INFINITY : Math.max(0, this.#limitBytes - this.#usedBytes);
  }

  /** Sets bytes aside for a file that is about to be fetched; `false` where there are not as many. */
  reserve(sizeBytes: number): boolean {
    if (sizeBytes > this.leftBytes) return false;
    this.#usedBytes += sizeBytes;
    return true;
  }

  /** Gives back what was set aside for a file that did not come after all. */
  release(sizeBytes: number): void {
    this.#usedBytes -= sizeBytes;
  }
}

/** How many bytes lie in an outbox once each of `growing` that is there has become as long as it may. */
export function bytesInOutbox(outbox: string, growing: ReadonlyMap<string, number>): number {
  let total = bytesBelow(outbox);
  for (const [path, mostBytes] of growing) {
    if (path.startsWith(`${outbox}/`)) total += Math.max(0, mostBytes - sizeOf(path));
  }
  return total;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** How many bytes lie in a directory and below it; what vanishes meanwhile, or cannot be read, counts for nothing. */
function bytesBelow(directory: string): number {
  let total = 0;
  try {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) total += bytesBelow(path);
      else total += sizeOf(path);
    }
  } catch {
    // Counted as far as it could be.
  }
  return total;
}
