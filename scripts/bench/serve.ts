import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { featurePath } from '../../shared/protocol.ts';
import { projectRoot } from '../build/bundle.ts';
import { officialNode } from '../runtime/official-node.ts';
import { programAt, type RunningServer, startNginx, startServer } from './server.ts';
import { discard, drain, readSlowly, requestsPerSecond } from './sink.ts';

/**
 * `npm run bench -- serve`: payload-serve beside nginx and python's http.server, whichever are here. Every figure of a
 * table comes from one run, the servers taking turns; the median of the turns is what is compared.
 */

const MIB = 1024 * 1024;
const STREAM_BYTES = 1024 * MIB;
const TURNS = 5;
const REQUESTS_MS = 2000;
const CONNECTIONS = 8;
const TREE_FILES = 100_000;
const SLOW_READERS = 64;
const SLOW_READ_MS = 8000;

interface Contestant {
  readonly name: string;
  readonly start: () => Promise<RunningServer>;
}

/** Measures, and prints medians and their ratios. */
export async function bench(): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'payload-link-bench-'));
  try {
    const root = join(home, 'root');
    mkdirSync(root);
    writeFileSync(join(root, 'large'), '');
    truncateSync(join(root, 'large'), STREAM_BYTES);
    writeFileSync(join(root, 'small'), Buffer.alloc(1024, 'x'));
    const contestants = await findContestants(home, root);
    console.log(`Measured: ${contestants.map(({ name }) => name).join(', ')}.\n`);
    await benchStream(contestants);
    await benchRequests(contestants);
    await benchMemory(contestants);
    await benchManifest(home, contestants);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function findContestants(home: string, root: string): Promise<readonly Contestant[]> {
  const serve = join(projectRoot, 'build', 'payload-serve');
  const ours = (node: string) => () =>
    startServer(serve, (port) => [String(port), '--bind', '127.0.0.1', '--directory', root, '--outbox', home], {
      PAYLOAD_NODE: node,
    });
  const contestants: Contestant[] = [
    { name: `payload-serve, Node ${process.versions.node}`, start: ours(process.execPath) },
  ];
  const node16 = await officialNode('x64').catch(() => null);
  if (node16 === null) console.log('Not here: Node 16.20.2.');
  else contestants.unshift({ name: 'payload-serve, Node 16.20.2', start: ours(node16) });

  const nginx = programAt('nginx');
  if (nginx === null) console.log('Not here: nginx (Debian package nginx-light).');
  else {
    contestants.push({
      name: 'nginx',
      start: () => startNginx(nginx, root, home),
    });
  }
  const python = programAt('python3');
  if (python === null) console.log('Not here: python3.');
  else {
    contestants.push({
      name: 'python3 -m http.server',
      start: () =>
        startServer(python, (port) => ['-m', 'http.server', String(port), '--bind', '127.0.0.1', '-d', root]),
    });
  }
  return contestants;
}

async function benchStream(contestants: readonly Contestant[]): Promise<void> {
  const python = programAt('python3');
  const sink = (port: number): Promise<number> => (python ? discard(python, port, '/large') : drain(port, '/large'));
  if (python === null) console.log('Without python3 the sink has to copy what it discards: read the ratios with care.');
  const results = await inTurns(contestants, async (server) => {
    await sink(server.port);
    const [startedMs, startedCpu] = [performance.now(), server.cpuSeconds()];
    const receivedBytes = await sink(server.port);
    if (receivedBytes < STREAM_BYTES) throw new Error(`only ${receivedBytes} bytes came`);
    const seconds = (performance.now() - startedMs) / 1000;
    return [STREAM_BYTES / MIB / seconds, server.cpuSeconds() - startedCpu];
  });
  const [nginxRate = null, nginxCpu = null] = results.get('nginx') ?? [];
  const [pythonRate = null] = results.get('python3 -m http.server') ?? [];
  console.log('One stream of 1 GiB, cache-hot, into a sink');
  for (const [name, [rate = 0, cpu = 0]] of results) {
    print(name, `${rate.toFixed(0)} MiB/s`, `${cpu.toFixed(2)} CPU s/GiB`);
  }
  const [rate = 0, cpu = 0] = results.get('payload-serve, Node 16.20.2') ?? [];
  judge('rate, of nginx', rate, nginxRate, 'at least', 0.7);
  judge("rate, of python's", rate, pythonRate, 'at least', 1.35);
  judge('CPU, of nginx', cpu, nginxCpu, 'at most', 1.6);
}

async function benchRequests(contestants: readonly Contestant[]): Promise<void> {
  const results = await inTurns(contestants, async (server) => {
    await requestsPerSecond(server.port, '/small', CONNECTIONS, REQUESTS_MS);
    return [await requestsPerSecond(server.port, '/small', CONNECTIONS, REQUESTS_MS)];
  });
  console.log(`\nA file of 1 KiB, over ${CONNECTIONS} connections`);
  for (const [name, [rate = 0]] of results) print(name, `${rate.toFixed(0)} requests/s`);
  const [pythonRate = null] = results.get('python3 -m http.server') ?? [];
  judge("requests/s, of python's", results.get('payload-serve, Node 16.20.2')?.[0] ?? 0, pythonRate, 'at least', 5);
}

async function benchMemory(contestants: readonly Contestant[]): Promise<void> {
  console.log(`\n${SLOW_READERS} slow readers of 1 GiB, for ${SLOW_READ_MS / 1000} s`);
  for (const { name, start } of contestants) {
    if (!name.startsWith('payload-serve')) continue;
    const server = await start();
    const readers = Array.from({ length: SLOW_READERS }, () => readSlowly(server.port, '/large', MIB));
    await delay(SLOW_READ_MS);
    const peakMib = server.peakBytes() / MIB;
    for (const reader of readers) reader.destroy();
    await server.stop();
    print(name, `${peakMib.toFixed(0)} MiB resident at most: ${peakMib < 80 ? 'met' : 'MISSED'} (less than 80)`);
  }
}

async function benchManifest(home: string, contestants: readonly Contestant[]): Promise<void> {
  const tree = join(home, 'root', 'tree');
  for (let file = 0; file < TREE_FILES; file += 1) {
    const directory = join(tree, String(Math.floor(file / 1000)));
    if (file % 1000 === 0) mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `file-${file}.log`), 'x');
  }
  const seconds: number[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    const startedMs = performance.now();
    const find = spawn('find', [tree, '-printf', '%y %s %T@ %i %C@ %p\\n'], { stdio: ['ignore', 'pipe', 'inherit'] });
    find.stdout.resume();
    await once(find, 'close');
    seconds.push((performance.now() - startedMs) / 1000);
  }
  const findSeconds = median(seconds);
  console.log(`\nA manifest of ${TREE_FILES} files`);
  print('find -printf', `${findSeconds.toFixed(3)} s`);
  const ours = contestants.filter(({ name }) => name.startsWith('payload-serve'));
  const results = await inTurns(ours, async (server) => {
    await drain(server.port, `${featurePath('manifest', '/tree')}?limit=10`);
    const startedMs = performance.now();
    await drain(server.port, featurePath('manifest', '/tree'));
    return [(performance.now() - startedMs) / 1000, server.peakBytes() / MIB];
  });
  for (const [name, [took = 0, peakMib = 0]] of results) {
    print(name, `${took.toFixed(3)} s`, `${peakMib.toFixed(0)} MiB resident at most`);
  }
  judge('time, of find', results.get('payload-serve, Node 16.20.2')?.[0] ?? 0, findSeconds, 'at most', 2);
}

