import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { inject, onTestFinished } from 'vitest';
import { type AgentName, projectRoot } from '../../scripts/build/bundle.ts';
import { long } from './effort.ts';
import type { CleanUp } from './temporary.ts';

export { freePort } from '../../scripts/simulate/port-check.ts';

const everyNode: readonly (readonly [name: string, path: string])[] = [
  [`Node ${process.versions.node}`, process.execPath],
  ...(inject('node16') === null ? [] : [['Node 16.20.2', inject('node16') ?? ''] as const]),
];

/**
 * The Nodes that a test which names them runs on: the one on board where it can be had, and in the long run this
 * machine's too, which those that name none run on anyway.
 */
export const nodes = long ? everyNode : everyNode.slice(-1);

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningAgent {
  readonly child: ChildProcess;
  readonly exit: Promise<Exit>;
}

/** Starts a built bundle as a window would: as one executable file, outside a shell. It is gone when the test is over. */
export function startAgent(
  agent: AgentName,
  args: readonly string[],
  options: { node?: string; cwd?: string; env?: NodeJS.ProcessEnv; cleanUp?: CleanUp } = {},
): RunningAgent {
  const child = spawn(join(projectRoot, 'build', agent), args, {
    cwd: options.cwd ?? '/',
    env: {
      ...process.env,
      // Certificates are nothing to an agent, and Node may read them for longer than all the rest of its start takes.
      NODE_EXTRA_CA_CERTS: undefined,
      // A test that forgets to say where the SDR is must not reach for the satellite's addresses.
      PAYLOAD_SDR: '127.0.0.1',
      PAYLOAD_NODE: options.node ?? process.execPath,
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exit = once(child, 'close').then(([code, signal]): Exit => ({ code, signal, stdout, stderr }));
  (options.cleanUp ?? onTestFinished)(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exit;
  });
  return { child, exit };
}

/** Runs a built bundle to its end. */
export function runAgent(...args: Parameters<typeof startAgent>): Promise<Exit> {
  return startAgent(...args).exit;
}

/** Resolves once something accepts connections on the loopback port; rejects when that takes longer than a test may. */
export async function listening(port: number, timeoutMs = 10_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      // Nothing tells another process that a port is about to be listened on.
      await delay(10);
    } finally {
      socket.destroy();
    }
  }
}
