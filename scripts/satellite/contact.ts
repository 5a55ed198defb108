/** What one contact between ground and satellite moves. Pure: the counters of the items are what changes. */

/** A file that crosses in pieces, contact by contact. */
export interface Crossing {
  readonly sizeBytes: number;
  sentBytes: number;
}

/** The start of the first contact at or after `nowMs`: contacts come at every multiple of the interval. */
export function contactAt(nowMs: number, everyMs: number): number {
  return Math.ceil(nowMs / everyMs) * everyMs;
}

/**
 * Moves files until the contact's bytes are used up, one after the other in the order given; a file that is cut by the
 * end of the contact goes on at the next. Returns those that have wholly crossed, empty files among them.
 */
export function cross<T extends Crossing>(queue: readonly T[], contactBytes: number): readonly T[] {
  let leftBytes = contactBytes;
  const crossed: T[] = [];
  for (const item of queue) {
    const movedBytes = Math.min(leftBytes, item.sizeBytes - item.sentBytes);
    item.sentBytes += movedBytes;
    leftBytes -= movedBytes;
    if (item.sentBytes === item.sizeBytes) crossed.push(item);
    if (leftBytes === 0 && item.sentBytes < item.sizeBytes) break;
  }
  return crossed;
}

/** The order on the way down: small files first, so that reports arrive before what they are about. */
export function smallestFirst<T extends Crossing>(queue: readonly T[]): readonly T[] {
  return [...queue].sort((a, b) => a.sizeBytes - b.sizeBytes);
}
