import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { projectRoot } from '../build/bundle.ts';
import { officialNode } from '../runtime/official-node.ts';
import { programAt, type RunningServer, startNginx, startServer } from './server.ts';

/**
 * payload-fetch against curl, from payload-serve, and from nginx where it is here, on files that are in memory: one of
 * 512 MiB, and 10,000 of 4 KiB. All kinds take turns, round after round, so that they meet the same noise; the medians
 * are compared. What nginx cannot state of its files, their SHA-256, is expected of them (`--sha256`), so that all are
 * verified alike.
 */
const ROUNDS = 5;
const BIG_BYTES = 512 * 1024 * 1024;
const SMALL_FILES = 10_000;
const SMALL_BYTES = 4096;

/**
 * Starting a process and finding the server, which curl does not do, is in every figure: as on board from the third window
 * on, when the bundle finds what V8 compiled of it before.
 */
type Kind = {
  readonly name: string;
  /** Its outputs go below this directory; without one, where all others go. */
  readonly base?: string;
  readonly run: (output: string) => Promise<void>;
  /** The same, watched: the most memory that it had resident, in MiB. Looking costs time, and so does not count. */
  readonly watch?: (output: string) => Promise<number>;
};

interface Goal {
  readonly against: string;
  readonly ratio: number;
}

/** A server, and what payload-fetch is told of the files there. */
interface Source {
  readonly name: string;
  readonly start: () => Promise<RunningServer>;
  readonly wanted: (url: string) => { readonly big: readonly string[]; readonly small: readonly string[] };
}

