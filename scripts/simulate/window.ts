import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { inSandbox, type Sandbox } from './sandbox.ts';

/** What a window runs, as in the Tasking API's `user_command`. */
export interface UserCommand {
  /** An absolute path is one of the payload's; a bare name is looked up on this machine's system PATH. */
  readonly executable: string;
  readonly arguments: readonly string[];
}

export interface WindowOptions {
  readonly durationMs: number;
  /** Between SIGTERM and the power's going off (SIGKILL). */
  readonly graceMs: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Takes what the process prints. On board nobody does. */
  readonly onOutput?: (text: string) => void;
}

export interface ProcessExit {
  /** `null` where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A window that has opened. */
export interface OpenWindow {
  readonly child: ChildProcess;
  /** The user's process has ended, which may be long before the window does. Rejects where it cannot be started. */
  readonly exited: Promise<ProcessExit>;
  /** The window is over and nothing of it runs any more. */
  readonly ended: Promise<ProcessExit>;
  /** Ends the window now, in the same order as at its end: SIGTERM, the grace, SIGKILL. */
  abort(): void;
  /** Ends the window at this moment without a warning, as a loss of power does. */
  cutPower(): void;
}

/**
 * What the surroundings tell our agents where loopback stands for the satellite's Ethernet (agents/common/environment.ts).
 * Takes loopback addresses only: a simulation must never reach for a real 10.2.1.x.
 */
export function loopbackEnvironment(
  sandbox: Sandbox,
  addresses: { readonly own: string; readonly sdr: string },
): Record<string, string> {
  for (const address of [addresses.own, addresses.sdr]) {
    if (!isIPv4(address) || !address.startsWith('127.')) throw new Error(`${address} is not a loopback address.`);
  }
  return {
    PAYLOAD_ROOT: sandbox.root,
    PAYLOAD_ADDRESS: addresses.own,
    PAYLOAD_SDR: addresses.sdr,
    PAYLOAD_NODE: process.execPath,
  };
}

/**
 * Opens a window: starts the command as the satellite does, outside a shell, from `/`, and with nothing in its
 * environment but what is given. At the end of the window the process and all that it started get SIGTERM, and SIGKILL
 * after the grace.
 */
export function openWindow(sandbox: Sandbox, command: UserCommand, options: WindowOptions): OpenWindow {
  const { executable } = command;
  const child = spawn(executable.startsWith('/') ? inSandbox(sandbox, executable) : executable, command.arguments, {
    cwd: sandbox.root,
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, so that what the command starts ends with it.
    detached: true,
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => options.onOutput?.(text));
  }
  const exited = once(child, 'exit').then(([code, signal]): ProcessExit => ({ code, signal }));
  const schedule = new AbortController();
  const power = new AbortController();
  power.signal.addEventListener('abort', () => schedule.abort());
  // A command that cannot be started has no window to wait for.
  exited.catch(() => power.abort());

  const ended = (async (): Promise<ProcessExit> => {
    await pause(options.durationMs, schedule.signal);
    if (!power.signal.aborted) {
      killGroup(child, 'SIGTERM');
      await Promise.race([exited, pause(options.graceMs, power.signal)]);
    }
    killGroup(child, 'SIGKILL');
    return exited;
  })();
  // Whoever opened the window may be waiting for something else when it fails.
  ended.catch(() => {});
  return { child, exited, ended, abort: () => schedule.abort(), cutPower: () => power.abort() };
}

async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  await delay(durationMs, undefined, { signal }).catch(() => {});
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // ESRCH: all of it has ended already.
  }
}
