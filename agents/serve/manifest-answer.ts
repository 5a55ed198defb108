import { compileGlob } from '../../shared/glob.ts';
import type { ManifestEnd } from '../../shared/manifest.ts';
import { type Answer, refuse } from './answer.ts';
import { readQuery, wholeNumber } from './query.ts';
import type { Step, Walkers } from './walkers.ts';

/** Answers the `manifest` resource (shared/manifest.ts) for a directory of this real path, with a slash at its end. */
export function answerWithManifest(root: string, query: string, method: string, walkers: Walkers): Answer {
  const asked = readQuery(query, {
    glob: (pattern) => (compileGlob(pattern) === null ? null : pattern),
    depth: wholeNumber,
    limit: wholeNumber,
  });
  if (asked === null || asked.depth === 0) return refuse('bad-query');
  const { glob = null, depth = Number.POSITIVE_INFINITY, limit = Number.POSITIVE_INFINITY } = asked;
  const headers = { 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store' };
  if (method === 'HEAD') return { status: 200, headers, body: null, refusal: null };
  const chunks = manifest(walkers.walk({ root, glob, depth, limit }), limit);
  return { status: 200, headers, body: { kind: 'stream', chunks }, refusal: null };
}

async function* manifest(steps: AsyncIterable<Step>, limit: number): AsyncGenerator<Uint8Array> {
  let count = 0;
  let reason: ManifestEnd['reason'] = null;
  for await (const step of steps) {
    if (step.unreadable) reason = 'unreadable';
    const listed = Math.min(step.count, limit - count);
    count += listed;
    if (listed > 0) yield listed < step.count ? firstLines(step.lines, listed) : step.lines;
    if (listed < step.count) {
      reason = 'limit';
      break;
    }
  }
  const end: ManifestEnd = { kind: 'end', count, complete: reason === null, reason };
  yield Buffer.from(`${JSON.stringify(end)}\n`);
}

function firstLines(lines: Uint8Array, count: number): Uint8Array {
  let end = 0;
  for (let line = 0; line < count; line += 1) end = lines.indexOf(0x0a, end) + 1;
  return lines.subarray(0, end);
}
