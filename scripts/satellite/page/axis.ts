import type { WindowView } from './view.ts';

/** The stretch of time that the axis shows. */
export interface Axis {
  readonly startMs: number;
  readonly endMs: number;
  readonly windows: readonly WindowView[];
  /** When windows of different payloads were, or will be, open at the same time. */
  readonly overlaps: readonly { readonly startMs: number; readonly endMs: number }[];
}

/** Windows further apart than this do not share an axis: they would be too thin to see. */
const APART_MS = 600_000;

/** The latest windows that lie together, with a margin; `null` where there is none. */
export function axisOf(windows: readonly WindowView[]): Axis | null {
  const shown: WindowView[] = [];
  for (const window of [...windows].sort((a, b) => b.startMs - a.startMs)) {
    const earliestMs = Math.min(...shown.map(({ startMs }) => startMs));
    if (shown.length === 0 || window.endMs > earliestMs - APART_MS) shown.push(window);
  }
  if (shown.length === 0) return null;
  const firstMs = Math.min(...shown.map(({ startMs }) => startMs));
  const lastMs = Math.max(...shown.map(({ endMs }) => endMs));
  const marginMs = Math.max(1000, (lastMs - firstMs) * 0.06);
  const overlaps = shown.flatMap((a, i) =>
    shown.slice(i + 1).flatMap((b) => {
      const startMs = Math.max(a.startMs, b.startMs);
      const endMs = Math.min(a.endMs, b.endMs);
      return a.payload !== b.payload && endMs > startMs ? [{ startMs, endMs }] : [];
    }),
  );
  return { startMs: firstMs - marginMs, endMs: lastMs + marginMs, windows: shown.reverse(), overlaps };
}
