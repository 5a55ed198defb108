import { DEFAULT_PORT, SDR } from '../../shared/payload.ts';
import type { WindowRequest } from '../tasking/api.ts';
import { WINDOW_RULES } from '../tasking/rules.ts';
import type { Mission, WantedFile } from './mission.ts';

/** The two windows of one satellite, as they are posted. */
export interface WindowPair {
  readonly sdr: WindowRequest;
  readonly sabertooth: WindowRequest;
}

/** A stretch of time, in epoch seconds. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Lays out the two windows of a mission for one satellite, the SDR's starting at `startEpochSeconds`. */
export function planWindows(mission: Mission, satelliteId: string, startEpochSeconds: number): WindowPair {
  const sdrCommand = userCommand(mission, mission.serve.destination, serveArguments(mission));
  const sabertoothCommand = userCommand(mission, mission.fetch.destination, fetchArguments(mission));
  return {
    sdr: {
      type: 'PAYLOAD_SDR',
      satellite_id: satelliteId,
      start: startEpochSeconds,
      duration: mission.sdrSeconds,
      parameters: { user_command: sdrCommand },
    },
    sabertooth: {
      type: 'PAYLOAD_SABERTOOTH',
      satellite_id: satelliteId,
      start: startEpochSeconds + mission.offsetSeconds,
      duration: mission.sabertoothSeconds,
      parameters: {
        user_command: sabertoothCommand,
        ...(mission.downlinkBudgetBytes === null ? {} : { downlink_budget: mission.downlinkBudgetBytes }),
      },
    },
  };
}

/** Between asking the operator and the first start-up of a payload: posting takes its time too. */
const POSTING_SECONDS = 30;

/** When the SDR's window starts at the earliest, in epoch seconds, by what the mission says and the start-up allows. */
export function startOf(mission: Mission, nowEpochSeconds: number): number {
  if (mission.start.kind === 'at') return mission.start.epochSeconds;
  const startUpSeconds = Math.max(
    WINDOW_RULES.PAYLOAD_SDR.preBufferSeconds,
    WINDOW_RULES.PAYLOAD_SABERTOOTH.preBufferSeconds - mission.offsetSeconds,
  );
  const askedSeconds = mission.start.kind === 'in' ? mission.start.seconds : startUpSeconds + POSTING_SECONDS;
  return nowEpochSeconds + askedSeconds;
}

/** When a posted window runs. */
export function spanOf(window: Pick<WindowRequest, 'start' | 'duration'>): Span {
  return { start: window.start, end: window.start + window.duration };
}

/** What two spans have in common; `null` where that is nothing. */
export function overlapOf(a: Span, b: Span): Span | null {
  const start = Math.max(a.start, b.start);
  const end = Math.min(a.end, b.end);
  return end > start ? { start, end } : null;
}

/** A wrapper takes the real command as its first argument (user guide, "Execution environment"). */
function userCommand(mission: Mission, executable: string, executableArguments: readonly string[]) {
  return mission.wrapper === null
    ? { executable, executable_arguments: [...executableArguments] }
    : { executable: mission.wrapper, executable_arguments: [executable, ...executableArguments] };
}

/** The tutorial's arguments of python's http.server, and when to end: a program that ends by itself has reported. */
function serveArguments(mission: Mission): readonly string[] {
  return [String(mission.port), '--bind', '0.0.0.0', '--duration', String(runSeconds(mission, mission.sdrSeconds))];
}

function fetchArguments(mission: Mission): readonly string[] {
  const from =
    mission.port === DEFAULT_PORT ? [] : SDR.addresses.flatMap((address) => ['--from', `${address}:${mission.port}`]);
  // payload-fetch gives its outputs to its sources in their order: those without a name of their own come last.
  const named = mission.files.filter((file) => file.outputName !== null);
  const sources = [
    ...named.flatMap((file) => [file.path, '-o', file.outputName ?? '']),
    ...mission.files.filter((file) => file.outputName === null).map((file) => file.path),
  ];
  const many = mission.recursive || mission.files.length > FILES_IN_REPORT || mission.files.some(isSelection);
  const options = [
    ...(mission.recursive ? ['--recursive'] : []),
    ...(many ? ['--full-report'] : []),
    ...(mission.downlinkBudgetBytes === null ? [] : ['--budget', String(mission.downlinkBudgetBytes)]),
  ];
  return [...sources, ...from, ...options, '--duration', String(runSeconds(mission, mission.sabertoothSeconds))];
}

/** The report of payload-fetch lists no more; the full list then comes beside it. */
const FILES_IN_REPORT = 24;

/** A pattern or a directory stands for any number of files. */
function isSelection(file: WantedFile): boolean {
  return file.path.endsWith('/') || /[*?[]/.test(file.path);
}

/** A program counts from its own start, which the boot puts after the window's: counted fully it would be cut off. */
function runSeconds(mission: Mission, windowSeconds: number): number {
  return Math.max(1, windowSeconds - mission.bootSeconds);
}
