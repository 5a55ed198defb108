import { z } from 'zod';
import { DEFAULT_PORT, parsePort, portProblem } from '../../shared/payload.ts';
import { parseBytes, parseMomentAsEpochMs } from '../../shared/quantity.ts';
import { CONTACT_SECONDS, WINDOW_RULES } from '../tasking/rules.ts';
import { GroundFailure } from './failure.ts';
import { parseSeconds } from './quantity.ts';

/**
 * A mission: which files of the SDR are wanted from which satellites, when, and what the two windows look like. People
 * write it as YAML or JSON (`duration: 60`, `size: 40MB`, `start: +6h`); the parsed form carries its units in its names.
 */

const seconds = z.union([z.number(), z.string()]).transform((value, context) => {
  const parsed = parseSeconds(String(value));
  if (parsed === null) context.addIssue(`"${value}" is not a duration: give whole seconds, or for example 90s, 2m, 6h`);
  return parsed ?? z.NEVER;
});

const bytes = z.union([z.number(), z.string()]).transform((value, context) => {
  const parsed = parseBytes(String(value));
  if (parsed === null) context.addIssue(`"${value}" is not a size: give bytes, or for example 125KB, 40MB`);
  return parsed ?? z.NEVER;
});

const rate = bytes.refine((value) => value > 0, 'a rate of nothing moves nothing');

/** YAML gives a date as text, and a JSON file may give epoch seconds. */
const start = z.union([z.number(), z.string()]).transform((value, context): MissionStart => {
  const parsed = parseStart(String(value));
  if (parsed === null)
    context.addIssue(`"${value}" is not a start: give earliest, +6h, 2026-12-01T06:00:00Z or epoch seconds`);
  return parsed ?? z.NEVER;
});

const port = z.union([z.number(), z.string()]).transform((value, context) => {
  const parsed = parsePort(String(value));
  if (parsed === null) context.addIssue(portProblem(String(value)));
  return parsed ?? z.NEVER;
});

const onBoardPath = z.string().regex(/^\/[^\0]*$/, 'must be an absolute path on the payload');

/** A path alone is a file without more to say of it. */
const wantedFile = z
  .preprocess(
    (value) => (typeof value === 'string' ? { path: value } : value),
    z.strictObject({
      path: onBoardPath,
      as: z
        .string()
        .regex(/^[^/\0.-][^/\0]*$/, 'must be a plain file name')
        .optional(),
      size: bytes.optional(),
    }),
  )
  .transform(({ path, as = null, size = null }): WantedFile => ({ path, outputName: as, sizeBytes: size }));

const MINIMUM_SECONDS = Math.max(
  WINDOW_RULES.PAYLOAD_SDR.minimumSeconds,
  WINDOW_RULES.PAYLOAD_SABERTOOTH.minimumSeconds,
);

const bundle = (file: string) =>
  z
    .strictObject({
      file: z.string().min(1).default(file),
      destination: onBoardPath.default(`/persist/bin/${file.replace(/^.*\//, '')}`),
    })
    .prefault({});

const missionFile = z
  .strictObject({
    name: z.string().default(''),
    satellites: z.array(z.string().min(1)).min(1, 'name at least one satellite'),
    files: z.array(wantedFile).min(1, 'name at least one file'),
    start: start.default({ kind: 'in', seconds: CONTACT_SECONDS }),
    duration: z
      .union([
        seconds.transform((each) => ({ sdr: each, sabertooth: each })),
        z.strictObject({ sdr: seconds, sabertooth: seconds }),
      ])
      .default({ sdr: 60, sabertooth: 60 }),
    offset: seconds.default(30),
    boot: seconds.default(5),
    port: port.default(DEFAULT_PORT),
    linkRate: rate.default(10_000_000),
    downlinkBudget: rate.nullable().default(null),
    minimumWindow: seconds.default(MINIMUM_SECONDS),
    recursive: z.boolean().default(false),
    acrossWindows: z.boolean().default(false),
    kept: bytes.default(0),
    wrapper: onBoardPath.nullable().default(null),
    serve: bundle('build/payload-serve'),
    fetch: bundle('build/payload-fetch'),
  })
  .transform(
    (m): Mission => ({
      name: m.name,
      satellites: [...new Set(m.satellites)],
      files: m.files,
      start: m.start,
      sdrSeconds: m.duration.sdr,
      sabertoothSeconds: m.duration.sabertooth,
      offsetSeconds: m.offset,
      bootSeconds: m.boot,
      port: m.port,
      linkBytesPerSecond: m.linkRate,
      downlinkBudgetBytes: m.downlinkBudget,
      minimumWindowSeconds: m.minimumWindow,
      recursive: m.recursive,
      acrossWindows: m.acrossWindows,
      keptBytes: m.kept,
      wrapper: m.wrapper,
      serve: m.serve,
      fetch: m.fetch,
    }),
  );

