import { Failure } from '../../shared/failure.ts';
import { DEFAULT_BLOCK_BYTES, type FileDigest, parseFileDigest } from '../../shared/file-digest.ts';
import { type Feature, featurePath } from '../../shared/protocol.ts';
import { contentLength, judge, statedDigest } from './answer.ts';
import type { Server } from './rendezvous.ts';

/** A server hashes a file as fast as its disk reads it: an SD card gives some 20 MB/s. */
const HASHING_BYTES_PER_MS = 20_000;
const LEAST_SILENCE_MS = 10_000;

/** 65,536 blocks of 64 hex digits, and what stands around them. */
const LONGEST_ANSWER_BYTES = 8 * 1024 * 1024;

/** What the server says of the first bytes of a file as it is now. */
export type Proof =
  /** Their SHA-256 in hex. */
  | { readonly kind: 'digest'; readonly sha256: string }
  /** It says nothing about digests: it is not one of ours. */
  | { readonly kind: 'none' }
  /** There are no longer as many bytes. */
  | { readonly kind: 'shorter' };

export function offers(server: Server, feature: Feature): boolean {
  return server.identity?.features.includes(feature) ?? false;
}

/**
 * Asks for the digest of the `sizeBytes` that were fetched. HEAD first: the server began to hash when the file was asked
 * for, and an answer to HEAD waits for that. Where the file has another length by now, as a log has, its first bytes
 * prove what was fetched just as well.
 */
export async function askDigest(
  server: Server,
  target: string,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<Proof> {
  if (!offers(server, 'digest')) return { kind: 'none' };
  const silenceMs = LEAST_SILENCE_MS + sizeBytes / HASHING_BYTES_PER_MS;
  const fields = { 'want-repr-digest': 'sha-256=1' };
  const head = await server.exchange.request(
    { method: 'HEAD', target, fields, silenceMs, signal },
    () => () => undefined,
  );
  if (head.status === 200 && contentLength(head) === sizeBytes) {
    const sha256 = statedDigest(head);
    if (sha256 !== null) return { kind: 'digest', sha256 };
  }
  const digest = await askFileDigest(server, target, `to=${sizeBytes}`, silenceMs, signal);
  return digest === null ? { kind: 'shorter' } : { kind: 'digest', sha256: digest.sha256 };
}

/** The digests of a file's blocks of {@link DEFAULT_BLOCK_BYTES}; `null` where it is shorter by now. */
export async function askBlocks(
  server: Server,
  target: string,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<readonly string[] | null> {
  const silenceMs = LEAST_SILENCE_MS + sizeBytes / HASHING_BYTES_PER_MS;
  const query = `to=${sizeBytes}&block=${DEFAULT_BLOCK_BYTES}`;
  const digest = await askFileDigest(server, target, query, silenceMs, signal);
  if (digest !== null && digest.blockBytes !== DEFAULT_BLOCK_BYTES) {
    throw new Failure('bad-answer', 'The server gives digests of other blocks than were asked for.');
  }
  return digest?.blocks ?? null;
}

/** `null` where the file does not have the bytes any more (416). Throws as {@link judge} does. */
async function askFileDigest(
  server: Server,
  target: string,
  query: string,
  silenceMs: number,
  signal: AbortSignal,
): Promise<FileDigest | null> {
  const path = featurePath('digest', target.split('?')[0]);
  const request = { method: 'GET', target: `${path}?${query}`, silenceMs, signal } as const;
  const { head, text } = await server.exchange.text(request, LONGEST_ANSWER_BYTES);
  if (head.status === 416) return null;
  judge(head, { from: 0, etag: null, sizeBytes: null });
  const digest = parseFileDigest(text);
  if (digest === null)
    throw new Failure('bad-answer', 'The server answers a question for a digest with something else.');
  return digest;
}
