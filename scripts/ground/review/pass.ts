import type { FetchReport, ServeReport } from '../../../shared/report.ts';
import type { Evidence, RunEvidence } from './evidence.ts';

/** One pair of windows, as far as it left traces: at least one of the two reports. */
export interface Pass {
  readonly serve: RunEvidence<ServeReport> | null;
  readonly fetch: RunEvidence<FetchReport> | null;
  /** When the first of its reports was stamped, in epoch milliseconds. */
  readonly stampedAtMs: number;
}

/** Reports of one pair of windows are stamped at the windows' ends, or at the contacts that follow: hours, not days. */
const SAME_PASS_MS = 12 * 3600 * 1000;

/**
 * Joins the reports of both payloads into passes, the latest first. Each fetch report takes the serve report that ran at
 * the same time by the payloads' clocks, else the one stamped nearest; what is left over is a pass of one.
 */
export function findPasses(evidence: Pick<Evidence, 'serve' | 'fetch'>): readonly Pass[] {
  const free = new Set(evidence.serve);
  const passes = evidence.fetch.map((fetch): Pass => {
    const serve = [...free].sort((a, b) => remoteness(fetch, a) - remoteness(fetch, b))[0];
    if (serve === undefined || remoteness(fetch, serve) > SAME_PASS_MS) {
      return { serve: null, fetch, stampedAtMs: fetch.stampedAtMs };
    }
    free.delete(serve);
    return { serve, fetch, stampedAtMs: Math.min(fetch.stampedAtMs, serve.stampedAtMs) };
  });
  const alone = [...free].map((serve): Pass => ({ serve, fetch: null, stampedAtMs: serve.stampedAtMs }));
  return [...passes, ...alone].sort((a, b) => b.stampedAtMs - a.stampedAtMs);
}

/** When a run lasted, in epoch milliseconds of its payload's clock. */
export function runSpanMs(run: RunEvidence<ServeReport | FetchReport>): { startMs: number; endMs: number } {
  const startMs = Date.parse(run.report.startedAt);
  return { startMs, endMs: startMs + run.report.elapsedMs };
}

/** Nothing where two runs overlap by their clocks; else how far apart they were stamped. */
function remoteness(fetch: RunEvidence<FetchReport>, serve: RunEvidence<ServeReport>): number {
  const [a, b] = [runSpanMs(fetch), runSpanMs(serve)];
  const overlaps = a.startMs <= b.endMs && b.startMs <= a.endMs;
  return overlaps ? 0 : 1 + Math.abs(fetch.stampedAtMs - serve.stampedAtMs);
}

/** How a file came over the link in one pass, by the log. Milliseconds since payload-fetch started. */
export interface TransferTrace {
  readonly source: string;
  readonly startedMs: number;
  /** `null` where the log ends before the transfer does. */
  readonly endedMs: number | null;
  readonly delivered: boolean;
  readonly retriesMs: readonly number[];
}

/** Reads the transfers of a run out of its log, in the order in which they began. */
export function traceTransfers(run: RunEvidence<FetchReport>): readonly TransferTrace[] {
  const traces = new Map<
    string,
    { startedMs: number; endedMs: number | null; delivered: boolean; retriesMs: number[] }
  >();
  for (const line of run.log) {
    const { source, elapsedMs } = line;
    if (typeof source !== 'string') continue;
    const trace = traces.get(source) ?? { startedMs: elapsedMs, endedMs: null, delivered: false, retriesMs: [] };
    if (line.event === 'AttemptFailed') trace.retriesMs.push(elapsedMs);
    if (line.event === 'FileDelivered' || line.event === 'FileNotDelivered') trace.endedMs = elapsedMs;
    if (line.event === 'FileDelivered') trace.delivered = true;
    traces.set(source, trace);
  }
  return [...traces].map(([source, trace]) => ({ source, ...trace }));
}
