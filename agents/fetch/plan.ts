/** A file that waits for its turn, as far as the order depends on it. */
export interface Candidate {
  /** Higher goes first. */
  readonly priority: number;
  /** What is still to come; `null` where that is not known. */
  readonly leftBytes: number | null;
  /** The body may have no end: its server was asked for the size and told none, or it came so slowly that it gave way. */
  readonly isEndless: boolean;
}

/** What is left of the window, and what the link was measured to carry. */
export interface Room {
  /** `null` without an end. */
  readonly leftMs: number | null;
  /** `null` until it was measured. */
  readonly bytesPerSecond: number | null;
}

/** Between two files: a request, a digest, a sync. */
const OVERHEAD_MS = 50;

/** The order of files, for sorting: the higher priority first, then what finishes soonest. */
export function inOrder(a: Candidate, b: Candidate): number {
  // What has no known size may be small: it is soon learnt. What is not learnt goes last.
  return (
    b.priority - a.priority || Number(a.isEndless) - Number(b.isEndless) || (a.leftBytes ?? 0) - (b.leftBytes ?? 0)
  );
}

/**
 * Whether a file would be whole before the window ends. What is not known is hoped for. A file that does not fit gives way
 * to those that do; when none does, the first goes on all the same: what comes of it is kept for the next window.
 */
export function fits({ leftBytes }: Candidate, { leftMs, bytesPerSecond }: Room): boolean {
  if (leftMs === null || leftBytes === null || bytesPerSecond === null) return true;
  return (leftBytes * 1000) / bytesPerSecond + OVERHEAD_MS <= leftMs;
}

/**
 * How long the next window should last for what is left, in whole seconds: at the measured rate, a tenth more for its
 * changes, and what a rendezvous and the margin take. `null` where nothing is left or the rate is not known.
 */
export function secondsToAskFor(leftBytes: number, bytesPerSecond: number | null, marginMs: number): number | null {
  if (leftBytes === 0 || bytesPerSecond === null) return null;
  const RENDEZVOUS_S = 5;
  return Math.ceil((leftBytes * 1.1) / bytesPerSecond + marginMs / 1000 + RENDEZVOUS_S);
}
