import { z } from 'zod';
import { type FetchReport, fetchReport, type ServeReport, serveReport } from '../../../shared/report.ts';
import type { Collected } from './collect.ts';

/** One line of an agent's log, as far as a review uses it. */
const logLine = z.looseObject({ time: z.iso.datetime(), level: z.string(), event: z.string(), msg: z.string() });
export type LogLine = z.infer<typeof logLine>;

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
const LOG = /^payload-(serve|fetch)-log[^/]*\.ndjson$/;
const START_FAILURE = /^(payload-(?:serve|fetch))-did-not-start\.txt$/;

/** Whether the agents write a file of this name about themselves. */
export function isAboutAgents(name: string): boolean {
  return [REPORT, LOG, START_FAILURE].some((pattern) => pattern.test(name));
}

/** Sorts what arrived from one satellite. `readText` gives the content of what {@link isAboutAgents}. */
export function sortEvidence(objects: readonly Collected[], readText: (object: Collected) => string): Evidence {
  const serve: RunEvidence<ServeReport>[] = [];
  const fetch: RunEvidence<FetchReport>[] = [];
  const unreadable: { object: Collected; reason: string }[] = [];
  const logs = objects.filter((object) => LOG.test(object.name));

  for (const object of objects) {
    const agent = REPORT.exec(object.name)?.[1];
    if (agent === undefined) continue;
    const value = parseJson(readText(object));
    const log = parseLog(nearestLog(object, agent, logs), readText);
    const run = { log, stampedAtMs: object.stampedAtMs };
    const parsed = agent === 'serve' ? serveReport.safeParse(value) : fetchReport.safeParse(value);
    if (!parsed.success) unreadable.push({ object, reason: reasonOf(parsed.error) });
    else if (parsed.data.schema === 'payload-serve-report/1') serve.push({ ...run, report: parsed.data });
    else fetch.push({ ...run, report: parsed.data });
  }
  const startFailures = objects.flatMap((object): readonly StartFailure[] => {
    const agent = START_FAILURE.exec(object.name)?.[1];
    return agent === undefined ? [] : [{ agent, sentence: readText(object).trim(), stampedAtMs: object.stampedAtMs }];
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

/** A report and its log lie in one outbox, and are stamped within moments of each other. */
function nearestLog(report: Collected, agent: string, logs: readonly Collected[]): Collected | undefined {
  const distanceMs = (log: Collected): number => Math.abs(log.stampedAtMs - report.stampedAtMs);
  return logs.filter((log) => LOG.exec(log.name)?.[1] === agent).sort((a, b) => distanceMs(a) - distanceMs(b))[0];
}

function parseLog(log: Collected | undefined, readText: (object: Collected) => string): readonly LogLine[] {
  if (log === undefined) return [];
  return readText(log)
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
