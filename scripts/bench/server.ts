import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../simulate/port-check.ts';

/** A server that is measured, as a process of ours on the loopback. */
export interface RunningServer {
  readonly port: number;
  /** CPU time that it has used so far, in seconds, of user and system. */
  readonly cpuSeconds: () => number;
  /** The most memory that it ever had resident. */
  readonly peakBytes: () => number;
  readonly stop: () => Promise<void>;
}

/** Starts a server; `args` is given the port that it is to listen on. */
export async function startServer(
  path: string,
  args: (port: number) => readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<RunningServer> {
  const port = await freePort();
  const child = spawn(path, args(port), { stdio: 'ignore', env: { ...process.env, ...env } });
  await listening(port, child);
  return {
    port,
    cpuSeconds: () => cpuSecondsOf(child.pid ?? 0),
    peakBytes: () =>
      Number(/^VmHWM:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'latin1'))?.[1]) * 1024,
    stop: async () => {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

/** nginx (Debian package nginx-light) as the plain server of what is below `root`; `home` holds what it needs itself. */
export function startNginx(nginx: string, root: string, home: string): Promise<RunningServer> {
  return startServer(nginx, (port) => {
    const configuration = join(home, `nginx-${port}.conf`);
    writeFileSync(
      configuration,
      `daemon off; master_process off; pid ${home}/nginx.pid; error_log /dev/null; events {}
       http { access_log off; sendfile on; keepalive_requests 1000000; server { listen 127.0.0.1:${port}; root ${root}; } }`,
    );
    return ['-c', configuration];
  });
}

/** The path of an executable, also of one where only root looks; `null` where it is not here. */
export function programAt(name: string): string | null {
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin'];
  for (const directory of directories) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {}
  }
  return null;
}

/** Clock ticks of proc(5) are hundredths of a second on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode} before it listened`);
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      await delay(10);
    } finally {
      socket.destroy();
    }
  }
}
