import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { type FetchReport, fetchReport, type ServeReport, serveReport } from '../../../shared/report.ts';
import type { Collected } from './collect.ts';

/** One line of an agent's log, as far as a review uses it. Its `time` is left alone: a clock may be set in mid-window. */
const logLine = z.looseObject({
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

const REPORT = /^payload-(serve|fetch)-report[^/]*\.json$/;
/** Every file of a run, where the report itself has no room for them (payload-fetch, `--full-report`). */
const FULL_REPORT = /^payload-fetch-full-report[^/]*\.json\.gz$/;
const LOG = /^payload-(serve|fetch)-log[^/]*\.ndjson$/;
const START_FAILURE = /^(payload-(?:serve|fetch))-did-not-start\.txt$/;

/** Whether the agents write a file of this name about themselves. */
function isAboutAgents(name: string): boolean {
  return [REPORT, FULL_REPORT, LOG, START_FAILURE].some((pattern) => pattern.test(name));
}

/** Sorts what arrived from one satellite. `read` gives the content of what the agents write about themselves. */
export function sortEvidence(objects: readonly Collected[], read: (object: Collected) => Buffer): Evidence {
  const serve: RunEvidence<ServeReport>[] = [];
  const fetch: RunEvidence<FetchReport>[] = [];
  const unreadable: { object: Collected; reason: string }[] = [];
  const logs = objects.filter((object) => LOG.test(object.name));
  const fullReports = objects.flatMap((object) => (FULL_REPORT.test(object.name) ? readFullReport(read(object)) : []));

  for (const object of objects) {
    const agent = REPORT.exec(object.name)?.[1];
    if (agent === undefined) continue;
    const value = parseJson(read(object).toString());
    const log = parseLog(nearestLog(object, agent, logs), read);
    const run = { log, stampedAtMs: object.stampedAtMs };
    const parsed = agent === 'serve' ? serveReport.safeParse(value) : fetchReport.safeParse(value);
    if (!parsed.success) unreadable.push({ object, reason: reasonOf(parsed.error) });
    else if (parsed.data.schema === 'payload-serve-report/1') serve.push({ ...run, report: parsed.data });
    else fetch.push({ ...run, report: withAllFiles(parsed.data, fullReports) });
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

/** A report and its log lie in one outbox, and are stamped within moments of each other. */
function nearestLog(report: Collected, agent: string, logs: readonly Collected[]): Collected | undefined {
  const distanceMs = (log: Collected): number => Math.abs(log.stampedAtMs - report.stampedAtMs);
  return logs.filter((log) => LOG.exec(log.name)?.[1] === agent).sort((a, b) => distanceMs(a) - distanceMs(b))[0];
}

function parseLog(log: Collected | undefined, read: (object: Collected) => Buffer): readonly LogLine[] {
  if (log === undefined) return [];
  return read(log)
    .toString()
    .split('\n')
    .flatMap((text) => {
      // A power cut may have torn the last line.
      const parsed = logLine.safeParse(parseJson(text));
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
