import { readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Failure } from '../../shared/failure.ts';
import { NODE_TARGET, projectRoot } from '../build/bundle.ts';
import { readOptions, readOrExit, WORD } from '../command-line.ts';
import { UPLINK_BYTES_PER_DAY, UPLOAD_LIMIT_BYTES } from '../tasking/rules.ts';
import { readElfNeeds } from './elf.ts';
import { officialNode } from './official-node.ts';
import { makeFlashArchive, makeParts, type Parcel, RUNTIME_PATH } from './parcel.ts';
import { newestAsked, obstacles, payloadSystems } from './payload-system.ts';

/**
 * `npm run runtime [-- --part-bytes N]`: Node.js for the payloads, in the two forms that can bring it on board, after
 * proof that it starts there. Exits 2 for a bad option, 1 where it cannot be had, made, or would not start.
 */
const DEFAULT_PART_BYTES = 1_000_000;

const partBytes = readOrExit(readPartBytes);
try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const node = await officialNode('arm64');
  console.log(`Node.js ${NODE_TARGET} for arm64, as published (SHA-512 checked): ${shown(node)}\n`);

  const needs = readElfNeeds(readFileSync(node));
  const asked = [...newestAsked(needs)].map(([family, version]) => `${family} ${version}`).join(', ');
  console.log(`It asks for ${asked} at most.`);
  for (const system of payloadSystems) {
    const found = obstacles(needs, system);
    if (found.length > 0) throw new Error(`It does not start on the ${system.name}. ${found.join(' ')}`);
    console.log(`  starts on the ${system.name}`);
  }

  const directory = join(projectRoot, 'build', 'runtime', 'for-payload');
  rmSync(directory, { recursive: true, force: true });
  console.log('\nFor flashing before launch, to be unpacked below /persist:');
  list([makeFlashArchive(node, join(dirname(node), '..', 'LICENSE'), directory)]);

  console.log(
    `\nFor the uplink: the installer, which places it at ${RUNTIME_PATH}, and the parts, all in one directory:`,
  );
  const parts = makeParts(node, join(directory, 'uplink'), partBytes);
  list(parts);
  const sumBytes = parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const days = Math.ceil(sumBytes / UPLINK_BYTES_PER_DAY);
  console.log(
    `\nThat is ${sumBytes} bytes, ${days} days of average uplink (${UPLINK_BYTES_PER_DAY} bytes a day) with nothing else sent: have Node.js flashed before launch if you can.`,
  );
  console.log(
    'Upload the parts in any order, run install-node.sh in a window whenever some have arrived: install-node.txt in the outbox says which are missing or damaged.',
  );
}

function readPartBytes(words: readonly string[]): number {
  const { partBytes: text } = readOptions('runtime', words, (parser) =>
    parser
      .usage('$0 [options]\n\nNode.js for the payloads: for flashing, and in parts for the uplink.')
      .option('part-bytes', {
        ...WORD,
        default: String(DEFAULT_PART_BYTES),
        describe: 'size of a part',
      }),
  );
  const partBytes = Number(text);
  if (Number.isInteger(partBytes) && partBytes >= 1000 && partBytes <= UPLOAD_LIMIT_BYTES) return partBytes;
  throw new Failure(
    'usage',
    `--part-bytes takes a whole number from 1000 to ${UPLOAD_LIMIT_BYTES}, the limit of one upload.`,
  );
}

function list(parcels: readonly Parcel[]): void {
  for (const { path, sizeBytes } of parcels) console.log(`  ${shown(path)}  ${sizeBytes} bytes`);
}

function shown(path: string): string {
  return relative(projectRoot, path);
}
