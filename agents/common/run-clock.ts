/**
 * Time within a run. A payload's wall clock may start at 1970 and be set right in mid-window, so every duration and
 * every deadline is monotonic and counts from the start of the process; the wall clock only labels.
 */

/** Milliseconds since the process started. */
export function elapsedMs(): number {
  return Math.round(performance.now());
}