export type MissionStart =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'in'; readonly seconds: number }
  | { readonly kind: 'at'; readonly epochSeconds: number };

export interface WantedFile {
  /** Absolute, on the SDR. */
  readonly path: string;
  /** Its name in the outbox; `null` leaves the choice to payload-fetch. */
  readonly outputName: string | null;
  readonly sizeBytes: number | null;
}

/** An agent's bundle: where it is here, and where it goes on board. */
export interface Bundle {
  readonly file: string;
  readonly destination: string;
}

export interface Mission {
  /** Tells missions apart that ask for the same windows: what is deployed once is not deployed twice under one name. */
  readonly name: string;
  readonly satellites: readonly string[];
  readonly files: readonly WantedFile[];
  readonly start: MissionStart;
  readonly sdrSeconds: number;
  readonly sabertoothSeconds: number;
  /** How long after the SDR's window the SABERTOOTH's starts. */
  readonly offsetSeconds: number;
  /** From the start of a window until its program answers, on either payload. */
  readonly bootSeconds: number;
  readonly port: number;
  readonly linkBytesPerSecond: number;
  readonly downlinkBudgetBytes: number | null;
  /** The shortest window that is taken; a simulated satellite may take shorter ones than the operator. */
  readonly minimumWindowSeconds: number;
  /** Whether a directory among the files means all that is below it. */
  readonly recursive: boolean;
  /** Whether the files may take several windows: payload-fetch continues where the one before ended. */
  readonly acrossWindows: boolean;
  /** What payload-fetch keeps of the files from windows before: it does not have to come over the link again. */
  readonly keptBytes: number;
  /** A script of the user's that runs the agents, such as `/persist/bin/entry.sh`. */
  readonly wrapper: string | null;
  readonly serve: Bundle;
  readonly fetch: Bundle;
}

/**
 * Reads what a mission file holds, flags already laid over it. `where` names it in the sentence. Throws a `usage` failure
 * that names every member that is wrong.
 */
export function parseMission(value: unknown, where: string): Mission {
  const result = missionFile.safeParse(value);
  if (result.success) return Object.freeze(result.data);
  const problems = result.error.issues.map((issue) => {
    const path = issue.path.join('.');
    const message = issue.message.replace(/\.$/, '');
    return path === '' ? message : `${path}: ${message}`;
  });
  throw new GroundFailure('usage', `${where} cannot be used. ${problems.join('; ')}.`);
}

/** Reads `PATH[,as=NAME][,size=40MB]`, what the flag `--file` takes, into the form of a mission file. */
export function parseFileFlag(text: string): unknown {
  const [path, ...options] = text.split(',');
  const file: Record<string, string> = { path: path ?? '' };
  for (const option of options) {
    const [key = '', ...value] = option.split('=');
    file[key] = value.join('=');
  }
  return file;
}

function parseStart(text: string): MissionStart | null {
  if (text === 'earliest') return { kind: 'earliest' };
  if (text.startsWith('+')) {
    const inSeconds = parseSeconds(text.slice(1));
    return inSeconds === null ? null : { kind: 'in', seconds: inSeconds };
  }
  const epochMs = parseMomentAsEpochMs(text);
  return epochMs === null ? null : { kind: 'at', epochSeconds: Math.floor(epochMs / 1000) };
}
