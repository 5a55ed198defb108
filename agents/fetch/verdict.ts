import { matchesWeakly, parseEntityTag } from '../../shared/validator.ts';
import type { Mark } from './part-writer.ts';
import { askDigest } from './proof.ts';
import type { Server } from './rendezvous.ts';
import type { Version } from './stage.ts';

/**
 * What is to be made of bytes that came whole. They are right by their digest, or as far as their length tells; they are
 * `damaged`, so that another copy of the same version may be right; or the source has `changed`.
 */
export type Verdict = 'sha-256' | 'length' | 'damaged' | 'changed';

/** Judges bytes by the digest that is known of them, or else by what the server says when it is asked. */
export async function verdict(
  server: Server,
  target: string,
  version: Version,
  written: Mark,
  knownSha256: string | null,
  signal: AbortSignal,
): Promise<Verdict> {
  if (knownSha256 !== null) return knownSha256 === written.sha256 ? 'sha-256' : 'damaged';
  const proof = await askDigest(server, target, written.bytes, signal);
  if (proof.kind === 'none') return 'length';
  if (proof.kind === 'shorter') return 'changed';
  if (proof.sha256 === written.sha256) return 'sha-256';
  const [before, now] = [version.etag, proof.etag].map((tag) => (tag === null ? null : parseEntityTag(tag)));
  const sameState = before != null && now != null && matchesWeakly(before, now);
  return sameState || before === null ? 'damaged' : 'changed';
}
