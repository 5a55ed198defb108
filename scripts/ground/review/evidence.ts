import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { type FetchReport, fetchReport, type ServeReport, serveReport } from '../../../shared/report.ts';
import type { Collected } from './collect.ts';
import { least } from './least.ts';

/** One line of an agent's log, as far as a review uses it. */
const logLine = z.looseObject({
  /** Only to tell runs apart: a clock may be set in mid-window. */
  time: z.string().default(''),
  /** The first line of a log that was trimmed, which says so, has none. */
  elapsedMs: z.number().default(0),
  level: z.string(),
  event: z.string(),
  msg: z.string(),
});
type LogLine = z.infer<typeof logLine>;

/** What one run of an agent left: its report, and the log that came with it. */
export interface RunEvidence<Report> {
  readonly report: Report;
  readonly log: readonly LogLine[];
  /** When its report was stamped, in epoch milliseconds: the payload's own clock may be wrong. */
  readonly stampedAtMs: number;
}

/** A bundle that could not start said so in a file of its own. */
export interface StartFailure {
  readonly agent: string;
  readonly sentence: string;
  readonly stampedAtMs: number;
}

/** Everything that arrived from one satellite, sorted by what it is. */
export interface Evidence {
  readonly serve: readonly RunEvidence<ServeReport>[];
  readonly fetch: readonly RunEvidence<FetchReport>[];
  readonly startFailures: readonly StartFailure[];
  /** Reports that cannot be read, with the reason. */
  readonly unreadable: readonly { readonly object: Collected; readonly reason: string }[];
  /** What is neither report nor log nor note of an agent. */
  readonly files: readonly Collected[];
}

const REPORT = /^payload-(serve|fetch)-report([^/]*)\.json$/;
/** Every file of a run, where the report itself has no room for them (payload-fetch, `--full-report`). */
const FULL_REPORT = /^payload-fetch-full-report[^/]*\.json\.gz$/;
const LOG = /^payload-(serve|fetch)-log([^/]*)\.ndjson$/;

/** What lies in one outbox is stamped within so much of each other. */
const SAME_OUTBOX_MS = 10 * 60_000;
const START_FAILURE = /^(payload-(?:serve|fetch))-did-not-start\.txt$/;

/** Whether the agents write a file of this name about themselves. */
function isAboutAgents(name: string): boolean {
  return [REPORT, FULL_REPORT, LOG, START_FAILURE].some((pattern) => pattern.test(name));
}

/** Sorts what arrived from one satellite. `read` gives the content of what the agents write about themselves. */
export function sortEvidence(objects: readonly Collected[], read: (object: Collected) => Buffer): Evidence {
  const reports: { report: ServeReport | FetchReport; stampedAtMs: number; log: Collected | null }[] = [];
  const unreadable: { object: Collected; reason: string }[] = [];
  const logs = objects.filter((object) => LOG.test(object.name));
  const fullReports = objects.flatMap((object) => (FULL_REPORT.test(object.name) ? readFullReport(read(object)) : []));

  for (const object of objects) {
    const agent = REPORT.exec(object.name)?.[1];
    if (agent === undefined) continue;
    const value = parseJson(read(object).toString());
    const parsed = agent === 'serve' ? serveReport.safeParse(value) : fetchReport.safeParse(value);
    if (!parsed.success) unreadable.push({ object, reason: reasonOf(parsed.error) });
    else reports.push({ report: parsed.data, stampedAtMs: object.stampedAtMs, log: logOf(object, logs) });
  }
  const serve: RunEvidence<ServeReport>[] = [];
  const fetch: RunEvidence<FetchReport>[] = [];
  for (const { report, stampedAtMs, log } of reports) {
    const sharing = reports.filter((other) => other.log === log).map((other) => other.report);
    const run = { stampedAtMs, log: log === null ? [] : linesOf(report, sharing, parseLog(read(log).toString())) };
    if (report.schema === 'payload-serve-report/1') serve.push({ ...run, report });
    else fetch.push({ ...run, report: withAllFiles(report, fullReports) });
  }
  const startFailures = objects.flatMap((object): readonly StartFailure[] => {
    const agent = START_FAILURE.exec(object.name)?.[1];
    const { stampedAtMs } = object;
    return agent === undefined ? [] : [{ agent, sentence: read(object).toString().trim(), stampedAtMs }];
  });
  const byStamp = (a: { stampedAtMs: number }, b: { stampedAtMs: number }): number => a.stampedAtMs - b.stampedAtMs;
  return {
    serve: serve.sort(byStamp),
    fetch: fetch.sort(byStamp),
    startFailures,
    unreadable,
    files: objects.filter((object) => !isAboutAgents(object.name)),
  };
}

/** One that is damaged is done without: the report itself says what matters most. */
function readFullReport(content: Buffer): readonly FetchReport[] {
  try {
    const parsed = fetchReport.safeParse(parseJson(gunzipSync(content).toString()));
    return parsed.success ? [parsed.data] : [];
  } catch {
    return [];
  }
}

function withAllFiles(report: FetchReport, fullReports: readonly FetchReport[]): FetchReport {
  const full = fullReports.find(
    (other) => other.startedAt === report.startedAt && other.process.pid === report.process.pid,
  );
  return full === undefined ? report : { ...report, files: full.files, filesOmitted: 0 };
}

/**
 * The log of a run, from the same outbox: of a run beside another, under its report's number; of one that was followed by
 * another, whose report alone was given a number, the plain one.
 */
function logOf(report: Collected, logs: readonly Collected[]): Collected | null {
  const [, agent, number] = REPORT.exec(report.name) ?? [];
  const named = logs.flatMap((log) => {
    const [, logAgent, logNumber] = LOG.exec(log.name) ?? [];
    const apartMs = Math.abs(log.stampedAtMs - report.stampedAtMs);
    return logAgent === agent ? [{ log, number: logNumber, apartMs }] : [];
  });
  const nearest = least(named, (each) => [
    each.apartMs > SAME_OUTBOX_MS ? 1 : 0,
    each.number === number ? 0 : 1,
    each.number === '' ? 0 : 1,
    each.apartMs,
  ]);
  return nearest?.log ?? null;
}

/** The lines that a run wrote into a log which others, that came before or after it, have written into as well. */
function linesOf(
  run: ServeReport | FetchReport,
  sharing: readonly (ServeReport | FetchReport)[],
  log: readonly LogLine[],
) {
  return log.filter(({ time, elapsedMs }) => {
    const startedAtMs = Date.parse(time) - elapsedMs;
    const apartMs = (other: ServeReport | FetchReport): number => Math.abs(Date.parse(other.startedAt) - startedAtMs);
    return Number.isNaN(startedAtMs) || sharing.every((other) => apartMs(run) <= apartMs(other));
  });
}

function parseLog(text: string): readonly LogLine[] {
  return text.split('\n').flatMap((line) => {
    // A power cut may have torn the last line.
    const parsed = logLine.safeParse(parseJson(line));
    return parsed.success ? [parsed.data] : [];
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonOf(error: z.ZodError): string {
  const [issue] = error.issues;
  if (issue === undefined || issue.path.length === 0) return 'it is not JSON of a report';
  return `${issue.path.join('.')}: ${issue.message}`;
}
