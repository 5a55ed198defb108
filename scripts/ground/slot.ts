import type { Interval } from '../tasking/api.ts';

/** What has to fit: both windows whole, the SABERTOOTH's `offsetSeconds` after the SDR's. */
export interface SlotShape {
  readonly sdrSeconds: number;
  readonly sabertoothSeconds: number;
  readonly offsetSeconds: number;
}

/** Where the operator takes windows, by payload. */
export interface Availability {
  readonly sdr: readonly Interval[];
  readonly sabertooth: readonly Interval[];
}

/**
 * The earliest start of the SDR's window, in epoch seconds and not before `notBefore`, at which both windows lie whole
 * within what is available; `null` where there is none. It can only be the earliest moment itself, or one at which a
 * stretch of availability opens for either window.
 */
export function earliestSlot(available: Availability, shape: SlotShape, notBefore: number): number | null {
  const sdr = joined(available.sdr);
  const sabertooth = joined(available.sabertooth);
  const openings = [
    notBefore,
    ...sdr.map((interval) => interval.start),
    ...sabertooth.map((interval) => interval.start - shape.offsetSeconds),
  ];
  const fits = (start: number): boolean =>
    start >= notBefore &&
    holds(sdr, start, shape.sdrSeconds) &&
    holds(sabertooth, start + shape.offsetSeconds, shape.sabertoothSeconds);
  return openings.sort((a, b) => a - b).find(fits) ?? null;
}

function holds(intervals: readonly Interval[], start: number, seconds: number): boolean {
  return intervals.some((interval) => interval.start <= start && start + seconds <= interval.end);
}

/** In order, with what touches or overlaps made one. */
function joined(intervals: readonly Interval[]): readonly Interval[] {
  const result: Interval[] = [];
  for (const interval of [...intervals].sort((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last !== undefined && interval.start <= last.end) {
      result[result.length - 1] = { start: last.start, end: Math.max(last.end, interval.end) };
    } else {
      result.push(interval);
    }
  }
  return result;
}
