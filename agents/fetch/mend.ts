import { createHash } from 'node:crypto';
import { closeSync, fdatasyncSync, openSync } from 'node:fs';
import { diskFailure, Failure } from '../../shared/failure.ts';
import { DEFAULT_BLOCK_BYTES } from '../../shared/file-digest.ts';
import { type ByteRange, parseContentRange, rangeSizeBytes } from '../../shared/range.ts';
import { writeWholeSync } from '../common/atomic-file.ts';
import type { PartWriter } from './part-writer.ts';
import { askBlocks } from './proof.ts';
import type { Server } from './rendezvous.ts';

/** With more damage than this share of a file, fetching it whole costs less than asking for its blocks. */
const MOST_DAMAGE = 0.5;

/**
 * The blocks that differ, as ranges of bytes.
 *
 * | here  | there | size, in blocks | damaged   |
 * |-------|-------|-----------------|-----------|
 * | a b c | a x c | 2.5             | the 2nd   |
 * | a b   | a b c | 2.5             | the 3rd   |
 */
export function damagedBlocks(
  here: readonly string[],
  there: readonly string[],
  sizeBytes: number,
  blockBytes: number,
): readonly (ByteRange & { readonly sha256: string })[] {
  return there.flatMap((sha256, block) => {
    const first = block * blockBytes;
    const last = Math.min(first + blockBytes, sizeBytes) - 1;
    return here[block] === sha256 ? [] : [{ first, last, sha256 }];
  });
}

/**
 * Makes a whole but damaged part right: compares its blocks with the server's and fetches those that differ. Every block
 * is joined by its digest, which is stronger than any validator. Returns how many bytes came for it; `null` where
 * that is no way to mend it, and it has to come anew. `count` hears of bytes as they come.
 */
export async function mend(
  server: Server,
  target: string,
  part: { readonly path: string; readonly sizeBytes: number },
  writer: PartWriter,
  signal: AbortSignal,
  count: (bytes: number) => void,
): Promise<number | null> {
  const there = await askBlocks(server, target, part.sizeBytes, signal);
  if (there === null) return null;
  const { blocks: here } = await writer.hash(part.path, DEFAULT_BLOCK_BYTES);
  const damaged = damagedBlocks(here, there, part.sizeBytes, DEFAULT_BLOCK_BYTES);
  if (damaged.length === 0 || damaged.length > Math.max(1, there.length * MOST_DAMAGE)) return null;
  for (const block of damaged) {
    const bytes = await fetchRange(server, target, block, signal, count);
    if (createHash('sha256').update(bytes).digest('hex') !== block.sha256) return null;
    writeAt(part.path, block.first, bytes);
  }
  return damaged.reduce((total, block) => total + rangeSizeBytes(block), 0);
}

async function fetchRange(
  server: Server,
  target: string,
  range: ByteRange,
  signal: AbortSignal,
  count: (bytes: number) => void,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let leftBytes = rangeSizeBytes(range);
  const fields = { range: `bytes=${range.first}-${range.last}` };
  await server.exchange.request({ method: 'GET', target, fields, signal }, (head) => {
    const sent = head.status === 206 ? parseContentRange(head.fields.get('content-range') ?? '')?.range : null;
    if (sent?.first !== range.first || sent.last !== range.last) {
      throw new Failure('bad-answer', `The server sends something else than bytes ${range.first}-${range.last}.`);
    }
    return (chunk) => {
      leftBytes -= chunk.length;
      if (leftBytes < 0) throw new Failure('bad-answer', 'The server sends more than the block that was asked for.');
      chunks.push(chunk);
      count(chunk.length);
      return undefined;
    };
  });
  return Buffer.concat(chunks);
}

function writeAt(path: string, position: number, bytes: Uint8Array): void {
  try {
    const fd = openSync(path, 'r+');
    try {
      writeWholeSync(fd, bytes, position);
      fdatasyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw diskFailure(`${path} cannot be written`, error);
  }
}
