import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { UPLINK_BYTES_PER_DAY } from '../tasking/rules.ts';
import { projectRoot } from './bundle.ts';
import { type BundleFacts, readManifest } from './manifest.ts';
import { BODY_START, compress, TAIL_BYTES } from './pack.ts';

/**
 * `npm run size`: where every byte of what is uploaded goes. Fails when the two bundles outgrow one average day of
 * uplink, or when xz would still find much in them, which means that they are not packed as they should be.
 */
const XZ_MAY_SAVE = 0.03;

const { bundles } = readManifest();
const problems: string[] = [];
let pairBytes = 0;
for (const [agent, facts] of Object.entries(bundles)) {
  const file = readFileSync(join(projectRoot, 'build', agent));
  pairBytes += file.length;
  print(agent, facts, file);
  if (facts.xzBytes !== null && facts.xzBytes < file.length * (1 - XZ_MAY_SAVE))
    problems.push(`xz makes ${agent} ${file.length - facts.xzBytes} bytes smaller: its body is not packed.`);
}

const spare = UPLINK_BYTES_PER_DAY - pairBytes;
console.log(`The pair: ${pairBytes} bytes of the ${UPLINK_BYTES_PER_DAY} that an average day of uplink carries.`);
if (spare < 0)
  problems.push(`The pair is ${-spare} bytes over: leave something out (scripts/build/cuts.ts), or spend less.`);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;

/** A share of the body is an estimate: brotli packs all packages together, and a package takes part by its size before. */
function print(agent: string, { xzBytes, inputs }: BundleFacts, file: Buffer): void {
  const launcherBytes = file.indexOf(BODY_START) + BODY_START.length;
  const llhttpBytes =
    'undici' in inputs ? compress(createRequire(import.meta.url)('undici/lib/llhttp/llhttp-wasm.js')).length : 0;
  const codeBytes = file.length - launcherBytes - llhttpBytes - TAIL_BYTES;
  const inputBytes = Object.values(inputs).reduce((sum, sizeBytes) => sum + sizeBytes, 0);

  console.log(`build/${agent}: ${file.length} bytes${xzBytes === null ? '' : ` (xz would make it ${xzBytes})`}`);
  row('launcher and loader', launcherBytes);
  if (llhttpBytes > 0) row("undici's HTTP parser, wasm", llhttpBytes);
  for (const [name, sizeBytes] of Object.entries(inputs))
    row(name, Math.round((codeBytes * sizeBytes) / inputBytes), sizeBytes);
  row('digest', TAIL_BYTES);
  console.log();
}

function row(name: string, packedBytes: number, sizeBytes?: number): void {
  const before = sizeBytes === undefined ? '' : `  about, of ${sizeBytes}`;
  console.log(`  ${name.padEnd(30)} ${String(packedBytes).padStart(6)}${before}`);
}
