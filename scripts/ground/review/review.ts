import { worstExitCode } from '../../../shared/failure.ts';
import { parseMission } from '../mission.ts';
import type { Evidence } from './evidence.ts';
import type { Flown } from './flown.ts';
import { type NextMission, proposeNext } from './next-mission.ts';
import { exitCodeOf, judgeFiles, type Outcome } from './outcome.ts';
import { findPasses, type Pass } from './pass.ts';

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

/** Reviews what arrived from one satellite; where nobody knows what was asked for, whatever the reports speak of. */
export function reviewSatellite(satellite: string, evidence: Evidence, flown: Flown | null): SatelliteReview {
  const passes = findPasses(evidence);
  const outcomes = judgeFiles(flown?.mission.files ?? [], passes, evidence);
  const unaccounted = outcomes.length === 0 && evidence.files.length === 0 ? [exitCodeOfNothing] : [];
  return {
    satellite,
    passes,
    planned: flown?.planned ?? null,
    outcomes,
    evidence,
    next: proposeNext(satellite, flown ?? tutorial(satellite), outcomes, passes),
    exitCode: worstExitCode([...outcomes.map(exitCodeOf), ...unaccounted]),
  };
}

/** What a next window is made of where nobody knows what the one before was. */
function tutorial(satellite: string): Flown {
  const written = { satellites: [satellite], files: ['/var/log/syslog'] };
  return { mission: parseMission(written, 'The tutorial'), written, planned: null };
}

/** Nothing arrived, and nothing is known to be missing: still not what a review is for. */
const exitCodeOfNothing = 3;

/** Files that arrived and that no report accounts for, such as a log of the user's wrapper, or one of plain curl. */
export function unaccountedFiles(review: SatelliteReview): Evidence['files'] {
  const accounted = new Set(review.outcomes.map((outcome) => outcome.object?.key));
  const reported = new Set(review.evidence.fetch.flatMap((run) => run.report.files.map((file) => file.sha256)));
  return review.evidence.files.filter((file) => !accounted.has(file.key) && !reported.has(file.sha256));
}
