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
 * Proposes the mission that finishes what is outstanding, from the mission that was flown; `null` where nothing is
 * outstanding. Names and paths stay as they were, because by them payload-fetch finds the bytes that it kept.
 */
export function proposeNext(
  satellite: string,
  { written: { kept: _, ...written }, mission, planned }: Flown,
  outcomes: readonly Outcome[],
  passes: readonly Pass[],
): NextMission | null {
  const outstanding = outcomes.filter((outcome) => ['altered', 'resumable', 'unreported'].includes(outcome.kind));
  if (outstanding.length === 0) return null;

  const sizes = outstanding.map(sizeBytesOf);
  const { leftBytes, seconds } = whatIsLeft(outstanding, passes);
  const measured = passes.map((pass) => pass.fetch?.report.link.bytesPerSecond ?? null).find((rate) => rate !== null);
  const linkRate =
    measured === undefined ? mission.linkBytesPerSecond : Math.max(1, Math.floor(measured * RATE_MARGIN));
  const enough = enoughSeconds({ ...mission, linkBytesPerSecond: linkRate }, leftBytes, seconds);
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
  const keptBytes = Math.max(0, added(sizes) - leftBytes);
  return {
    written: {
      ...written,
      name: nameOf(passes, planned),
      satellites: [satellite],
      start: '+6h',
      duration: duration.sdr === duration.sabertooth ? duration.sdr : duration,
      linkRate,
      ...(enough === null ? { acrossWindows: true } : {}),
      ...(keptBytes === 0 ? {} : { kept: keptBytes }),
      files: outstanding.map((outcome) => writtenFile(outcome)),
    },
    files: outstanding.length,
    remainingBytes: sizes.includes(null) ? null : leftBytes,
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
  const sizeBytes = sizeBytesOf(outcome);
  const name = outcome.wanted === null ? outcome.name : outcome.wanted.outputName;
  return {
    path: outcome.path,
    ...(name === null ? {} : { as: name }),
    ...(sizeBytes === null ? {} : { size: sizeBytes }),
  };
}

function sizeBytesOf(outcome: Outcome): number | null {
  return outcome.reported?.sizeBytes ?? outcome.wanted?.sizeBytes ?? null;
}

function added(sizes: readonly (number | null)[]): number {
  return sizes.reduce((sum: number, bytes) => sum + (bytes ?? 0), 0);
}

/**
 * What is still to be moved, as far as sizes are known, and the seconds that payload-fetch asks for. It alone knows how
 * much of its files it keeps: not all that came over the link could be used.
 */
function whatIsLeft(
  outstanding: readonly Outcome[],
  passes: readonly Pass[],
): { readonly leftBytes: number; readonly seconds: number } {
  const begun = outstanding.filter((outcome) => outcome.kind === 'resumable');
  const anew = outstanding.filter((outcome) => outcome.kind !== 'resumable');
  const asked = passes.flatMap(({ fetch }) => {
    const speaksOf = ({ reported }: Outcome): boolean => fetch?.report.files.some((file) => file === reported) ?? false;
    return begun.some(speaksOf) ? (fetch?.report.nextWindow ?? []) : [];
  });
  return {
    leftBytes: asked.reduce((sum, next) => sum + next.leftBytes, added(anew.map(sizeBytesOf))),
    seconds: Math.max(0, ...asked.map((next) => next.seconds ?? 0)),
  };
}

/**
 * The windows' lengths at which both programs run for `seconds` and `bytes` fit into that, both lengthened alike; `null`
 * where an hour is not enough.
 */
function enoughSeconds(mission: Mission, bytes: number, seconds: number): { sdr: number; sabertooth: number } | null {
  for (let more = 0; more < 3600; more += STEP_SECONDS) {
    const longer = {
      ...mission,
      sdrSeconds: mission.sdrSeconds + more,
      sabertoothSeconds: mission.sabertoothSeconds + more,
    };
    const usable = usableOverlap(longer, 1);
    const usableSeconds = usable === null ? 0 : usable.end - usable.start;
    if (usableSeconds >= seconds && capacityBytes(longer, usableSeconds) >= bytes) {
      return { sdr: longer.sdrSeconds, sabertooth: longer.sabertoothSeconds };
    }
  }
  return null;
}
