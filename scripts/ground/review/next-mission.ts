import type { Mission } from '../mission.ts';
import { capacityBytes, usableOverlap } from '../mission-check.ts';
import { formatEpoch } from '../quantity.ts';
import type { Flown } from './flown.ts';
import type { Outcome } from './outcome.ts';
import type { Pass } from './pass.ts';

/** What to put into the next window. */
export interface NextMission {
  /** A mission file's content, for `payload-link deploy`. */
  readonly written: Readonly<Record<string, unknown>>;
  readonly files: number;
  /** What is still to be moved; `null` where a size is not known. */
  readonly remainingBytes: number | null;
  /** Why it looks as it does. */
  readonly sentences: readonly string[];
}

/** A link that was measured may be slower the next time. */
const RATE_MARGIN = 0.8;

/** An overlap is lengthened in steps that people read easily. */
const STEP_SECONDS = 10;

/**
 * Proposes the mission that finishes what is outstanding, from the mission that was flown; `null` where nothing is outstanding. Names and paths stay as they were, because by them
 * payload-fetch finds the bytes that it kept.
 */
export function proposeNext(
  satellite: string,
  { written, mission, planned }: Flown,
  outcomes: readonly Outcome[],
  passes: readonly Pass[],
): NextMission | null {
  const outstanding = outcomes.filter((outcome) => ['altered', 'resumable', 'unreported'].includes(outcome.kind));
  if (outstanding.length === 0) return null;

  const remaining = outstanding.map(remainingBytesOf);
  const knownBytes = remaining.reduce((sum: number, bytes) => sum + (bytes ?? 0), 0);
  const measured = passes.map((pass) => pass.fetch?.report.link.bytesPerSecond ?? null).find((rate) => rate !== null);
  const linkRate =
    measured === undefined ? mission.linkBytesPerSecond : Math.max(1, Math.floor(measured * RATE_MARGIN));
  const enough = enoughSeconds({ ...mission, linkBytesPerSecond: linkRate }, knownBytes);
  const duration = enough ?? { sdr: mission.sdrSeconds, sabertooth: mission.sabertoothSeconds };
  const sentences = [
    measured === undefined
      ? 'The link rate is the one assumed before: nothing measured it.'
      : 'The link rate is four fifths of what was measured.',
    ...(duration.sdr > mission.sdrSeconds ? ['Both windows are longer, so that what remains fits.'] : []),
    ...(enough === null ? ['What remains takes several windows.'] : []),
    ...(passes.some((pass) => pass.fetch !== null) && passes.every((pass) => pass.serve === null)
      ? ['No report of payload-serve has arrived: check that its window ran.']
      : []),
  ];
  return {
    written: {
      ...written,
      name: nameOf(passes, planned),
      satellites: [satellite],
      start: '+6h',
      duration: duration.sdr === duration.sabertooth ? duration.sdr : duration,
      linkRate,
      ...(enough === null ? { acrossWindows: true } : {}),
      files: outstanding.map((outcome) => writtenFile(outcome)),
    },
    files: outstanding.length,
    remainingBytes: remaining.includes(null) ? null : knownBytes,
    sentences,
  };
}

/** A mission of its own, even where it asks for the same windows as the one before. */
function nameOf(passes: readonly Pass[], planned: Flown['planned']): string {
  const [latest] = passes;
  if (latest !== undefined) return `after ${formatEpoch(Math.floor(latest.stampedAtMs / 1000))}`;
  return planned === null ? 'after nothing arrived' : `after ${formatEpoch(planned.sdr.start)}`;
}

function writtenFile(outcome: Outcome): Record<string, unknown> {
  const remaining = remainingBytesOf(outcome);
  const name = outcome.wanted === null ? outcome.name : outcome.wanted.outputName;
  return {
    path: outcome.path,
    ...(name === null ? {} : { as: name }),
    ...(remaining === null ? {} : { size: remaining }),
  };
}

/** What of a file is not kept on board yet. */
function remainingBytesOf(outcome: Outcome): number | null {
  const sizeBytes = outcome.reported?.sizeBytes ?? outcome.wanted?.sizeBytes ?? null;
  if (sizeBytes === null || outcome.kind !== 'resumable' || outcome.reported === null) return sizeBytes;
  return Math.max(0, sizeBytes - outcome.reported.fetchedBytes - outcome.reported.reusedBytes);
}

/** The windows' lengths at which `bytes` fit into the overlap, both lengthened alike; `null` where an hour is not enough. */
function enoughSeconds(mission: Mission, bytes: number): { sdr: number; sabertooth: number } | null {
  for (let more = 0; more < 3600; more += STEP_SECONDS) {
    const longer = {
      ...mission,
      sdrSeconds: mission.sdrSeconds + more,
      sabertoothSeconds: mission.sabertoothSeconds + more,
    };
    const usable = usableOverlap(longer, 1);
    if (usable !== null && capacityBytes(longer, usable.end - usable.start) >= bytes) {
      return { sdr: longer.sdrSeconds, sabertooth: longer.sabertoothSeconds };
    }
  }
  return null;
}
