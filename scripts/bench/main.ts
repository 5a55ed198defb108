/**
 * `npm run bench -- <serve|fetch|payload>`: measures side by side, in one run on one machine, and prints ratios. Absolute
 * figures of a shared machine mean little; no test depends on them.
 */
export {};

const topics = {
  serve: () => import('./serve.ts'),
  fetch: () => import('./fetch.ts'),
  payload: () => import('./payload.ts'),
} as const;

const topic = process.argv[2] ?? '';
if (!(topic in topics)) {
  console.error(`Say what to measure: npm run bench -- ${Object.keys(topics).join('|')}`);
  process.exit(2);
}
const { bench } = await topics[topic as keyof typeof topics]();
await bench();
