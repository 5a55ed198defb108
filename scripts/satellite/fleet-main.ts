import { join } from 'node:path';
import { Failure } from '../../shared/failure.ts';
import { formatBytes } from '../../shared/quantity.ts';
import { projectRoot } from '../build/bundle.ts';
import { readOptions, readOrExit } from '../command-line.ts';
import { flyFleet } from './fleet.ts';
import { MOST_SATELLITES } from './settings.ts';

/** `npm run fleet [-- <satellites>]`: the tutorial on 50 simulated satellites at once; fails where one stays silent. */
const satellites = readOrExit((words) => {
  const { _: counts } = readOptions('fleet', words, (parser) =>
    parser.usage('$0 [satellites]\n\nFlies the tutorial on 50 simulated satellites at once.').demandCommand(0, 1),
  );
  const count = Number(counts[0] ?? 50);
  if (Number.isInteger(count) && count >= 1 && count <= MOST_SATELLITES) return count;
  throw new Failure('usage', `Say how many satellites: a whole number from 1 to ${MOST_SATELLITES}.`);
});
const plan = { satellites, duration: 20, offset: 6, directory: join(projectRoot, 'build/fleet') };
const result = await flyFleet(plan);
console.log(`Satellites  ${satellites}, each with two windows of ${plan.duration} s, ${plan.offset} s apart`);
console.log(`Delivered   ${result.delivered.length}`);
console.log(`Explained   ${Object.keys(result.explained).length}`);
for (const [name, why] of Object.entries(result.explained)) console.log(`  ${name}: ${why}`);
console.log(`Silent      ${result.silent.length}${result.silent.map((name) => ` ${name}`).join('')}`);
console.log(`Time        ${(result.elapsedMs / 1000).toFixed(1)} s`);
console.log(`Memory      ${formatBytes(result.operatorPeakBytes)} for the simulated operator, at most`);
console.log(
  `            ${formatBytes(result.windowsPeakBytes)} for ${result.peakProcesses} processes of windows, at most`,
);
process.exitCode = result.silent.length === 0 ? 0 : 1;
