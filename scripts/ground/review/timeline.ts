import type { Flown } from './flown.ts';
import { pathOf } from './outcome.ts';
import { type Pass, runSpanMs, traceTransfers } from './pass.ts';

/** A stretch of the timeline, in milliseconds since its beginning. */
export interface Bar {
  readonly startMs: number;
  readonly endMs: number;
}

/** A pass laid out in time, ready to be drawn. */
export interface Timeline {
  readonly lengthMs: number;
  readonly rows: readonly {
    readonly label: string;
    /** When the window was to run; `null` where that is not known. */
    readonly planned: Bar | null;
    /** When its program ran. */
    readonly ran: Bar | null;
  }[];
  /** When both programs ran. */
  readonly overlap: Bar | null;
  readonly transfers: readonly {
    readonly label: string;
    readonly bar: Bar;
    readonly delivered: boolean;
    readonly retriesMs: readonly number[];
  }[];
  /** Transfers that are not drawn, because there are too many. */
  readonly omitted: number;
  /** What the reader has to know about the drawing. */
  readonly note: string | null;
}

/** A plan that is further from what ran is another window's, or was made by another clock. */
const SAME_WINDOW_MS = 10 * 60_000;
const TRANSFERS_DRAWN = 20;

/** Lays out one pass. Times are the payloads' clocks, set right against each other where they cannot both be right. */
export function layOutTimeline(pass: Pass, planned: Flown['planned']): Timeline {
  const serve = pass.serve === null ? null : runSpanMs(pass.serve);
  const clocked = pass.fetch === null ? null : runSpanMs(pass.fetch);
  const plan = planFor(planned, serve?.startMs ?? clocked?.startMs ?? null);
  const shiftMs = clockShiftMs(pass, serve, clocked, planned);
  const fetch = clocked === null ? null : { startMs: clocked.startMs + shiftMs, endMs: clocked.endMs + shiftMs };

  const spans = [serve, fetch, plan?.sdr ?? null, plan?.sabertooth ?? null].filter((span) => span !== null);
  const originMs = Math.min(...spans.map((span) => span.startMs));
  const endMs = Math.max(...spans.map((span) => span.endMs));
  const bar = (span: Bar | null): Bar | null =>
    span === null ? null : { startMs: span.startMs - originMs, endMs: span.endMs - originMs };

  const traces = pass.fetch === null ? [] : traceTransfers(pass.fetch);
  const fetchStartMs = fetch === null ? 0 : fetch.startMs - originMs;
  const fetchEndMs = fetch === null ? 0 : fetch.endMs - originMs;
  return {
    lengthMs: Math.max(1, endMs - originMs),
    rows: [
      { label: 'SDR', planned: bar(plan?.sdr ?? null), ran: bar(serve) },
      { label: 'SABERTOOTH', planned: bar(plan?.sabertooth ?? null), ran: bar(fetch) },
    ],
    overlap: bar(overlapOf(serve, fetch)),
    transfers: traces.slice(0, TRANSFERS_DRAWN).map((trace) => ({
      label: pathOf(trace.source),
      bar: {
        startMs: fetchStartMs + trace.startedMs,
        endMs: trace.endedMs === null ? fetchEndMs : fetchStartMs + trace.endedMs,
      },
      delivered: trace.delivered,
      retriesMs: trace.retriesMs.map((ms) => fetchStartMs + ms),
    })),
    omitted: Math.max(0, traces.length - TRANSFERS_DRAWN),
    note:
      shiftMs === 0
        ? null
        : `The clocks of the two payloads differ: the SABERTOOTH is drawn ${stretch(Math.abs(shiftMs))} ${shiftMs > 0 ? 'later' : 'earlier'} than its clock says.`,
  };
}

/** Seconds, or days where a clock began at 1970. */
function stretch(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 2 * 86_400 ? `${seconds} s` : `${Math.round(seconds / 86_400)} days`;
}

function overlapOf(a: Bar | null, b: Bar | null): Bar | null {
  if (a === null || b === null) return null;
  const startMs = Math.max(a.startMs, b.startMs);
  const endMs = Math.min(a.endMs, b.endMs);
  return endMs > startMs ? { startMs, endMs } : null;
}

function planFor(planned: Flown['planned'], startMs: number | null): { sdr: Bar; sabertooth: Bar } | null {
  if (planned === null || startMs === null) return null;
  if (Math.abs(planned.sdr.start * 1000 - startMs) > SAME_WINDOW_MS) return null;
  const inMs = (span: { start: number; end: number }): Bar => ({ startMs: span.start * 1000, endMs: span.end * 1000 });
  return { sdr: inMs(planned.sdr), sabertooth: inMs(planned.sabertooth) };
}

/** Two programs that reached each other ran at the same time, whatever their clocks say. */
function clockShiftMs(pass: Pass, serve: Bar | null, fetch: Bar | null, planned: Flown['planned']): number {
  const met = (pass.fetch?.report.server.answered ?? null) !== null;
  if (serve === null || fetch === null || !met || overlapOf(serve, fetch) !== null) return 0;
  const offsetMs = planned === null ? 0 : (planned.sabertooth.start - planned.sdr.start) * 1000;
  return serve.startMs + offsetMs - fetch.startMs;
}
