import { count } from '../../shared/quantity.ts';
import {
  CONTACT_SECONDS,
  DOWNLINK_BYTES_PER_DAY,
  UPLINK_BYTES_PER_DAY,
  UPLOAD_LIMIT_BYTES,
  WINDOW_RULES,
} from '../tasking/rules.ts';
import type { Mission } from './mission.ts';
import { formatDecimalBytes, formatEpoch } from './quantity.ts';
import { overlapOf, planWindows, type Span, spanOf } from './window-plan.ts';

/** One thing to know about a mission before a day is spent on it. A `refusal` cannot work; a `warning` may not. */
export interface Finding {
  readonly severity: 'refusal' | 'warning' | 'note';
  readonly about: 'window' | 'start' | 'overlap' | 'uplink' | 'downlink' | 'files';
  readonly sentence: string;
}

/** A bundle's size; `null` where it is not built here, but known to be on board already. */
export interface BundleSizes {
  readonly serveBytes: number | null;
  readonly fetchBytes: number | null;
}

/** What the agents leave beside the files: two reports and two logs of 64 KiB at most (agents, `--log-budget`). */
const AGENT_LEAVINGS_BYTES = 2 * (64 * 1024 + 4 * 1024);

/** Rendezvous, digest and publication: what an overlap costs before and after the bytes themselves. */
const HANDSHAKE_SECONDS = 2;

/**
 * Holds a mission against what the operator allows and what the windows can do, the SDR's window starting at
 * `startEpochSeconds`. The order is the order of time: start, windows, overlap, uplink, downlink.
 */
export function checkMission(
  mission: Mission,
  bundles: BundleSizes,
  startEpochSeconds: number,
  nowEpochSeconds: number,
): readonly Finding[] {
  return [
    ...checkStart(mission, startEpochSeconds, nowEpochSeconds),
    ...checkDurations(mission),
    ...checkOverlap(mission, startEpochSeconds),
    ...checkUplink(bundles),
    ...checkDownlink(mission),
    ...checkNames(mission),
  ];
}

/** The time in which both programs run: the windows' overlap less the boots; `null` where there is none. */
export function usableOverlap(mission: Mission, startEpochSeconds: number): Span | null {
  const { sdr, sabertooth } = planWindows(mission, '', startEpochSeconds);
  const running = [spanOf(sdr), spanOf(sabertooth)].map((span) => ({
    ...span,
    start: span.start + mission.bootSeconds,
  }));
  const [serve, fetch] = running;
  return serve === undefined || fetch === undefined ? null : overlapOf(serve, fetch);
}

/** The bytes that an overlap moves at the mission's link rate. */
export function capacityBytes(mission: Mission, overlapSeconds: number): number {
  return Math.max(0, overlapSeconds - HANDSHAKE_SECONDS) * mission.linkBytesPerSecond;
}

/** The sizes that are known, added up. */
function statedBytes(mission: Mission): number {
  return mission.files.reduce((sum, file) => sum + (file.sizeBytes ?? 0), 0);
}

function checkStart(mission: Mission, start: number, now: number): readonly Finding[] {
  if (start <= now) {
    return [refusal('start', `The SDR window would start at ${formatEpoch(start)}, which is in the past.`)];
  }
  const { sdr, sabertooth } = planWindows(mission, '', start);
  const findings: Finding[] = [];
  for (const window of [sdr, sabertooth]) {
    const { payload, preBufferSeconds } = WINDOW_RULES[window.type];
    if (window.start - preBufferSeconds < now) {
      findings.push(
        refusal(
          'start',
          `The ${payload} needs ${preBufferSeconds} s to start up before its window, and the window starts in ${window.start - now} s.`,
        ),
      );
    }
  }
  if (findings.length > 0) return findings;
  const taken = [sdr, sabertooth].map((window) => {
    const { payload, preBufferSeconds, postBufferSeconds } = WINDOW_RULES[window.type];
    const { start: opens, end } = spanOf(window);
    return `the ${payload} from ${formatEpoch(opens - preBufferSeconds)} to ${formatEpoch(end + postBufferSeconds)}`;
  });
  findings.push(note('start', `With start-up and shut-down, ${taken.join(' and ')} can have no other window.`));
  if (start - now < CONTACT_SECONDS) {
    findings.push(
      warning(
        'start',
        `The windows start in less than ${CONTACT_SECONDS / 3600} h: without a contact before then the satellite does not know of them.`,
      ),
    );
  }
  return findings;
}

function checkDurations(mission: Mission): readonly Finding[] {
  const { sdr, sabertooth } = planWindows(mission, '', 1);
  return [sdr, sabertooth].flatMap((window) => {
    const { payload } = WINDOW_RULES[window.type];
    const minimumSeconds = mission.minimumWindowSeconds;
    return window.duration >= minimumSeconds
      ? []
      : [
          refusal(
            'window',
            `The ${payload} window lasts ${window.duration} s, and the operator takes none under ${minimumSeconds} s.`,
          ),
        ];
  });
}

