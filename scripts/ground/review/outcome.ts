import { basename, relative } from 'node:path/posix';
import { failureKinds } from '../../../shared/failure.ts';
import { compileGlob } from '../../../shared/glob.ts';
import { count, formatBytes } from '../../../shared/quantity.ts';
import type { FetchReport } from '../../../shared/report.ts';
import type { WantedFile } from '../mission.ts';
import type { Collected } from './collect.ts';
import type { Evidence, RunEvidence } from './evidence.ts';
import type { Pass } from './pass.ts';

type ReportedFile = FetchReport['files'][number];

/**
 * What came of one file that was wanted:
 * - `verified`: it arrived, and its digest is the one that payload-fetch reports.
 * - `altered`: it arrived with another digest.
 * - `on-the-way`: reported as delivered to the outbox, and not (all) downlinked yet.
 * - `on-board`: delivered to a place that is not downlinked, as the mission asked.
 * - `resumable`: not whole; what was moved is kept on board.
 * - `refused`, `failed`: not to be had by asking again as before.
 * - `unreported`: no report speaks of it.
 */
export type OutcomeKind =
  | 'verified'
  | 'altered'
  | 'on-the-way'
  | 'on-board'
  | 'resumable'
  | 'refused'
  | 'failed'
  | 'unreported';

export interface Outcome {
  readonly kind: OutcomeKind;
  /** Its path on the SDR. */
  readonly path: string;
  /** Its name on the ground; `null` where nobody chose one yet. */
  readonly name: string | null;
  readonly wanted: WantedFile | null;
  /** What payload-fetch says of it. */
  readonly reported: ReportedFile | null;
  readonly object: Collected | null;
  /** What happened, and where it did not go well, what to do. */
  readonly sentence: string;
}

/**
 * Judges every file that was wanted, by the latest pass that speaks of it, and whatever else the latest pass fetched. A
 * file that the latest pass could not deliver again but an earlier one did is what the latest pass says.
 */
export function judgeFiles(
  wanted: readonly WantedFile[],
  passes: readonly Pass[],
  evidence: Evidence,
): readonly Outcome[] {
  const outcomes: Outcome[] = [];
  const spoken = new Set<string>();
  const runs = passes.flatMap(({ fetch }) => (fetch === null || fetch.report.files.length === 0 ? [] : [fetch]));
  for (const [age, fetch] of runs.entries()) {
    for (const reported of fetch.report.files) {
      const path = pathOf(reported.source);
      if (spoken.has(path)) continue;
      const match = wanted.find((file) => covers(file.path, path)) ?? null;
      if (match === null && age > 0) continue;
      spoken.add(path);
      outcomes.push(judge(path, match, reported, fetch, evidence));
    }
  }
  const unreported = wanted
    .filter((file) => ![...spoken].some((path) => covers(file.path, path)))
    .map(
      (file): Outcome => ({
        kind: 'unreported',
        path: file.path,
        name: file.outputName,
        wanted: file,
        reported: null,
        object: null,
        sentence: whyUnreported(passes, evidence),
      }),
    );
  return [...outcomes, ...unreported];
}

/** The exit code that an outcome stands for; `0` where the file is where it was to be. */
export function exitCodeOf(outcome: Outcome): number {
  if (outcome.kind === 'verified' || outcome.kind === 'on-board') return 0;
  if (outcome.kind === 'altered') return failureKinds.unverified.exitCode;
  const code = outcome.reported?.failure?.code;
  if (outcome.kind === 'refused' || outcome.kind === 'failed') return failureKinds[code ?? 'refused'].exitCode;
  return failureKinds['time-ran-out'].exitCode;
}

function judge(
  path: string,
  wanted: WantedFile | null,
  reported: ReportedFile,
  run: RunEvidence<FetchReport>,
  evidence: Evidence,
): Outcome {
  const name = outboxName(run.report, reported);
  const base = { path, name: name ?? wanted?.outputName ?? null, wanted, reported, object: null };
  if (reported.state === 'delivered') return judgeDelivered(base, name, reported, evidence);
  const kind = reported.state === 'refused' || reported.state === 'failed' ? reported.state : 'resumable';
  return { ...base, kind, sentence: whyNotDelivered(reported, run.report) };
}

