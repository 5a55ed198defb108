import { closeSync, readSync } from 'node:fs';
import { type FileDigest, MOST_BLOCKS, SMALLEST_BLOCK_BYTES } from '../../shared/file-digest.ts';
import { evaluatePreconditions } from '../../shared/precondition.ts';
import { fileEntityTag, formatEntityTag, sameState } from '../../shared/validator.ts';
import { type Answer, answerWith, refuse } from './answer.ts';
import type { Digests } from './digests.ts';
import { identityOf, type OpenEntry, refusalOf } from './file-store.ts';
import { readQuery, wholeNumber } from './query.ts';

/** Answers the `digest` resource (shared/file-digest.ts) for a file, and closes it. */
export async function answerWithDigest(
  file: OpenEntry,
  query: string,
  ifMatch: string | undefined,
  digests: Digests,
  whenGone: (callback: () => void) => void,
): Promise<Answer> {
  try {
    const asked = readQuery(query, { from: wholeNumber, to: wholeNumber, block: wholeNumber });
    if (asked === null) return refuse('bad-query');
    const sizeBytes = Number(file.identity.sizeBytes);
    const { from = 0, to = sizeBytes, block = null } = asked;
    if (from > to) return refuse('bad-query');
    if (block !== null && (block < SMALLEST_BLOCK_BYTES || (to - from) / block > MOST_BLOCKS))
      return refuse('bad-query');

    const tag = fileEntityTag(file.identity, BigInt(Date.now()) * 1_000_000n);
    const headers = { ETag: formatEntityTag(tag), 'Cache-Control': 'no-store' };
    const fields = { ifMatch, ifNoneMatch: undefined, ifModifiedSince: undefined, ifUnmodifiedSince: undefined };
    const validators = { entityTag: tag, modifiedEpochSeconds: 0 };
    if (evaluatePreconditions(fields, validators, 0) === 'failed') return refuse('changed', headers);
    if (to > sizeBytes) return refuse('unsatisfiable', headers);

    // A file of the kernel, or one that has begun to grow: the digest of nothing would not be that of its content.
    if (sizeBytes === 0 && readSync(file.fd, Buffer.alloc(1), 0, 1, 0) > 0) return refuse('changed', headers);

    const isWhole = from === 0 && to === sizeBytes && block === null;
    const known = isWhole ? digests.known(tag) : null;
    const hashed =
      known === null
        ? await digests.hash({ fd: file.fd, from, to, blockBytes: block }, whenGone)
        : { sha256: known, blocks: null };
    if (typeof hashed === 'string') return refuse(hashed, headers);
    const unchanged = sameState(file.identity, identityOf(file.fd));
    if (isWhole && unchanged) digests.remember(tag, hashed.sha256);
    const answer: FileDigest = { from, to, sizeBytes, ...hashed, blockBytes: block, unchanged };
    return answerWith(200, 'application/json', `${JSON.stringify(answer)}\n`, headers);
  } catch (error) {
    return refuse(refusalOf(error));
  } finally {
    closeSync(file.fd);
  }
}