function checkOverlap(mission: Mission, start: number): readonly Finding[] {
  const usable = usableOverlap(mission, start);
  const { sdr, sabertooth } = planWindows(mission, '', start);
  const overlap = overlapOf(spanOf(sdr), spanOf(sabertooth));
  if (overlap === null) {
    return [
      refusal(
        'overlap',
        `The windows do not overlap: the SDR's ends ${sabertooth.start - sdr.start - sdr.duration} s before the SABERTOOTH's starts, and only payloads whose windows overlap reach each other.`,
      ),
    ];
  }
  const overlapSeconds = overlap.end - overlap.start;
  if (usable === null) {
    return [
      refusal(
        'overlap',
        `The windows overlap for ${overlapSeconds} s, and the ${mission.bootSeconds} s that each program needs to start leave none of it.`,
      ),
    ];
  }
  const usableSeconds = usable.end - usable.start;
  const capacity = capacityBytes(mission, usableSeconds);
  const reach = `The windows overlap for ${overlapSeconds} s, of which both programs run for ${usableSeconds} s: at ${formatDecimalBytes(mission.linkBytesPerSecond)}/s that moves ${formatDecimalBytes(capacity)}`;
  const wantedBytes = Math.max(0, statedBytes(mission) - mission.keptBytes);
  if (wantedBytes <= capacity) return [note('overlap', `${reach}.`)];
  const windows = capacity === 0 ? null : Math.ceil(wantedBytes / capacity);
  if (windows !== null && mission.acrossWindows) {
    return [warning('overlap', `${reach}, so the ${formatDecimalBytes(wantedBytes)} wanted take ${windows} windows.`)];
  }
  return [
    refusal(
      'overlap',
      `${reach}, and ${formatDecimalBytes(wantedBytes)} are wanted: lengthen the windows, or say acrossWindows if the files may take several.`,
    ),
  ];
}

function checkUplink(bundles: BundleSizes): readonly Finding[] {
  const sizes = [bundles.serveBytes, bundles.fetchBytes].filter((size): size is number => size !== null);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const tooBig = sizes.filter((size) => size > UPLOAD_LIMIT_BYTES);
  if (tooBig.length > 0) {
    return tooBig.map((size) =>
      refusal(
        'uplink',
        `A bundle is ${formatDecimalBytes(size)}, and the operator takes no upload over ${formatDecimalBytes(UPLOAD_LIMIT_BYTES)}.`,
      ),
    );
  }
  if (total === 0) return [];
  const days = total / UPLINK_BYTES_PER_DAY;
  return [
    note(
      'uplink',
      `The ${count(sizes.length, 'bundle')}, ${formatDecimalBytes(total)}, ${sizes.length === 1 ? 'takes' : 'take'} ${days.toFixed(1)} days of average uplink where not on board already.`,
    ),
  ];
}

function checkDownlink(mission: Mission): readonly Finding[] {
  const wantedBytes = statedBytes(mission) + AGENT_LEAVINGS_BYTES;
  const budget = mission.downlinkBudgetBytes;
  if (budget !== null && budget > DOWNLINK_BYTES_PER_DAY) {
    return [
      refusal(
        'downlink',
        `The downlink budget is ${formatDecimalBytes(budget)}, and the operator asks users to stay under ${formatDecimalBytes(DOWNLINK_BYTES_PER_DAY)} a day.`,
      ),
    ];
  }
  const limit = budget ?? DOWNLINK_BYTES_PER_DAY;
  if (wantedBytes <= limit) return [];
  const which = budget === null ? 'the operator asks users to stay under' : 'the downlink budget is';
  const sentence = `Files, reports and logs come to ${formatDecimalBytes(wantedBytes)}, and ${which} ${formatDecimalBytes(limit)}${budget === null ? ' a day' : ''}`;
  if (mission.acrossWindows) return [warning('downlink', `${sentence}: they take several days.`)];
  return [
    refusal('downlink', `${sentence}: ask for less, or say acrossWindows if the files may take several windows.`),
  ];
}

function checkNames(mission: Mission): readonly Finding[] {
  const findings: Finding[] = [];
  const seen = new Set<string>();
  for (const { outputName } of mission.files) {
    if (outputName === null) continue;
    if (seen.has(outputName)) findings.push(refusal('files', `Two files would be named ${outputName} in the outbox.`));
    seen.add(outputName);
  }
  if (mission.files.every((file) => file.sizeBytes === null)) {
    findings.push(note('files', 'No size is stated, so that nothing is held against the overlap and the budget.'));
  }
  return findings;
}

const refusal = (about: Finding['about'], sentence: string): Finding => ({ severity: 'refusal', about, sentence });
const warning = (about: Finding['about'], sentence: string): Finding => ({ severity: 'warning', about, sentence });
const note = (about: Finding['about'], sentence: string): Finding => ({ severity: 'note', about, sentence });
