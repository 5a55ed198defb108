import { existsSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { MissionFlags } from './command/options.ts';
import type { BundleFile } from './deploy-context.ts';
import { diskFailure, GroundFailure } from './failure.ts';
import { type Bundle, type Mission, parseFileFlag, parseMission } from './mission.ts';

/** A mission, and what it was read from: as in its file, the flags laid over it. */
export interface ReadMission {
  readonly mission: Mission;
  readonly written: Readonly<Record<string, unknown>>;
}

/** The mission of a command line: its file, if one is named, with the flags laid over it. YAML reads JSON too. */
export function readMission(flags: MissionFlags): ReadMission {
  const { mission: path, satellite, file, skipUpload: _, ...rest } = flags;
  const written = path === undefined ? {} : readMissionFile(path);
  const stated = Object.entries(rest).filter(([name, value]) => value !== undefined && name in FLAG_MEMBERS);
  const merged = {
    ...written,
    ...Object.fromEntries(stated),
    ...(satellite === undefined ? {} : { satellites: satellite }),
    ...(file === undefined ? {} : { files: file.map(parseFileFlag) }),
  };
  return { mission: parseMission(merged, path ?? 'The mission'), written: merged };
}

/** The flags that are a member of the mission file under the same name. */
const FLAG_MEMBERS: Readonly<Record<string, true>> = {
  start: true,
  duration: true,
  offset: true,
  boot: true,
  port: true,
  linkRate: true,
  downlinkBudget: true,
  wrapper: true,
  minimumWindow: true,
  recursive: true,
  acrossWindows: true,
};

/** Reads both bundles of a mission; none where they are on board already. */
export function readBundles(mission: Mission, skipUpload: boolean): readonly BundleFile[] {
  if (skipUpload) return [];
  return [readBundle('SDR', mission.serve), readBundle('SABERTOOTH', mission.fetch)];
}

/** Whether both bundles have been built. */
export function areBundlesHere(mission: Mission): boolean {
  return [mission.serve, mission.fetch].every((bundle) => existsSync(pathOfBundle(bundle)));
}

function readBundle(payload: BundleFile['payload'], bundle: Bundle): BundleFile {
  const path = pathOfBundle(bundle);
  try {
    return { payload, destination: bundle.destination, fileName: basename(path), content: readFileSync(path) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new GroundFailure(
        'disk',
        `The bundle ${bundle.file} is not here: npm run build makes it, and --skip-upload does without where it is on board already.`,
      );
    }
    throw diskFailure(`The bundle ${path} cannot be read`, error);
  }
}

/** Not asked of the build, which would take longer to load than the command takes to run. */
const PACKAGE_ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A bundle is looked for here, and then where this package builds it, so that a mission may lie anywhere. */
function pathOfBundle(bundle: Bundle): string {
  return existsSync(bundle.file) ? bundle.file : resolve(PACKAGE_ROOT, bundle.file);
}

function readMissionFile(path: string): object {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new GroundFailure('usage', `The mission file ${path} cannot be read: ${(error as Error).message}.`);
  }
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    const [problem] = (error as Error).message.split('\n');
    throw new GroundFailure('usage', `${path} is neither YAML nor JSON: ${problem?.replace(/[:.]$/, '')}.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new GroundFailure('usage', `${path} holds no mission: name its satellites and files.`);
  }
  return value;
}
