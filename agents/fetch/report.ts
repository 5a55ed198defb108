import { type Failure, failureKinds } from '../../shared/failure.ts';
import { PROTOCOL_VERSION } from '../../shared/protocol.ts';
import type { ReportedFailure, WrittenFetchReport } from '../../shared/report.ts';
import { ownProcessMark } from '../common/process-mark.ts';
import { elapsedMs } from '../common/run-clock.ts';
import { version } from '../common/version.ts';
import type { LinkRate } from './link-rate.ts';
import { secondsToAskFor } from './plan.ts';

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** One file of the run, as the report tells it; changed in place while the file is worked on. */
export type FileEntry = Writable<WrittenFetchReport['files'][number]>;

const own = ownProcessMark();

type FileFailure = NonNullable<FileEntry['failure']>;

/** A report is downlinked: it lists what fits, of ten thousand files the ones that need attention first. */
export const LONGEST_REPORT_BYTES = 12 * 1024;
const LONGEST_FOR_TEN_BYTES = 4 * 1024;

/** A sentence may carry what a server said. */
const LONGEST_REASON = 200;

export function newEntry(source: string, output: string): FileEntry {
  return {
    source,
    output,
    state: 'waiting',
    sizeBytes: null,
    fetchedBytes: 0,
    reusedBytes: 0,
    mendedBytes: 0,
    sha256: null,
    verified: null,
    attempts: 0,
    failure: null,
  };
}

export function fileFailure(failure: Failure): FileFailure {
  return { code: failure.code, reason: failure.message.slice(0, LONGEST_REASON) };
}

export interface RunFacts {
  readonly outbox: string | null;
  readonly stateDirectory: string;
  readonly allowedMs: number | null;
  readonly marginMs: number;
}

/** The run's state, from which its report and its status are made. */
export class RunReport {
  readonly #startedAt = new Date().toISOString();
  readonly #facts: RunFacts;
  readonly #rate: LinkRate;
  readonly files: FileEntry[] = [];
  readonly server: Writable<WrittenFetchReport['server']> = { tried: [], answered: null, waitedMs: null };
  /** How much of a file is still to come, by whoever fetches it; not of one that is delivered. */
  readonly left = new Map<FileEntry, { readonly leftBytes: number | null }>();
  #ending: WrittenFetchReport['ending'] = null;
  #exitCode: number | null = null;
  #failure: ReportedFailure | null = null;

  constructor(facts: RunFacts, rate: LinkRate) {
    this.#facts = facts;
    this.#rate = rate;
  }

  end(ending: WrittenFetchReport['ending'], exitCode: number, failure: Failure | null): void {
    this.#ending = ending;
    this.#exitCode = exitCode;
    this.#failure = failure === null ? null : { code: failure.code, reason: failure.message, advice: failure.advice };
  }

  /** The report as it is now. `mostBytes` bounds it: one file is listed in any case. */
  snapshot(
    revision: number,
    mostBytes = this.files.length > 10 ? LONGEST_REPORT_BYTES : LONGEST_FOR_TEN_BYTES,
  ): WrittenFetchReport {
    const { outbox, stateDirectory, allowedMs, marginMs } = this.#facts;
    const totals = { files: this.files.length, delivered: 0, fetchedBytes: 0, reusedBytes: 0, mendedBytes: 0 };
    let leftBytes = 0;
    for (const file of this.files) {
      totals.fetchedBytes += file.fetchedBytes;
      totals.reusedBytes += file.reusedBytes;
      totals.mendedBytes += file.mendedBytes;
      if (file.state === 'delivered') {
        totals.delivered += 1;
        this.left.delete(file);
      } else if (file.failure === null || failureKinds[file.failure.code].exitCode <= 4)
        leftBytes += this.left.get(file)?.leftBytes ?? 0;
    }
    const { bytesPerSecond, firstByteMs } = this.#rate;
    const report: Writable<WrittenFetchReport> = {
      schema: 'payload-fetch-report/1',
      agent: { name: 'payload-fetch', version, protocol: PROTOCOL_VERSION, node: process.versions.node },
      revision,
      state: this.#exitCode === null ? 'running' : 'ended',
      startedAt: this.#startedAt,
      elapsedMs: elapsedMs(),
      allowedMs,
      exitCode: this.#exitCode,
      failure: this.#failure,
      ending: this.#ending,
      process: { pid: own.pid, startTicks: own.startTicks },
      outbox,
      stateDirectory,
      server: this.server,
      totals,
      link: { bytesPerSecond, firstByteMs },
      nextWindow: leftBytes === 0 ? null : { leftBytes, seconds: secondsToAskFor(leftBytes, bytesPerSecond, marginMs) },
      filesOmitted: this.files.length,
      files: [],
    };
    report.files = this.#listed(mostBytes - sizeOf(report));
    report.filesOmitted -= report.files.length;
    return report;
  }

  /** All files in the order they were asked for; or the ones that need attention, and as many others as there is room. */
  #listed(mostBytes: number): FileEntry[] {
    if (howManyFit(this.files, mostBytes) === this.files.length) return this.files;
    const byNeed = [isFailed, isUnderWay, isDelivered].flatMap((wanted) => this.files.filter(wanted));
    return byNeed.slice(0, Math.max(1, howManyFit(byNeed, mostBytes)));
  }
}

function howManyFit(files: readonly FileEntry[], mostBytes: number): number {
  let leftBytes = mostBytes;
  const tooMany = files.findIndex((file) => {
    leftBytes -= sizeOf(file) + 1;
    return leftBytes < 0;
  });
  return tooMany < 0 ? files.length : tooMany;
}

const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

const isDelivered = (file: FileEntry): boolean => file.state === 'delivered' && file.failure === null;
const isFailed = (file: FileEntry): boolean => file.failure !== null;
const isUnderWay = (file: FileEntry): boolean => !isDelivered(file) && !isFailed(file);
