import { setTimeout as delay } from 'node:timers/promises';
import { matchesWeakly, parseEntityTag } from '../../shared/validator.ts';
import { contentLength } from './http-message.ts';
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
  if (proof.kind === 'none') return (await isAnother(server, target, version, written, signal)) ? 'changed' : 'length';
  if (proof.kind === 'shorter') return 'changed';
  if (proof.sha256 === written.sha256) return 'sha-256';
  const [before, now] = [version.etag, proof.etag].map((tag) => (tag === null ? null : parseEntityTag(tag)));
  const sameState = before != null && now != null && matchesWeakly(before, now);
  return sameState || before === null ? 'damaged' : 'changed';
}

/** What tells versions apart by whole seconds does so when the second is over in which the body was begun. */
const SECOND_MS = 1000;

/**
 * Whether a file without a digest is another one by now than when its body began, so that the body may be torn: part of
 * one version, part of the next. A file that has become longer is taken for a log, whose first bytes stay what they were.
 * What cannot be told is no reason to throw a body away: HEAD refused, or the server gone at the end of its window.
 */
async function isAnother(
  server: Server,
  target: string,
  before: Version,
  written: Mark,
  signal: AbortSignal,
): Promise<boolean> {
  if (before.etag === null && before.lastModified === null && before.sizeBytes !== null) return false;
  if (before.mayChangeUnseen) await delay(SECOND_MS, undefined, { signal });
  try {
    const now = await server.exchange.head(target, signal);
    const sizeBytes = contentLength(now);
    if (now.status !== 200 || sizeBytes === null) return false;
    // Of a body without a length nothing else says that it is whole.
    if (before.sizeBytes === null) return sizeBytes !== written.bytes;
    if (sizeBytes !== before.sizeBytes) return sizeBytes < before.sizeBytes;
    const [was, is] = [before.etag, now.fields.get('etag')].map((tag) => (tag == null ? null : parseEntityTag(tag)));
    const modified = now.fields.get('last-modified');
    const shows =
      was != null && is != null
        ? !matchesWeakly(was, is)
        : before.lastModified !== null && modified !== undefined && modified !== before.lastModified;
    // Where it did not change since that second, nobody can tell whether it did in it: the next body is of a file at rest.
    return shows || before.mayChangeUnseen;
  } catch {
    return false;
  }
}
