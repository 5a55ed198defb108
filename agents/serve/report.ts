import type { Failure } from '../../shared/failure.ts';
import { PROTOCOL_VERSION } from '../../shared/protocol.ts';
import type { ServeReport } from '../../shared/report.ts';
import { ownProcess } from '../common/process-mark.ts';
import { elapsedMs } from '../common/run-clock.ts';
import { version } from '../common/version.ts';
import type { Tally } from './tally.ts';

const own = ownProcess();

export type Ending = NonNullable<ServeReport['ending']>;

/** The state of a run, as far as its report tells of it. */
export interface RunState {
  readonly startedAt: string;
  readonly allowedMs: number | null;
  readonly directory: string;
  listening: ServeReport['listening'];
  /** `null` while the run goes on. */
  ended: { readonly by: Ending; readonly failure: Failure | null } | null;
}

/** The report as it is at this moment (shared/report.ts). */
export function reportOf(run: RunState, revision: number, tally: Tally, connections: number): ServeReport {
  const { startedAt, allowedMs, directory, listening, ended } = run;
  const failure = ended?.failure ?? null;
  return {
    schema: 'payload-serve-report/1',
    agent: { name: 'payload-serve', version, protocol: PROTOCOL_VERSION, node: process.versions.node },
    revision,
    state: ended === null ? 'running' : 'ended',
    startedAt,
    elapsedMs: elapsedMs(),
    allowedMs,
    exitCode: ended === null ? null : (failure?.exitCode ?? 0),
    failure: failure && { code: failure.code, reason: failure.message, advice: failure.advice },
    ending: ended?.by ?? null,
    process: own,
    directory,
    listening,
    ...tally.snapshot(connections),
  };
}
