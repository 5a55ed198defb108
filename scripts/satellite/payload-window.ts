import { chmodSync, copyFileSync, existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Severity } from '../../shared/event.ts';
import { listOutbox } from '../simulate/bucket.ts';
import { clearBoxes, inSandbox, type Sandbox, upload } from '../simulate/sandbox.ts';
import { chooseSyslog, placeSyslog } from '../simulate/syslog.ts';
import { type OpenWindow, openWindow, type ProcessExit } from '../simulate/window.ts';
import type { Faults } from './fault.ts';
import type { Download, PlannedWindow, Upload } from './model.ts';
import type { Network, Place } from './network/network.ts';
import { clockEnvironment } from './payload-clock.ts';

/** A power cut is without a warning, an abort is the window's end before its time. */
export type Cut = 'power-cut' | 'window-aborted';

export interface WindowRun {
  /** Resolves once nothing of the window runs any more. */
  readonly ended: Promise<void>;
  readonly cut: (cut: Cut) => void;
}

export interface WindowSurroundings {
  readonly network: Network;
  readonly faults: Faults;
  /** How long the window is open, in this machine's time. */
  readonly durationMs: number;
  readonly graceMs: number;
  /** By how much the payload's clock is ahead of this machine's. */
  readonly clockAheadMs: number;
  readonly tell: (severity: Severity, message: string) => void;
}

/** Runs one window on one payload: its files are in place, its command starts, and nothing of it is left at its end. */
export function runWindow(place: Place, window: PlannedWindow, around: WindowSurroundings): WindowRun {
  const { faults, network, tell } = around;
  const off = new AbortController();
  let open: OpenWindow | null = null;

  const cut = (how: Cut): void => {
    tell('warn', how === 'power-cut' ? 'The power is cut.' : 'The window is aborted.');
    off.abort();
    if (how === 'power-cut') open?.cutPower();
    else open?.abort();
  };

  async function run(): Promise<void> {
    const timers = (['power-cut', 'window-aborted'] as const).flatMap((kind) => {
      const afterS = faults.get(kind);
      return afterS === undefined ? [] : [setTimeout(() => cut(kind), afterS * 1000)];
    });
    await network.connect(place, {
      bytesPerSecond: faults.get('link-slow') ?? null,
      breaksAfterBytes: faults.get('link-lossy') ?? null,
    });
    try {
      window.outcome = await command();
    } finally {
      for (const timer of timers) clearTimeout(timer);
      await network.disconnect(place);
    }
  }

  async function command(): Promise<string> {
    const bootMs = Math.min(around.durationMs, (faults.get('boot-delay') ?? 0) * 1000);
    if (bootMs > 0) {
      tell('warn', `The payload starts ${bootMs / 1000} s late.`);
      await delay(bootMs, undefined, { signal: off.signal }).catch(() => {});
    }
    if (off.signal.aborted || bootMs === around.durationMs) return 'never started';
    const { executable, executable_arguments: words = [] } = window.request.parameters.user_command;
    const launch = network.launch(place, { executable, arguments: words });
    const wrongMs = (faults.get('clock-wrong') ?? 0) * 1000;
    open = openWindow(place.sandbox, launch.command, {
      durationMs: around.durationMs - bootMs,
      graceMs: around.graceMs,
      environment: { ...launch.environment, ...clockEnvironment(place.sandbox, around.clockAheadMs + wrongMs, launch) },
      onOutput: (text) => tell('debug', text.trimEnd()),
    });
    open.exited.then((exit) => tell('info', `${executable} ended: ${inWords(exit)}.`)).catch(() => {});
    try {
      return inWords(await open.ended);
    } catch (error) {
      const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      tell('error', `${executable} cannot be started (${reason}): is it uploaded, and is it executable?`);
      return `not started (${reason})`;
    }
  }

  return { ended: run(), cut };
}

/**
 * What happens before the user's command runs: empty boxes, uploads at their places, a log to read. Returns the sentences
 * of what could not be placed.
 */
export function prepareSandbox(place: Place, uploads: readonly Upload[]): readonly string[] {
  clearBoxes(place.sandbox);
  const syslog = inSandbox(place.sandbox, '/var/log/syslog');
  mkdirSync(dirname(syslog), { recursive: true });
  if (!existsSync(syslog)) placeSyslog(syslog, chooseSyslog(null));
  return uploads.flatMap(({ query, file }) => {
    // Resolved first: `..` ends at the payload's root.
    const destination = posix.resolve('/', query.destination_path);
    try {
      upload(place.sandbox, file, destination);
      if (query.executable === 'false') chmodSync(inSandbox(place.sandbox, destination), 0o644);
      return [];
    } catch (error) {
      return [`${destination} cannot be placed: ${error instanceof Error ? error.message : error}`];
    }
  });
}

/** Copies what the window asked for from another payload's sandbox; returns the sentences of what could not be copied. */
export function copyFrom(window: PlannedWindow, to: Sandbox, sandboxOf: (payload: string) => Sandbox | null): string[] {
  return (window.request.parameters.copy_from ?? []).flatMap(({ src_payload, src_path, dst_path }) => {
    const from = sandboxOf(src_payload);
    try {
      if (from === null) return [`There is no ${src_payload} to copy from.`];
      const destination = inSandbox(to, posix.resolve('/', dst_path));
      mkdirSync(dirname(destination), { recursive: true });
      copyFileSync(inSandbox(from, posix.resolve('/', src_path)), destination);
      return [];
    } catch (error) {
      return [`${src_path} of ${src_payload} was not copied: ${error instanceof Error ? error.message : error}`];
    }
  });
}

/** What a window put into the outbox, taken for the downlink; what its budget does not cover is named instead. */
export interface Sweep {
  readonly downloads: readonly Download[];
  readonly overBudget: readonly string[];
}

/** Takes the outbox away as it is at this moment, whole or not; the smallest files first where a budget is set. */
export function sweep(place: Place, window: PlannedWindow, directory: string): Sweep {
  const taken = join(directory, window.id);
  for (const needed of [directory, place.sandbox.outbox]) mkdirSync(needed, { recursive: true });
  renameSync(place.sandbox.outbox, taken);
  mkdirSync(place.sandbox.outbox);
  let leftBytes = window.request.parameters.downlink_budget ?? Number.POSITIVE_INFINITY;
  const downloads: Download[] = [];
  const overBudget: string[] = [];
  const files = listOutbox(taken).map((file) => ({ ...file, sizeBytes: statSync(file.path).size }));
  for (const { path, name, sizeBytes } of files.sort((a, b) => a.sizeBytes - b.sizeBytes)) {
    leftBytes -= sizeBytes;
    if (leftBytes < 0) overBudget.push(name);
    else downloads.push({ satelliteId: place.satelliteId, file: path, name, sizeBytes, sentBytes: 0 });
  }
  return { downloads, overBudget };
}

function inWords(exit: ProcessExit): string {
  return exit.signal === null ? `exit code ${exit.code}` : `killed by ${exit.signal}`;
}
