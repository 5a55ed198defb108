import { Failure } from '../../shared/failure.ts';
import { readOptions, readOrExit } from '../command-line.ts';

/**
 * `npm run bench -- <serve|fetch|payload>`: measures side by side, in one run on one machine, and prints ratios. Absolute
 * figures of a shared machine mean little; no test depends on them.
 */
const topics = {
  serve: () => import('./serve.ts'),
  fetch: () => import('./fetch.ts'),
  payload: () => import('./payload.ts'),
} as const;

const topic = readOrExit((words) => {
  const { _: named } = readOptions('bench', words, (parser) =>
    parser
      .usage(`$0 <${Object.keys(topics).join('|')}>\n\nMeasures side by side, and prints ratios.`)
      .demandCommand(0, 1),
  );
  const name = Object.keys(topics).find((known) => known === named[0]);
  if (name !== undefined) return name as keyof typeof topics;
  throw new Failure('usage', `Say what to measure: npm run bench -- ${Object.keys(topics).join('|')}`);
});
const { bench } = await topics[topic]();
await bench();
