import { readApi } from '../connection.ts';
import { GroundFailure } from '../failure.ts';
import { checkMission, type Finding } from '../mission-check.ts';
import { areBundlesHere, readBundles, readMission } from '../read-mission.ts';
import { bundleSizes } from '../upload-bundles.ts';
import { planWindows, startOf } from '../window-plan.ts';
import { windowsAsCurl, windowsAsJson } from '../window-text.ts';
import type { ApiFlags, MissionFlags } from './options.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * `payload-link plan`: prints the windows, and on stderr what is to be known about them. A mission that cannot work
 * prints no windows, and ends as a `mission` failure.
 */
export function runPlan(flags: MissionFlags & ApiFlags & { readonly as: string }, around: Surroundings): void {
  const { mission } = readMission(flags);
  const now = around.nowEpochSeconds();
  const start = startOf(mission, now);
  const isBuilt = areBundlesHere(mission);
  const bundles = readBundles(mission, flags.skipUpload === true || !isBuilt);
  const findings = checkMission(mission, bundleSizes(bundles), start, now);
  for (const finding of findings) around.tell(`${PREFIX[finding.severity]}${finding.sentence}`);
  if (!isBuilt) around.tell('The bundles are not built yet: nothing is said of their uplink.');
  if (findings.some((finding) => finding.severity === 'refusal')) {
    throw new GroundFailure('mission', 'This mission cannot work as it is.');
  }
  around.print(
    flags.as === 'curl'
      ? windowsAsCurl(mission, readApi(flags, around.variables).href.replace(/\/$/, ''), start)
      : windowsAsJson(mission.satellites.map((satellite) => planWindows(mission, satellite, start))),
  );
}

const PREFIX: Readonly<Record<Finding['severity'], string>> = { refusal: 'Refused: ', warning: 'Warning: ', note: '' };
