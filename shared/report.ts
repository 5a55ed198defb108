import { z } from 'zod';
import { type FailureCode, failureKinds } from './failure.ts';

/**
 * The reports that the agents leave in the outbox: the one account of a window that reaches the ground. The agents take
 * only the types from here (nothing of this file is uplinked); the ground reads a report with the schema.
 *
 * A member is never left out: what is not known is `null`. The number in `schema` rises when a reader of the previous
 * one would be misled; new members may come without that.
 */

const failureCode = z.enum(Object.keys(failureKinds) as [FailureCode, ...FailureCode[]]);
const sizeBytes = z.number().int().nonnegative();
const durationMs = z.number().nonnegative();
const isoTime = z.iso.datetime();

const failure = z.object({ code: failureCode, reason: z.string(), advice: z.string() });

/** Many files fail for one cause: what to do about it is not downlinked with each, and is added by who reads. */
const fileFailure = z
  .object({ code: failureCode, reason: z.string() })
  .transform((told) => ({ ...told, advice: failureKinds[told.code].advice as string }));

const agent = z.object({ name: z.string(), version: z.string(), protocol: z.number().int(), node: z.string() });

/** Times are the payload's clock, which may be wrong; durations are monotonic and can be trusted. */
const run = {
  /** Rises with every write, so that of two copies the later one is known; 0 in an answer of a status port. */
  revision: z.number().int().nonnegative(),
  /** `running` in a report whose process was killed: then it is the last true state. */
  state: z.enum(['running', 'ended']),
  startedAt: isoTime,
  /** How long the run has lasted when this was written. */
  elapsedMs: durationMs,
  /** How long the run was allowed to last; `null` without `--duration`. */
  allowedMs: durationMs.nullable(),
  exitCode: z.number().int().nullable(),
  failure: failure.nullable(),
  /** Which process on board writes it: another run in the same outbox leaves the report of a living one alone. */
  process: z.object({ pid: z.number().int(), startTicks: z.string() }),
};

export const serveReport = z.object({
  schema: z.literal('payload-serve-report/1'),
  agent,
  ...run,
  /** `done`: a client said that it has everything, under `--exit-when-done`. */
  ending: z.enum(['duration', 'signal', 'done', 'failure']).nullable(),
  directory: z.string(),
  listening: z.array(z.object({ address: z.string(), port: z.number().int() })),
  totals: z.object({
    connections: z.number().int(),
    requests: z.number().int(),
    sentBytes: sizeBytes,
    clients: z.array(z.string()),
  }),
  /**
   * The files asked for, the most bytes first; bounded, `filesOmitted` counts the rest, each once. Beyond 10,000 files what
   * is asked for is in the totals alone.
   */
  files: z.array(
    z.object({ path: z.string(), requests: z.number().int(), sentBytes: sizeBytes, clients: z.array(z.string()) }),
  ),
  filesOmitted: z.number().int(),
  /** How often requests were refused, by cause. */
  refusals: z.record(z.string(), z.number().int()),
});

export const fileState = z.enum(['waiting', 'fetching', 'delivered', 'resumable', 'refused', 'held back', 'failed']);

export const fetchReport = z.object({
  schema: z.literal('payload-fetch-report/1'),
  agent,
  ...run,
  ending: z.enum(['done', 'duration', 'signal', 'failure']).nullable(),
  outbox: z.string().nullable(),
  stateDirectory: z.string(),
  /** The addresses tried, and the one that answered first. */
  server: z.object({ tried: z.array(z.string()), answered: z.string().nullable(), waitedMs: durationMs.nullable() }),
  totals: z.object({
    files: z.number().int(),
    delivered: z.number().int(),
    fetchedBytes: sizeBytes,
    reusedBytes: sizeBytes,
    mendedBytes: sizeBytes,
  }),
  /** What the link carried while something was asked of it, and how long the first byte of a file took; `null`: not measured. */
  link: z.object({ bytesPerSecond: z.number().nullable(), firstByteMs: durationMs.nullable() }),
  /** What is left to fetch, as far as its size is known, and the window to ask for; `null` where nothing is left. */
  nextWindow: z.object({ leftBytes: sizeBytes, seconds: z.number().int().nullable() }).nullable(),
  /** The files that were not delivered, then the others; bounded, `filesOmitted` counts the rest. */
  filesOmitted: z.number().int(),
  files: z.array(
    z.object({
      source: z.string(),
      output: z.string(),
      state: fileState,
      sizeBytes: sizeBytes.nullable(),
      /** Body bytes that came over the link in this run, whether or not they could be used. */
      fetchedBytes: sizeBytes,
      /** Bytes of an earlier attempt or run that did not have to come again. */
      reusedBytes: sizeBytes,
      /** Bytes that came damaged and were fetched again, block by block. */
      mendedBytes: sizeBytes,
      sha256: z.string().nullable(),
      /** `sha-256`: equal to the digest that the server states. `length`: the server states none, the length is right. */
      verified: z.enum(['sha-256', 'length']).nullable(),
      attempts: z.number().int(),
      failure: fileFailure.nullable(),
    }),
  ),
});

export type ServeReport = z.infer<typeof serveReport>;
export type FetchReport = z.infer<typeof fetchReport>;
/** The fetch report as it is written. */
export type WrittenFetchReport = z.input<typeof fetchReport>;
export type FileState = z.infer<typeof fileState>;
export type ReportedFailure = z.infer<typeof failure>;
export type ReportedRun = { readonly [Key in keyof typeof run]: z.infer<(typeof run)[Key]> };
