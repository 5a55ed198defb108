import { closeSync } from 'node:fs';
import { compileGlob, type Glob } from '../../shared/glob.ts';
import type { ManifestEnd } from '../../shared/manifest.ts';
import { encodePath } from '../../shared/path.ts';
import { fileEntityTag, formatEntityTag } from '../../shared/validator.ts';
import { type Answer, refuse } from './answer.ts';
import type { OpenEntry } from './file-store.ts';
import { readQuery, wholeNumber } from './query.ts';
import { type Entry, walk } from './walk.ts';

/** Lines go out in chunks of about this size; between two of them, everybody else has a turn. */
const CHUNK_CHARACTERS = 64 * 1024;

/** Answers the `manifest` resource (shared/manifest.ts) for a directory, which is closed when the last line is sent. */
export function answerWithManifest(directory: OpenEntry, query: string, method: string): Answer {
  const asked = readQuery(query, { glob: compileGlob, depth: wholeNumber, limit: wholeNumber });
  if (asked === null || asked.depth === 0) {
    closeSync(directory.fd);
    return refuse('bad-query');
  }
  const { glob = () => true, depth = Number.POSITIVE_INFINITY, limit = Number.POSITIVE_INFINITY } = asked;
  const headers = { 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store' };
  if (method === 'HEAD') {
    closeSync(directory.fd);
    return { status: 200, headers, body: null, refusal: null };
  }
  const chunks = manifest(directory, glob, depth, limit);
  return { status: 200, headers, body: { kind: 'stream', chunks }, refusal: null };
}

async function* manifest(directory: OpenEntry, matches: Glob, depth: number, limit: number): AsyncGenerator<Buffer> {
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  let lines = '';
  let count = 0;
  let reason: ManifestEnd['reason'] = null;
  try {
    for (const entry of walk(directory.fd, depth)) {
      if (entry === null) {
        reason = 'unreadable';
        continue;
      }
      if (!matches(entry.path)) continue;
      if (count >= limit) {
        reason = 'limit';
        break;
      }
      count += 1;
      lines += line(entry, nowNs);
      if (lines.length < CHUNK_CHARACTERS) continue;
      yield Buffer.from(lines, 'latin1');
      lines = '';
      await new Promise(setImmediate);
    }
  } finally {
    closeSync(directory.fd);
  }
  const end: ManifestEnd = { kind: 'end', count, complete: reason === null, reason };
  yield Buffer.from(`${lines}${JSON.stringify(end)}\n`, 'latin1');
}

/** Put together by hand, since nothing in it needs escaping but the quotes of the entity tag: half the time of JSON. */
function line({ kind, path, identity }: Entry, nowNs: bigint): string {
  const etag = kind === 'file' ? `"${formatEntityTag(fileEntityTag(identity, nowNs)).replaceAll('"', '\\"')}"` : 'null';
  const { sizeBytes, modifiedNs } = identity;
  return `{"kind":"${kind}","path":"${encodePath(path)}","sizeBytes":${sizeBytes},"modifiedMs":${modifiedNs / 1_000_000n},"etag":${etag}}\n`;
}
