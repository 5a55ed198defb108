import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../../shared/failure.ts';
import { DEFAULT_PORT, parsePort, portProblem } from '../../shared/payload.ts';
import { NODE_TARGET, projectRoot } from '../build/bundle.ts';
import { type Manifest, readManifest } from '../build/manifest.ts';
import { readOptions, readOrExit, WORD } from '../command-line.ts';
import { parseMission } from '../ground/mission.ts';
import { planWindows, type WindowPair } from '../ground/window-plan.ts';
import { readElfNeeds } from '../runtime/elf.ts';
import { EMULATOR_PACKAGES, findEmulator, writeArm64Runner } from '../runtime/emulator.ts';
import { officialNode } from '../runtime/official-node.ts';
import { obstacles, payloadSystems } from '../runtime/payload-system.ts';
import { requireFreePort } from '../simulate/port-check.ts';
import { UPLINK_BYTES_PER_DAY, UPLOAD_LIMIT_BYTES } from '../tasking/rules.ts';
import { page } from './page.ts';
import { rehearse, startEmpty } from './rehearsal.ts';

/**
 * `npm run preflight [-- --port N]`: everything that can be known on the ground about whether a day of uplink will be
 * well spent. Exits 0 when all of it holds, 1 when something does not or cannot be checked here, 2 for a bad option.
 */
const SOURCE = '/var/log/syslog';
const OUTPUT = 'sdr_syslog';

/** An emulator takes seconds where a payload takes a tenth of one: the windows of the rehearsal last longer. */
const STRETCHED_S = 300;

await preflight(readOrExit(readPort));

async function preflight(port: number): Promise<void> {
  const windows = tutorial(port);
  const directory = mkdtempSync(join(tmpdir(), 'payload-link-preflight-'));
  const runner = join(directory, 'node');
  let failures = 0;
  const check = async (what: string, run: () => string | Promise<string>): Promise<void> => {
    try {
      console.log(`ok      ${what}: ${await run()}`);
    } catch (error) {
      failures += 1;
      console.log(`FAILED  ${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };

  try {
    await check('The bundles are built', () => {
      execFileSync('npm', ['run', '--silent', 'build'], { cwd: projectRoot, stdio: ['ignore', 'ignore', 'pipe'] });
      return `for Node.js ${NODE_TARGET}`;
    });
    await check('They can be uploaded in a day', () => checkSizes(readManifest()));
    await check('Node.js starts on both payloads', async () => checkSymbols(await officialNode('arm64')));
    await check('It runs here', async () => {
      writeArm64Runner(runner, await officialNode('arm64'));
      return process.arch === 'arm64' ? 'as it is' : `under ${findEmulator()}`;
    });
    if (failures > 0) {
      console.log(`\nThe rest was not tried. If the emulator is missing: apt-get install ${EMULATOR_PACKAGES}`);
    } else {
      await check('Both start from / with an empty environment', () => {
        startEmpty(runner);
        return `on Node.js ${NODE_TARGET} for arm64`;
      });
      await check('The tutorial, on Node.js for arm64', async () => {
        await requireFreePort('127.0.0.1', port, '--port');
        const { agent, elapsedMs } = await rehearse(runner, tutorial(port, STRETCHED_S), directory, SOURCE);
        return `the whole file, verified, and both reports (Node.js ${agent.node}, ${Math.round(elapsedMs / 1000)} s)`;
      });
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }

  if (failures === 0) console.log(`\n${page(uploads(readManifest(), windows), windows)}`);
  else console.log('\nDo not upload yet.');
  process.exitCode = failures === 0 ? 0 : 1;
}

function readPort(words: readonly string[]): number {
  const { port: text } = readOptions('preflight', words, (parser) =>
    parser.usage('$0 [options]\n\nRehearses the tutorial on Node.js for arm64 before a day is paid.').option('port', {
      ...WORD,
      default: String(DEFAULT_PORT),
      describe: 'loopback port of payload-serve',
    }),
  );
  const port = parsePort(text);
  if (port === null) throw new Failure('usage', portProblem(text));
  return port;
}

/** The tutorial's two windows, or the same made longer. */
function tutorial(port: number, duration = 60): WindowPair {
  const mission = parseMission(
    { satellites: ['FM1'], files: [{ path: SOURCE, as: OUTPUT }], port, duration },
    'The tutorial',
  );
  return planWindows(mission, 'FM1', 0);
}

function checkSizes({ bundles }: Manifest): string {
  const sizes = Object.entries(bundles).map(([agent, { sizeBytes }]) => {
    if (sizeBytes > UPLOAD_LIMIT_BYTES) throw new Error(`${agent} is larger than one upload may be.`);
    return sizeBytes;
  });
  const sumBytes = sizes.reduce((sum, sizeBytes) => sum + sizeBytes, 0);
  if (sumBytes > UPLINK_BYTES_PER_DAY)
    throw new Error(`${sumBytes} bytes are more than the ${UPLINK_BYTES_PER_DAY} of an average day.`);
  return `${sumBytes} of ${UPLINK_BYTES_PER_DAY} bytes`;
}

function checkSymbols(node: string): string {
  const needs = readElfNeeds(readFileSync(node));
  for (const system of payloadSystems) {
    const found = obstacles(needs, system);
    if (found.length > 0) throw new Error(`not on the ${system.name}. ${found.join(' ')}`);
  }
  return 'by the symbol versions that it asks for';
}

function uploads({ bundles }: Manifest, { sdr, sabertooth }: WindowPair) {
  const places = [
    ['SDR', 'payload-serve', sdr],
    ['SABERTOOTH', 'payload-fetch', sabertooth],
  ] as const;
  return places.map(([payload, agent, window]) => {
    const { sizeBytes = 0, sha256 = '' } = bundles[agent] ?? {};
    return {
      payload,
      file: `build/${agent}`,
      destination: window.parameters.user_command.executable,
      sizeBytes,
      sha256,
    };
  });
}
