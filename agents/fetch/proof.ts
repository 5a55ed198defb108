import { Failure } from '../../shared/failure.ts';
import { DEFAULT_BLOCK_BYTES, type FileDigest, parseFileDigest } from '../../shared/file-digest.ts';
import { type Feature, featurePath } from '../../shared/protocol.ts';
import { judge, statedDigest } from './answer.ts';
import { contentLength } from './http-message.ts';
import type { Server } from './rendezvous.ts';

/** A server hashes a file as fast as its disk reads it: an SD card gives some 20 MB/s. */
const HASHING_BYTES_PER_MS = 20_000;
const LEAST_SILENCE_MS = 10_000;

/** 65,536 blocks of 64 hex digits, and what stands around them. */
const LONGEST_ANSWER_BYTES = 8 * 1024 * 1024;

/** What the server says of the first bytes of a file as it is now. */
export type Proof =
  /** Their SHA-256 in hex, and the entity tag and size of the file that they are the first bytes of. */
  | { readonly kind: 'digest'; readonly sha256: string; readonly etag: string | null; readonly sizeBytes: number }
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
  const silenceMs = hashingMs(sizeBytes);
  const fields = { 'want-repr-digest': 'sha-256=1' };
  const head = await server.exchange.request(
    { method: 'HEAD', target, fields, silenceMs, signal },
    () => () => undefined,
  );
  if (head.status === 200 && contentLength(head) === sizeBytes) {
    const sha256 = statedDigest(head);
    if (sha256 !== null) return { kind: 'digest', sha256, etag: head.fields.get('etag') ?? null, sizeBytes };
  }
  return askPrefix(server, target, sizeBytes, signal);
}

/** Asks for the digest of the first bytes of a file, which a log keeps while it grows. */
export async function askPrefix(server: Server, target: string, toBytes: number, signal: AbortSignal): Promise<Proof> {
  const answer = await askFileDigest(server, target, `to=${toBytes}`, toBytes, signal);
  if (answer === null) return { kind: 'shorter' };
  const { digest, etag } = answer;
  return { kind: 'digest', sha256: digest.sha256, etag, sizeBytes: digest.sizeBytes };
}

/** The digests of a file's blocks of {@link DEFAULT_BLOCK_BYTES}; `null` where it is shorter by now. */
export async function askBlocks(
  server: Server,
  target: string,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<readonly string[] | null> {
  const query = `to=${sizeBytes}&block=${DEFAULT_BLOCK_BYTES}`;
  const answer = await askFileDigest(server, target, query, sizeBytes, signal);
  const digest = answer?.digest;
  if (digest !== undefined && digest.blockBytes !== DEFAULT_BLOCK_BYTES) {
    throw new Failure('bad-answer', 'The server gives digests of other blocks than were asked for.');
  }
  return digest?.blocks ?? null;
}

/** `null` where the file does not have the bytes any more (416). Throws as {@link judge} does. */
async function askFileDigest(
  server: Server,
  target: string,
  query: string,
  hashedBytes: number,
  signal: AbortSignal,
): Promise<{ readonly digest: FileDigest; readonly etag: string | null } | null> {
  const path = featurePath('digest', target.split('?')[0]);
  const request = { method: 'GET', target: `${path}?${query}`, silenceMs: hashingMs(hashedBytes), signal } as const;
  const { head, text } = await server.exchange.text(request, LONGEST_ANSWER_BYTES);
  if (head.status === 416) return null;
  judge(head, { from: 0, etag: null, sizeBytes: null });
  const digest = parseFileDigest(text);
  if (digest === null)
    throw new Failure('bad-answer', 'The server answers a question for a digest with something else.');
  return { digest, etag: head.fields.get('etag') ?? null };
}

/** How long a server may be silent over so many bytes. */
function hashingMs(bytes: number): number {
  return LEAST_SILENCE_MS + bytes / HASHING_BYTES_PER_MS;
}
