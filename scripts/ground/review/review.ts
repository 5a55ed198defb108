import { worstExitCode } from '../../../shared/failure.ts';
import type { Mission } from '../mission.ts';
import type { Span } from '../window-plan.ts';
import type { Evidence } from './evidence.ts';
import { type NextMission, proposeNext } from './next-mission.ts';
import { exitCodeOf, judgeFiles, type Outcome } from './outcome.ts';
import { findPasses, type Pass } from './pass.ts';

/** What was flown, as far as the ground knows: from a mission file, or from the receipts. */
export interface Flown {
  readonly mission: Mission;
  /** The mission as in its file. */
  readonly written: Readonly<Record<string, unknown>>;
  /** When the windows were to run; `null` where nothing was posted from here. */
  readonly planned: { readonly sdr: Span; readonly sabertooth: Span } | null;
}

/** Everything that a review says of one satellite. */
export interface SatelliteReview {
  readonly satellite: string;
  readonly passes: readonly Pass[];
  readonly planned: Flown['planned'];
  readonly outcomes: readonly Outcome[];
  readonly evidence: Evidence;
  readonly next: NextMission | null;
  readonly exitCode: number;
}

/** Reviews what arrived from one satellite. `flown` is `null` where nobody knows what was asked for. */
export function reviewSatellite(
  satellite: string,
  evidence: Evidence,
  flown: Flown | null,
  tutorial: Pick<Flown, 'mission' | 'written'>,
): SatelliteReview {
  const passes = findPasses(evidence);
  const outcomes = judgeFiles(flown?.mission.files ?? [], passes, evidence);
  const { mission, written } = flown ?? tutorial;
  const unaccounted = outcomes.length === 0 && evidence.files.length === 0 ? [exitCodeOfNothing] : [];
  return {
    satellite,
    passes,
    planned: flown?.planned ?? null,
    outcomes,
    evidence,
    next: proposeNext(written, mission, satellite, outcomes, passes),
    exitCode: worstExitCode([...outcomes.map(exitCodeOf), ...unaccounted]),
  };
}

/** Nothing arrived, and nothing is known to be missing: still not what a review is for. */
const exitCodeOfNothing = 3;

/** Files that arrived and that no report accounts for, such as a log of the user's wrapper, or one of plain curl. */
export function unaccountedFiles(review: SatelliteReview): Evidence['files'] {
  const accounted = new Set(review.outcomes.map((outcome) => outcome.object?.key));
  const reported = new Set(review.evidence.fetch.flatMap((run) => run.report.files.map((file) => file.sha256)));
  return review.evidence.files.filter((file) => !accounted.has(file.key) && !reported.has(file.sha256));
}
