import type { FetchReport, ReportedFailure, ServeReport } from '../../../shared/report.ts';
import type { Evidence, RunEvidence } from './evidence.ts';
import { least } from './least.ts';

type Run = RunEvidence<ServeReport | FetchReport>;

/** One pair of windows, as far as it left traces: at least one of the two reports. */
export interface Pass {
  readonly serve: RunEvidence<ServeReport> | null;
  readonly fetch: RunEvidence<FetchReport> | null;
  /** Runs of payload-serve beside these that never listened, such as a second one whose port was taken. */
  readonly idle: readonly RunEvidence<ServeReport>[];
  /** When the first of its two reports was stamped, in epoch milliseconds. */
  readonly stampedAtMs: number;
}

/** Reports of one pair of windows are stamped at the windows' ends, or at the contacts that follow: hours, not days. */
const SAME_PASS_MS = 12 * 3600 * 1000;

/** No report waits so long for its downlink: a clock by which it did is wrong. */
const CLOCK_IS_WRONG_MS = 7 * 86_400_000;

/**
 * Joins the reports of both payloads into passes, the latest first. Each fetch report takes the serve report that ran at
 * the same time by the payloads' clocks, else the one stamped nearest; where a server answered it, one that listened, be
 * it that of another run of its window. What is left over is a pass of one, or goes with the pass beside which it never
 * listened.
 */
export function findPasses(evidence: Pick<Evidence, 'serve' | 'fetch'>): readonly Pass[] {
  const free = new Set(evidence.serve);
  const passes = evidence.fetch.map((fetch) => {
    const wasAnswered = fetch.report.server.answered !== null;
    const candidates = evidence.serve
      .filter((serve) => listened(serve) || !wasAnswered)
      .filter((serve) => (free.has(serve) ? areNear(fetch, serve) : wasAnswered && overlap(fetch, serve)));
    const serve = least(candidates, (each) => [
      overlap(fetch, each) ? 0 : 1,
      free.has(each) ? 0 : 1,
      listened(each) ? 0 : 1,
      stampedApartMs(fetch, each),
    ]);
    if (serve !== null) free.delete(serve);
    return passOf(serve, fetch);
  });
  for (const serve of [...free].filter(listened)) passes.push(passOf(serve, null));
  for (const serve of [...free].filter((each) => !listened(each))) {
    const near = passes.filter((pass) => runsOf(pass).some((run) => areNear(run, serve)));
    const beside = least(near, (pass) => [Math.min(...runsOf(pass).map((run) => stampedApartMs(run, serve)))]);
    if (beside === null) passes.push(passOf(serve, null));
    else passes[passes.indexOf(beside)] = { ...beside, idle: [...beside.idle, serve] };
  }
  return passes.sort((a, b) => beganAtMs(b) - beganAtMs(a));
}

/** What ended the runs of a pass before their time. */
export function failuresOf({ serve, fetch, idle }: Pass): readonly (ReportedFailure & { readonly agent: string })[] {
  return [serve, ...idle, fetch].flatMap((run) =>
    run === null || run.report.failure === null ? [] : [{ ...run.report.failure, agent: run.report.agent.name }],
  );
}

/** When a run lasted, in epoch milliseconds of its payload's clock. */
export function runSpanMs(run: Run): { startMs: number; endMs: number } {
  const startMs = Date.parse(run.report.startedAt);
  return { startMs, endMs: startMs + run.report.elapsedMs };
}

function passOf(serve: Pass['serve'], fetch: Pass['fetch']): Pass {
  const pass = { serve, fetch, idle: [], stampedAtMs: 0 };
  return { ...pass, stampedAtMs: Math.min(...runsOf(pass).map((run) => run.stampedAtMs)) };
}

function runsOf({ serve, fetch }: Pass): readonly Run[] {
  return [serve, fetch].filter((run) => run !== null);
}

/**
 * When the later of its two runs began: by its payload's clock, since what ran in one window may be stamped in any order,
 * or where that clock is wrong as it was stamped.
 */
function beganAtMs(pass: Pass): number {
  const moments = runsOf(pass).map((run) => {
    const { startMs } = runSpanMs(run);
    return Math.abs(run.stampedAtMs - startMs) < CLOCK_IS_WRONG_MS ? startMs : run.stampedAtMs;
  });
  return Math.max(...moments);
}

function listened(serve: RunEvidence<ServeReport>): boolean {
  return serve.report.listening.length > 0;
}

function overlap(one: Run, other: Run): boolean {
  const [a, b] = [runSpanMs(one), runSpanMs(other)];
  return a.startMs <= b.endMs && b.startMs <= a.endMs;
}

function areNear(one: Run, other: Run): boolean {
  return overlap(one, other) || stampedApartMs(one, other) <= SAME_PASS_MS;
}

function stampedApartMs(one: Run, other: Run): number {
  return Math.abs(one.stampedAtMs - other.stampedAtMs);
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
