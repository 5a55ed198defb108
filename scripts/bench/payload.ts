import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type AgentName, projectRoot } from '../build/bundle.ts';
import { officialNode } from '../runtime/official-node.ts';
import { freePort } from '../simulate/port-check.ts';

/**
 * What the agents take of a payload, on the Node that runs there: the start against an empty script's, and memory and
 * processors while a large file goes from one to the other. Every kind of start is measured in turn, so that all meet
 * the same noise, and the least of each counts. The first start of a bundle compiles it; from the third on it finds what
 * V8 made of it then, as windows on board do.
 */
const ROUNDS = 15;
const FILE_BYTES = 512 * 1024 * 1024;

/** What we hold ourselves to (docs/on-board.md). */
const LIMITS = { startRatio: 2, serveMiB: 80, fetchMiB: 120, busyCores: 2 } as const;

/** Measures, prints the figures, and says which of {@link LIMITS} holds. */
export async function bench(): Promise<void> {
  const node = await officialNode('x64');
  const directory = mkdtempSync(join(tmpdir(), 'payload-link-bench-'));
  try {
    await benchStart(node, directory);
    await benchTransfer(node, directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function benchStart(node: string, directory: string): Promise<void> {
  const empty = join(directory, 'empty.js');
  writeFileSync(empty, '');
  const first = join(directory, 'first');
  const later = join(directory, 'later');
  for (const root of [first, join(later, 'persist')]) mkdirSync(root, { recursive: true });
  for (let window = 0; window < 2; window++) await runWindow(node, later);
  const kinds: Record<string, () => Promise<number>> = {
    'empty script, to its end': () => timeToExit(spawn(node, [empty], { stdio: 'ignore' })),
    'payload-serve, to listening': () => timeToListening(node, later),
    'payload-fetch, to its first connection': () => timeToFirstConnection(node, later),
    'payload-serve, first start': () => timeToListening(node, first),
    'payload-fetch, first start': () => timeToFirstConnection(node, first),
  };
  const leastMs = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round++)
    for (const [kind, measure] of Object.entries(kinds))
      leastMs.set(kind, Math.min(leastMs.get(kind) ?? Number.POSITIVE_INFINITY, await measure()));

  const [baseMs = 0] = leastMs.values();
  console.log(`Start on Node.js 16.20.2, least of ${ROUNDS}`);
  for (const [kind, ms] of leastMs)
    row(kind, `${ms.toFixed(0)} ms`, ms / baseMs, LIMITS.startRatio, 'x the empty script');
}

/** A window of each that ends well, which is when the bundles keep what was compiled. */
async function runWindow(node: string, root: string): Promise<void> {
  writeFileSync(join(root, 'small'), 'small');
  const port = await freePort();
  const serve = start('payload-serve', node, root, [String(port), '--bind', '127.0.0.1', '--directory', '/']);
  await listening(port);
  const fetch = start('payload-fetch', node, root, [`http://127.0.0.1:${port}/small`, '-o', '/copy']);
  const [code] = await once(fetch, 'exit');
  if (code !== 0) throw new Error(`payload-fetch ended with ${code}`);
  await stop(serve, 'SIGTERM');
}

/** One file of {@link FILE_BYTES} from payload-serve to payload-fetch, as fast as they can. */
async function benchTransfer(node: string, directory: string): Promise<void> {
  const served = join(directory, 'served');
  mkdirSync(served);
  writeFile(join(served, 'file'), FILE_BYTES);
  const port = await freePort();
  const serve = start('payload-serve', node, directory, [String(port), '--bind', '127.0.0.1', '--directory', served]);
  await listening(port);
  const startedAt = performance.now();
  const fetch = start('payload-fetch', node, directory, [
    ...[`http://127.0.0.1:${port}/file`, '-o', join(directory, 'file'), '--state', join(directory, 'state')],
  ]);
  const uses = { serve: usageOf(serve), fetch: usageOf(fetch) };
  const ended = once(fetch, 'exit');
  while (fetch.exitCode === null && fetch.signalCode === null) {
    uses.serve = usageOf(serve) ?? uses.serve;
    uses.fetch = usageOf(fetch) ?? uses.fetch;
    await Promise.race([delay(20), ended]);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const [code] = await ended;
  await stop(serve);
  if (code !== 0) throw new Error(`payload-fetch ended with ${code}`);

  console.log(
    `\n${FILE_BYTES / 2 ** 20} MiB from one to the other in ${seconds.toFixed(1)} s, start and digests included`,
  );
  for (const [name, use, limitMiB] of [
    ['payload-serve', uses.serve, LIMITS.serveMiB],
    ['payload-fetch', uses.fetch, LIMITS.fetchMiB],
  ] as const) {
    row(`${name}, most memory resident`, '', use?.peakMiB ?? Number.NaN, limitMiB, 'MiB');
    row(`${name}, processor time`, '', (use?.cpuSeconds ?? Number.NaN) / seconds, LIMITS.busyCores, 'cores busy');
  }
}

function row(what: string, absolute: string, value: number, limit: number, unit: string): void {
  const verdict = value < limit ? `under ${limit}` : `NOT under ${limit}`;
  console.log(
    `  ${what.padEnd(40)} ${absolute.padStart(7)} ${value.toFixed(value < 10 ? 2 : 0).padStart(7)} ${unit}, ${verdict}`,
  );
}

function start(agent: AgentName, node: string, directory: string, args: readonly string[]): ChildProcess {
  const env = { PATH: process.env.PATH ?? '', PAYLOAD_NODE: node, PAYLOAD_ROOT: directory };
  return spawn(join(projectRoot, 'build', agent), args, { env, stdio: 'ignore' });
}

async function timeToExit(child: ChildProcess): Promise<number> {
  const startedAt = performance.now();
  await once(child, 'exit');
  return performance.now() - startedAt;
}

async function timeToListening(node: string, directory: string): Promise<number> {
  const port = await freePort();
  const startedAt = performance.now();
  const serve = start('payload-serve', node, directory, [
    String(port),
    '--bind',
    '127.0.0.1',
    '--directory',
    directory,
  ]);
  await listening(port);
  const ms = performance.now() - startedAt;
  await stop(serve);
  return ms;
}

async function timeToFirstConnection(node: string, directory: string): Promise<number> {
  const server = await listen();
  const connected = once(server, 'connection');
  const startedAt = performance.now();
  const fetch = start('payload-fetch', node, directory, [...[`http://127.0.0.1:${portOf(server)}/f`, '-o', '/f']]);
  const [socket] = await connected;
  const ms = performance.now() - startedAt;
  await stop(fetch);
  socket.destroy();
  server.close();
  return ms;
}

async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

/** `null` once the process is gone. The launcher's shell has become Node, so one process is all there is. */
function usageOf({ pid }: ChildProcess): { peakMiB: number; cpuSeconds: number } | null {
  try {
    const peakKiB = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    if (peakKiB === undefined) return null;
    // proc(5): the fields after the name in brackets; utime and stime are the 14th and 15th of all, in 1/100 s.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return { peakMiB: Number(peakKiB) / 1024, cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100 };
  } catch {
    return null;
  }
}

function writeFile(path: string, sizeBytes: number): void {
  const block = Buffer.alloc(2 ** 20, 'payload-link ');
  const fd = openSync(path, 'w');
  for (let done = 0; done < sizeBytes; done += block.length) writeSync(fd, block);
  closeSync(fd);
}

async function listening(port: number): Promise<void> {
  for (const until = performance.now() + 10_000; performance.now() < until; await delay(1)) {
    const socket = connect(port, '127.0.0.1');
    const connected = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (connected) return;
  }
  throw new Error(`Nothing listens on ${port}.`);
}

async function listen(): Promise<Server> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return address.port;
}
