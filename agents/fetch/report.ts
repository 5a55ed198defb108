import type { Failure } from '../../shared/failure.ts';
import { PROTOCOL_VERSION } from '../../shared/protocol.ts';
import type { FetchReport, ReportedFailure } from '../../shared/report.ts';
import { elapsedMs } from '../common/run-clock.ts';
import { version } from '../common/version.ts';

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** One file of the run, as the report tells it; changed in place while the file is worked on. */
export type FileEntry = Writable<FetchReport['files'][number]>;

export function newEntry(source: string, output: string): FileEntry {
  return {
    source,
    output,
    state: 'waiting',
    sizeBytes: null,
    fetchedBytes: 0,
    reusedBytes: 0,
    sha256: null,
    verified: null,
    attempts: 0,
    failure: null,
  };
}

/** The run's state, from which its report and its status are made. */
export class RunReport {
  readonly #startedAt = new Date().toISOString();
  readonly #stateDirectory: string;
  readonly #outbox: string | null;
  readonly #allowedMs: number | null;
  readonly files: FileEntry[] = [];
  readonly server: Writable<FetchReport['server']> = { tried: [], answered: null, waitedMs: null };
  #ending: FetchReport['ending'] = null;
  #exitCode: number | null = null;
  #failure: ReportedFailure | null = null;

  constructor(outbox: string | null, stateDirectory: string, allowedMs: number | null) {
    this.#outbox = outbox;
    this.#stateDirectory = stateDirectory;
    this.#allowedMs = allowedMs;
  }

  end(ending: FetchReport['ending'], exitCode: number, failure: Failure | null): void {
    this.#ending = ending;
    this.#exitCode = exitCode;
    this.#failure = failure === null ? null : reported(failure);
  }

  snapshot(revision: number): FetchReport {
    const sum = (of: (file: FileEntry) => number): number => this.files.reduce((total, file) => total + of(file), 0);
    return {
      schema: 'payload-fetch-report/1',
      agent: { name: 'payload-fetch', version, protocol: PROTOCOL_VERSION, node: process.version },
      revision,
      state: this.#exitCode === null ? 'running' : 'ended',
      startedAt: this.#startedAt,
      elapsedMs: elapsedMs(),
      allowedMs: this.#allowedMs,
      exitCode: this.#exitCode,
      failure: this.#failure,
      ending: this.#ending,
      outbox: this.#outbox,
      stateDirectory: this.#stateDirectory,
      server: this.server,
      totals: {
        files: this.files.length,
        delivered: this.files.filter((file) => file.state === 'delivered').length,
        fetchedBytes: sum((file) => file.fetchedBytes),
        reusedBytes: sum((file) => file.reusedBytes),
      },
      files: this.files,
    };
  }
}

export function reported(failure: Failure): ReportedFailure {
  return { code: failure.code, reason: failure.message, advice: failure.advice };
}