/** Measures, and prints medians and their ratios. */
export async function bench(): Promise<void> {
  const directory = mkdtempSync(join(roomiest(), 'payload-link-bench-'));
  const served = join(directory, 'served');
  mkdirSync(join(served, 'small'), { recursive: true });
  writeFileSync(join(served, 'big'), randomBytes(BIG_BYTES));
  for (let file = 0; file < SMALL_FILES; file += 1) {
    writeFileSync(join(served, 'small', `file-${String(file).padStart(5, '0')}`), randomBytes(SMALL_BYTES));
  }
  const node16 = await officialNode('x64');
  const nodes = [
    ['Node 16', node16] as const,
    [`Node ${process.versions.node.split('.')[0]}`, process.execPath] as const,
  ];
  const sources: Source[] = [
    {
      name: 'payload-serve',
      start: () => startOurs(node16, served, directory),
      // It lists its files, and states what is in them.
      wanted: (url) => ({ big: [`${url}/big`], small: [`${url}/small/`] }),
    },
  ];
  const nginx = programAt('nginx');
  if (nginx === null) console.log('Not here: nginx (Debian package nginx-light).');
  else {
    sources.push({
      name: 'nginx',
      start: () => startNginx(nginx, served, directory),
      wanted: () => ({ big: ['--input', 'big.txt'], small: ['--input', 'small.txt'] }),
    });
  }
  try {
    for (const source of sources) {
      const server = await source.start();
      try {
        await fromSource(source, `http://127.0.0.1:${server.port}`, served, directory, nodes);
      } finally {
        await server.stop();
      }
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function fromSource(
  source: Source,
  url: string,
  served: string,
  directory: string,
  nodes: readonly (readonly [string, string])[],
): Promise<void> {
  const names = readdirSync(join(served, 'small'));
  const lists = { 'big.txt': ['big'], 'small.txt': names.map((name) => `small/${name}`) };
  for (const [, node] of nodes) {
    const root = rootOf(directory, node);
    for (const place of ['persist', 'inbox']) mkdirSync(join(root, place), { recursive: true });
    for (const [list, paths] of Object.entries(lists)) {
      const lines = paths.map((path) => `${url}/${path} --sha256 ${sha256Of(join(served, path))}\n`);
      writeFileSync(join(root, 'inbox', list), lines.join(''));
    }
    for (let window = 0; window < 2; window += 1)
      await fetching('', directory, node, [`${url}/small/file-00000`]).run(join(root, `window-${window}`));
  }
  const wanted = source.wanted(url);
  await compare(
    `one file of ${BIG_BYTES / 2 ** 20} MiB from ${source.name}`,
    directory,
    'curl -o',
    [
      { name: 'curl -o', run: (output) => shell(`curl -s -o ${output}/big ${url}/big`) },
      {
        name: 'curl, sha256sum',
        run: (output) => shell(`curl -s -o ${output}/big ${url}/big && sha256sum ${output}/big`),
      },
      {
        name: 'curl, openssl dgst',
        run: (output) => shell(`curl -s -o ${output}/big ${url}/big && openssl dgst -sha256 ${output}/big`),
      },
      ...nodes.map(([name, node]) => fetching(`payload-fetch, ${name}`, directory, node, wanted.big)),
    ],
    [
      { against: 'curl -o', ratio: 0.7 },
      { against: 'curl, openssl dgst', ratio: 1.25 },
      ...(hasShaInstructions() ? [] : [{ against: 'curl, sha256sum', ratio: 2.5 }]),
    ],
  );
  const list = join(directory, 'list');
  await compare(
    `${SMALL_FILES} files of ${SMALL_BYTES / 1024} KiB from ${source.name}`,
    directory,
    'curl --parallel',
    [
      {
        name: 'curl --parallel',
        run: (output) => {
          writeFileSync(list, names.map((name) => `url=${url}/small/${name}\noutput=${output}/${name}\n`).join(''));
          return shell(`curl -s --parallel --parallel-max 16 --config ${list}`);
        },
      },
      ...nodes.map(([name, node]) => fetching(`payload-fetch, ${name}`, directory, node, wanted.small)),
    ],
    [{ against: 'curl --parallel', ratio: 0.8 }],
  );
}

function startOurs(node: string, served: string, outbox: string): Promise<RunningServer> {
  const options = ['--bind', '127.0.0.1', '--directory', served, '--outbox', outbox];
  const path = join(projectRoot, 'build', 'payload-serve');
  return startServer(path, (port) => [String(port), ...options], bareEnvironment(node, '/'));
}

function sha256Of(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** Where it costs least to write: what is compared are programs, not disks. */
function roomiest(): string {
  const memory = '/dev/shm';
  if (!existsSync(memory)) return tmpdir();
  const { bavail, bsize } = statfsSync(memory);
  return bavail * bsize > 4 * BIG_BYTES ? memory : tmpdir();
}

async function compare(
  title: string,
  directory: string,
  baseline: string,
  kinds: readonly Kind[],
  goals: readonly Goal[],
): Promise<void> {
  const times = new Map(kinds.map(({ name }) => [name, [] as number[]]));
  const peaks = new Map<string, number>();
  const inOutput = async <T>({ base = directory }: Kind, work: (output: string) => Promise<T>): Promise<T> => {
    const output = mkdtempSync(join(base, 'output-'));
    const result = await work(output);
    rmSync(output, { recursive: true });
    return result;
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const kind of kinds) {
      const tookMs = await inOutput(kind, async (output) => {
        const beganMs = performance.now();
        await kind.run(output);
        return performance.now() - beganMs;
      });
      times.get(kind.name)?.push(tookMs);
    }
  }
  for (const kind of kinds) {
    if (kind.watch !== undefined) peaks.set(kind.name, await inOutput(kind, kind.watch));
  }
  const median = (name: string): number =>
    [...(times.get(name) ?? [])].sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
  console.log(`\n${title}, median of ${ROUNDS}`);
  for (const { name } of kinds) {
    const speed = (median(baseline) / median(name)).toFixed(2);
    const peak = peaks.get(name);
    const memory = peak === undefined ? '' : `, ${peak.toFixed(0)} MiB at most (goal: under 120)`;
    console.log(
      `  ${name.padEnd(28)} ${(median(name) / 1000).toFixed(2).padStart(6)} s  ${speed} x ${baseline}${memory}`,
    );
    if (!name.startsWith('payload-fetch')) continue;
    for (const { against, ratio } of goals) {
      const measured = median(against) / median(name);
      console.log(
        `    ${measured.toFixed(2)} x ${against}: ${measured >= ratio ? 'meets' : 'MISSES'} the goal of ${ratio}`,
      );
    }
  }
}

/** What stands for a payload's `/`: one for each Node, because V8's code is of one version. */
function rootOf(directory: string, node: string): string {
  return join(directory, `root-${createHash('sha256').update(node).digest('hex').slice(0, 8)}`);
}

function fetching(name: string, directory: string, node: string, sources: readonly string[]): Kind {
  const root = rootOf(directory, node);
  const startIn = (output: string): ChildProcess => {
    mkdirSync(output, { recursive: true });
    const args = [...sources, '--outbox', join(output, 'outbox'), '--state', join(output, 'state')];
    const env = bareEnvironment(node, root);
    return spawn(join(projectRoot, 'build', 'payload-fetch'), args, { env, stdio: 'ignore' });
  };
  return {
    name,
    base: root,
    run: async (output) => expectSuccess('payload-fetch', await once(startIn(output), 'exit')),
    watch: (output) => peakOf(startIn(output)),
  };
}

/** As on board: whatever else Node is told here, such as certificates to read at every start, is not told there. */
function bareEnvironment(node: string, root: string): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, PAYLOAD_NODE: node, PAYLOAD_ROOT: root };
}

async function shell(command: string): Promise<void> {
  expectSuccess(command, await once(spawn('/bin/sh', ['-c', command], { stdio: 'ignore' }), 'exit'));
}

function expectSuccess(what: string, [code]: readonly unknown[]): void {
  if (code !== 0) throw new Error(`${what} ended with ${code}`);
}

/** The most memory that a process had resident, in MiB, which Linux keeps count of; throws where it does not exit with 0. */
async function peakOf(child: ChildProcess): Promise<number> {
  const exit = once(child, 'exit');
  let peakMiB = 0;
  while (child.exitCode === null && child.signalCode === null) {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      peakMiB = Math.max(peakMiB, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    } catch {
      break;
    }
    await Promise.race([exit, delay(20)]);
  }
  expectSuccess('payload-fetch', await exit);
  return peakMiB;
}

/** With them sha256sum of Debian is no slower than OpenSSL could be, and the comparison means nothing. */
function hasShaInstructions(): boolean {
  return / (?:sha_ni|sha2)\b/.test(readFileSync('/proc/cpuinfo', 'utf8'));
}
