import type { Interval, WindowType } from '../tasking/api.ts';
import { WINDOW_RULES } from '../tasking/rules.ts';

/** When a payload can be used. Pure; times are whole epoch seconds, and ends are exclusive. */

/**
 * The stretches of `asked` in which a whole window of this type fits, given the windows that its payload already has:
 * between two windows a payload shuts down (post-buffer) and starts up (pre-buffer).
 */
export function freeIntervals(
  asked: Interval,
  taken: readonly Interval[],
  type: WindowType,
  minimumSeconds: number,
): readonly Interval[] {
  const { preBufferSeconds, postBufferSeconds } = WINDOW_RULES[type];
  const gapSeconds = preBufferSeconds + postBufferSeconds;
  const free: Interval[] = [];
  let start = asked.start;
  for (const window of [...taken].sort((a, b) => a.start - b.start)) {
    free.push({ start, end: Math.min(asked.end, window.start - gapSeconds) });
    start = Math.max(start, window.end + gapSeconds);
  }
  free.push({ start, end: asked.end });
  return free.filter((interval) => interval.end - interval.start >= minimumSeconds);
}

/** The window that stands in the way of this one on the same payload; `null` where none does. */
export function conflict<T extends Interval>(wanted: Interval, taken: readonly T[], type: WindowType): T | null {
  const { preBufferSeconds, postBufferSeconds } = WINDOW_RULES[type];
  const gapSeconds = preBufferSeconds + postBufferSeconds;
  const inTheWay = (window: Interval): boolean =>
    wanted.start < window.end + gapSeconds && window.start < wanted.end + gapSeconds;
  return taken.find(inTheWay) ?? null;
}
