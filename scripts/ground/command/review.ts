import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { stringify } from 'yaml';
import { worstExitCode } from '../../../shared/failure.ts';
import { count, formatBytes } from '../../../shared/quantity.ts';
import { formatListing } from '../../simulate/listing.ts';
import { diskFailure, GroundFailure } from '../failure.ts';
import { parseMission } from '../mission.ts';
import { readMission } from '../read-mission.ts';
import { readReceipts } from '../receipts.ts';
import { parseArrival, parseDownlinkKey } from '../review/arrival.ts';
import { type Bucket, directoryBucket, type StoredObject } from '../review/bucket.ts';
import { collect } from '../review/collect.ts';
import { sortEvidence } from '../review/evidence.ts';
import type { Flown } from '../review/flown.ts';
import { renderPage, stateInWords, verdictOf, type WrittenMission } from '../review/page.ts';
import { failuresOf } from '../review/pass.ts';
import { reviewSatellite, type SatelliteReview, unaccountedFiles } from '../review/review.ts';
import { spanOf } from '../window-plan.ts';
import type { Surroundings } from './surroundings.ts';

export interface ReviewFlags {
  readonly bucket: string;
  readonly satellite?: string[] | undefined;
  readonly mission?: string | undefined;
  readonly receipts: string;
  readonly endpoint?: string | undefined;
  readonly output: string;
  readonly since?: number | undefined;
}

/**
 * `payload-link review`: lists the bucket, brings what arrived, checks it, and writes the page and the next missions
 * below `--output`. Returns the exit code: 0 where everything wanted arrived and verified.
 */
export async function runReview(flags: ReviewFlags, around: Surroundings): Promise<number> {
  const bucket = await openBucket(flags, around);
  const objects = await bucket.list();
  const arrivals = objects
    .map((object) => parseArrival(object.key, object.sizeBytes))
    .filter((arrival) => arrival !== null)
    .filter((arrival) => flags.satellite?.includes(arrival.satellite) ?? true)
    .filter((arrival) => arrival.stampedAtMs >= (flags.since ?? 0) * 1000);
  const satellites = [...new Set([...(flags.satellite ?? []), ...arrivals.map((arrival) => arrival.satellite)])].sort(
    (a, b) => a.localeCompare(b, 'en', { numeric: true }),
  );
  if (satellites.length === 0) {
    throw new GroundFailure('incomplete', `${bucket.name} holds nothing that was downlinked yet.`);
  }
  list(objects, satellites, around);

  const collected = await collect(bucket, arrivals, flags.output);
  const flown = readFlown(flags);
  const reviews = satellites.map((satellite) => {
    const own = collected.filter((object) => object.satellite === satellite);
    const evidence = sortEvidence(own, (object) => readFileSync(object.path));
    return reviewSatellite(satellite, evidence, flown(satellite));
  });
  const nextMissions = await writeNextMissions(reviews, flags.output);
  const page = join(flags.output, 'review.html');
  const css = readFileSync(new URL('../review/page.css', import.meta.url), 'utf8');
  const reviewedAtEpochSeconds = around.nowEpochSeconds();
  await write(page, renderPage({ bucket: bucket.name, reviewedAtEpochSeconds, css, reviews, nextMissions }));

  for (const review of reviews) tellReview(review, nextMissions.get(review.satellite) ?? null, around);
  around.print(`\n${page} shows it.`);
  return worstExitCode(reviews.map((review) => review.exitCode));
}

async function openBucket(flags: ReviewFlags, around: Surroundings): Promise<Bucket> {
  if (!/^s3:/.test(flags.bucket)) return directoryBucket(flags.bucket);
  // The SDK takes longer to load than the other commands take to run.
  const { s3Bucket } = await import('../review/s3-bucket.ts');
  return s3Bucket(flags.bucket, flags.endpoint, around.variables);
}

/** Prints what lies below each satellite's downlink folder as the tutorial's listing does, folders included. */
function list(objects: readonly StoredObject[], satellites: readonly string[], around: Surroundings): void {
  let folder = '';
  for (const object of objects) {
    const parts = parseDownlinkKey(object.key);
    if (parts === null || !satellites.includes(parts.satellite)) continue;
    if (parts.folder !== folder) around.print(`${parts.folder}:`);
    folder = parts.folder;
    around.print(formatListing({ ...object, key: parts.listedAs }));
  }
}

/** What was flown, by satellite: the mission file that is named, else the latest receipt. */
function readFlown(flags: ReviewFlags): (satellite: string) => Flown | null {
  const named = flags.mission === undefined ? null : readMission({ mission: flags.mission });
  const { deployments } = readReceipts(flags.receipts);
  return (satellite) => {
    const receipt = deployments.filter((each) => each.satellite === satellite).at(-1);
    const planned =
      receipt === undefined || receipt.sabertooth === null
        ? null
        : { sdr: spanOf(receipt.sdr.request), sabertooth: spanOf(receipt.sabertooth.request) };
    if (named !== null) return { ...named, planned };
    if (receipt === undefined) return null;
    return { mission: parseMission(receipt.written, flags.receipts), written: receipt.written, planned };
  };
}

async function writeNextMissions(
  reviews: readonly SatelliteReview[],
  directory: string,
): Promise<ReadonlyMap<string, WrittenMission>> {
  const missions = new Map<string, WrittenMission>();
  for (const { satellite, next } of reviews) {
    if (next === null) continue;
    const mission = { path: join(directory, `next-${satellite}.yaml`), text: stringify(next.written) };
    await write(mission.path, mission.text);
    missions.set(satellite, mission);
  }
  return missions;
}

function tellReview(review: SatelliteReview, next: WrittenMission | null, around: Surroundings): void {
  around.print(`\n${review.satellite}: ${verdictOf(review).sentence}`);
  for (const outcome of review.outcomes) {
    const size = outcome.reported?.sizeBytes == null ? '' : ` (${formatBytes(outcome.reported.sizeBytes)})`;
    around.print(`  ${stateInWords(outcome)}: ${outcome.path}${size}. ${outcome.sentence}`);
  }
  for (const { agent, reason, advice } of review.passes.slice(0, 1).flatMap(failuresOf)) {
    around.print(`  ${agent} failed: ${reason} ${advice}`);
  }
  for (const failure of review.evidence.startFailures) around.print(`  ${failure.sentence}`);
  for (const { object, reason } of review.evidence.unreadable) around.print(`  ${object.listedAs}: ${reason}.`);
  for (const file of unaccountedFiles(review)) {
    around.print(`  Arrived, ${formatBytes(file.sizeBytes)}: ${file.name}. No report states its digest.`);
  }
  if (review.next === null || next === null) return;
  const { remainingBytes, files } = review.next;
  const amount = remainingBytes === null ? '' : `, ${formatBytes(remainingBytes)} still to move`;
  around.print(`  Next window, ${count(files, 'file')}${amount}: payload-link deploy ${next.path}`);
}

async function write(path: string, text: string): Promise<void> {
  try {
    mkdirSync(join(path, '..'), { recursive: true });
    await writeFileAtomic(path, text);
  } catch (error) {
    throw diskFailure(`${path} cannot be written`, error);
  }
}
