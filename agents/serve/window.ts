/**
 * The window that a run lives in. It is open, then closing (new requests are turned away, those under way go on), then
 * over (whatever is left is cut, and the report is written while there is still power).
 */
export type Phase = 'open' | 'closing' | 'over';

/** Kept free at the very end: the report takes an fsync, and flash may be slow. */
const MOST_MARGIN_MS = 500;

/** How long before that nothing new is begun. */
const MOST_CLOSING_MS = 2000;

/** How long a run that a signal ends may take to finish what is under way: a satellite that signals is about to cut power. */
export const SIGNAL_GRACE_MS = 1000;

/** Which phase it is with `leftMs` of a window that lasts `allowedMs`; a short window keeps less time free. */
export function phaseAt(leftMs: number, allowedMs: number): Phase {
  const marginMs = Math.min(MOST_MARGIN_MS, allowedMs / 20);
  if (leftMs <= marginMs) return 'over';
  return leftMs <= marginMs + Math.min(MOST_CLOSING_MS, allowedMs / 10) ? 'closing' : 'open';
}

/** When a run ends: after a duration, at a moment of the wall clock, at whichever is first, or not by itself. */
export interface WindowEnd {
  readonly durationMs: number | null;
  readonly untilEpochMs: number | null;
}

/**
 * How much of the window is left. The duration is monotonic, from the start of the process. A moment of the wall clock is
 * compared anew each time, because a payload's clock may be set right in mid-window.
 */
export function leftOfWindowMs(end: WindowEnd, elapsedMs: number, nowEpochMs: number): number {
  const byDurationMs = end.durationMs === null ? Number.POSITIVE_INFINITY : end.durationMs - elapsedMs;
  const byClockMs = end.untilEpochMs === null ? Number.POSITIVE_INFINITY : end.untilEpochMs - nowEpochMs;
  return Math.min(byDurationMs, byClockMs);
}
