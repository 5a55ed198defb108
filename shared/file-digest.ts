import { isSha256 } from './digest.ts';

/**
 * The `digest` resource: SHA-256 of a file, of a stretch of it, or of its blocks, in answer to
 * `GET /.well-known/payload-link/digest/<path>?from=&to=&block=`.
 *
 * - no parameters: the whole file, as it is at this moment;
 * - `to`: of the first `to` bytes, which proves that a log has only grown since they were fetched;
 * - `block`: of each block of so many bytes from `from` on (the last one may be shorter), which finds a damaged stretch.
 *
 * The answer carries the file's own ETag and honours If-Match against it (412); `to` beyond its end is a 416. It is computed before it is sent, so it
 * takes as long as the file takes to read; with `block` it is not for more than {@link MOST_BLOCKS} blocks (400).
 */
export interface FileDigest {
  /** The first byte that was hashed, and the one after the last. */
  readonly from: number;
  readonly to: number;
  /** The size of the file when it was opened. */
  readonly sizeBytes: number;
  /** Hex, of all bytes from `from` to `to`. */
  readonly sha256: string;
  /** The size of a block, and the digest of each in hex; `null` where no `block` was asked. */
  readonly blockBytes: number | null;
  readonly blocks: readonly string[] | null;
  /** Whether the file stayed the same, by its ETag's measure, while it was read. A log that grows does not. */
  readonly unchanged: boolean;
}

/** The block that {@link FileDigest.blocks} are best asked in: 32 bytes of digest, 64 of hex, for each MiB. */
export const DEFAULT_BLOCK_BYTES = 1024 * 1024;

/** Smaller blocks would cost more to list than to send again. */
export const SMALLEST_BLOCK_BYTES = 4096;

export const MOST_BLOCKS = 65_536;

/** Reads an answer of the `digest` resource; `null` for anything that is none, or that contradicts itself. */
export function parseFileDigest(text: string): FileDigest | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { from, to, sizeBytes, sha256, blockBytes, blocks, unchanged } = value as Record<string, unknown>;
  if (!isCount(from) || !isCount(to) || !isCount(sizeBytes) || from > to || to > sizeBytes) return null;
  if (typeof sha256 !== 'string' || !isSha256(sha256) || typeof unchanged !== 'boolean') return null;
  const read = { from, to, sizeBytes, sha256, unchanged };
  if (blocks === null && blockBytes === null) return { ...read, blockBytes, blocks };
  if (!isCount(blockBytes) || blockBytes === 0 || !Array.isArray(blocks)) return null;
  const digests = blocks.filter((block): block is string => typeof block === 'string' && isSha256(block));
  if (digests.length !== blocks.length || digests.length !== Math.ceil((to - from) / blockBytes)) return null;
  return { ...read, blockBytes, blocks: digests };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