/** Lets each have its turn {@link TURNS} times; the median of each figure. */
async function inTurns(
  contestants: readonly Contestant[],
  measure: (server: RunningServer) => Promise<readonly number[]>,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const figures = new Map<string, (readonly number[])[]>();
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const { name, start } of contestants) {
      const server = await start();
      try {
        const measured = await measure(server);
        figures.set(name, [...(figures.get(name) ?? []), measured]);
      } finally {
        await server.stop();
      }
    }
  }
  return new Map(
    [...figures].map(([name, turns]) => [
      name,
      (turns[0] ?? []).map((_, figure) => median(turns.map((turn) => turn[figure] ?? 0))),
    ]),
  );
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function print(name: string, ...figures: readonly string[]): void {
  console.log(`  ${name.padEnd(30)} ${figures.join(', ')}`);
}

/** Compares with a peer of the same run; says nothing where it is not here. */
function judge(what: string, ours: number, theirs: number | null, bound: 'at least' | 'at most', target: number): void {
  if (theirs === null || ours === 0) return;
  const ratio = ours / theirs;
  const met = bound === 'at least' ? ratio >= target : ratio <= target;
  print(what, `${ratio.toFixed(2)}x: ${met ? 'met' : 'MISSED'} (${bound} ${target}x)`);
}