function judgeDelivered(
  base: Omit<Outcome, 'kind' | 'sentence'>,
  name: string | null,
  reported: ReportedFile,
  evidence: Evidence,
): Outcome {
  if (name === null) {
    return { ...base, kind: 'on-board', sentence: `Verified and kept on board at ${reported.output}.` };
  }
  const candidates = evidence.files.filter((object) => object.name === name);
  const object = candidates.find((candidate) => candidate.sha256 === reported.sha256);
  if (object !== undefined) {
    const how =
      reported.verified === 'sha-256'
        ? 'The digest is that of the file on the SDR.'
        : 'The digest is that which payload-fetch took; the server stated none, so its length alone is proved.';
    return { ...base, kind: 'verified', object, sentence: how };
  }
  const claimed = new Set(evidence.fetch.flatMap((run) => run.report.files.map((file) => file.sha256)));
  const altered = candidates.filter((candidate) => !claimed.has(candidate.sha256)).at(-1);
  if (altered !== undefined) {
    const sentence = `What arrived has another digest than payload-fetch reports: ${altered.sha256} instead of ${reported.sha256}. Do not use it.`;
    return { ...base, kind: 'altered', object: altered, sentence };
  }
  const sentence = 'It lay whole in the outbox and has not arrived: wait for the next contact, then review again.';
  return { ...base, kind: 'on-the-way', sentence };
}

function whyNotDelivered(reported: ReportedFile, report: FetchReport): string {
  if (reported.failure !== null) return `${reported.failure.reason} ${reported.failure.advice}`;
  const progress = progressOf(reported, report);
  return report.state === 'running'
    ? `payload-fetch was cut off, by loss of power or a kill, when ${progress}.`
    : `The window ended when ${progress}.`;
}

/** How far a file has come. What came over the link is not always kept: a source that changes is fetched anew. */
function progressOf(reported: ReportedFile, report: FetchReport): string {
  const { sizeBytes, fetchedBytes } = reported;
  const keptBytes = keptBytesOf(reported, report);
  if (keptBytes !== null)
    return `${formatBytes(keptBytes)} of ${sizeBytes === null ? 'it' : formatBytes(sizeBytes)} had come`;
  const size = sizeBytes === null ? '' : ` for a file of ${formatBytes(sizeBytes)}`;
  const twice = sizeBytes !== null && fetchedBytes > sizeBytes ? ', some of it more than once' : '';
  return `${formatBytes(fetchedBytes)} had come over the link${size}${twice}`;
}

/** How much of a file payload-fetch has; `null` where its report does not tell. */
function keptBytesOf(reported: ReportedFile, report: FetchReport): number | null {
  const { sizeBytes, fetchedBytes, reusedBytes, attempts } = reported;
  const isOnlyOne =
    report.filesOmitted === 0 && report.files.every((file) => file === reported || file.state === 'delivered');
  if (isOnlyOne && sizeBytes !== null && report.nextWindow !== null)
    return Math.max(0, sizeBytes - report.nextWindow.leftBytes);
  // In one attempt nothing comes twice, but for what has to be mended.
  const cameBytes = fetchedBytes + reusedBytes;
  return attempts <= 1 && cameBytes <= (sizeBytes ?? cameBytes) ? cameBytes : null;
}

function whyUnreported(passes: readonly Pass[], evidence: Evidence): string {
  const latest = passes.map((pass) => pass.fetch).find((fetch) => fetch !== null) ?? null;
  const isNewer = ({ stampedAtMs }: { readonly stampedAtMs: number }): boolean =>
    latest === null || stampedAtMs > latest.stampedAtMs;
  const start = evidence.startFailures.filter((each) => each.agent === 'payload-fetch' && isNewer(each)).at(-1);
  if (start !== undefined) return start.sentence;
  if (evidence.unreadable.some(({ object }) => object.name.startsWith('payload-fetch') && isNewer(object)))
    return 'The report of payload-fetch arrived and cannot be read.';
  if (latest !== null && latest.report.failure !== null) return 'payload-fetch failed before it came to it.';
  if (latest !== null && latest.report.filesOmitted > 0)
    return `The report of payload-fetch leaves out ${count(latest.report.filesOmitted, 'file')}, and its full report is not here: --full-report asks for one.`;
  if (latest !== null) return 'No report of payload-fetch speaks of it.';
  return 'No report of payload-fetch has arrived: the window has not run, its program did not start, or the downlink is still to come.';
}

/** Whether a path is what was wanted: the file itself, or one of those that a pattern or a directory stands for. */
function covers(wanted: string, path: string): boolean {
  if (wanted === path) return true;
  if (wanted.endsWith('/')) return path.startsWith(wanted);
  return /[*?[]/.test(wanted) && (compileGlob(wanted)?.(path) ?? false);
}

/** The path on the SDR of what payload-fetch was asked for, whether by path or by URL. */
export function pathOf(source: string): string {
  if (!URL.canParse(source)) return source;
  try {
    return decodeURIComponent(new URL(source).pathname);
  } catch {
    return new URL(source).pathname;
  }
}

/** The name under which an output is downlinked; `null` where it lies outside the outbox. */
function outboxName(report: FetchReport, file: ReportedFile): string | null {
  if (report.outbox === null) return basename(file.output);
  const name = relative(report.outbox, file.output);
  return name === '..' || name.startsWith('../') ? null : name;
}
