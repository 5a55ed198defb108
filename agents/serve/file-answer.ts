import { createHash, randomBytes } from 'node:crypto';
import { closeSync, readSync } from 'node:fs';
import { formatBase64Digest, formatDigest, wantsSha256 } from '../../shared/digest.ts';
import { fileEntityTag } from '../../shared/validator.ts';
import { type Answer, bodyOf, ONE_WRITE_BYTES, refuse } from './answer.ts';
import type { Digests } from './digests.ts';
import { type OpenEntry, refusalOf } from './file-store.ts';
import type { Request } from './http.ts';
import { mediaTypeOf } from './media-type.ts';
import { type Representation, type Selection, type SelectionFields, select } from './representation.ts';

/**
 * A file up to this size is read at once, in one go, while nothing else happens: for a small file that is twice as fast
 * as asking the thread pool. Larger, it would hold up every other connection on slow flash.
 */
const READ_AT_ONCE_BYTES = 64 * 1024;

/** Files of /proc say that they have no size. What is read of one is held in memory, and so bounded. */
const MOST_KERNEL_BYTES = 8 * 1024 * 1024;

/** What is read of a file whose body is copied from here before anything else happens. */
const copied = Buffer.allocUnsafeSlow(ONE_WRITE_BYTES);

/** Answers GET and HEAD of a file, and closes it, now or when its bytes are sent. */
export function answerFromFile(
  file: OpenEntry,
  path: string,
  request: Request,
  digests: Digests,
): Answer | Promise<Answer> {
  const nowMs = Date.now();
  const representation: Representation = {
    sizeBytes: Number(file.identity.sizeBytes),
    mediaType: mediaTypeOf(path),
    validators: {
      entityTag: fileEntityTag(file.identity, BigInt(nowMs) * 1_000_000n),
      modifiedEpochSeconds: Number(file.identity.modifiedNs / 1_000_000_000n),
    },
    digest: null,
  };
  const nowEpochSeconds = Math.floor(nowMs / 1000);
  return representation.sizeBytes <= READ_AT_ONCE_BYTES
    ? fromSmall(file, request, representation, nowEpochSeconds)
    : fromLarge(file, request, representation, nowEpochSeconds, digests);
}

/** The content is at hand, and so is its digest. */
function fromSmall(file: OpenEntry, request: Request, named: Representation, nowEpochSeconds: number): Answer {
  try {
    const content = readContent(file.fd, named.sizeBytes);
    const representation: Representation = {
      ...named,
      sizeBytes: content.length,
      // Content of another length than the file's is made by the kernel as it is read, or has just changed.
      validators: content.length === named.sizeBytes ? named.validators : null,
      digest: formatBase64Digest(createHash('sha256').update(content).digest('base64')),
    };
    const selection = select(fieldsOf(request), representation, nowEpochSeconds, newBoundary);
    if ('refusal' in selection) return refuse(selection.refusal, selection.headers);
    const { status, headers, pieces } = selection;
    if (!hasBody(request, selection)) return { status, headers, body: null, refusal: null };
    const bytes = pieces.map((piece) => ('first' in piece ? content.subarray(piece.first, piece.last + 1) : piece));
    const [only] = bytes;
    const all = only !== undefined && bytes.length === 1 ? only : Buffer.concat(bytes);
    return { status, headers, body: bodyOf(all), refusal: null };
  } catch (error) {
    return refuse(error instanceof EndlessError ? 'endless' : refusalOf(error));
  } finally {
    closeSync(file.fd);
  }
}

/** Nothing is waited for but by a HEAD that asks: it has no body to keep waiting. A GET that asks has it begun. */
function fromLarge(
  file: OpenEntry,
  request: Request,
  named: Representation,
  nowEpochSeconds: number,
  digests: Digests,
): Answer | Promise<Answer> {
  const answer = (sha256: string | null): Answer => {
    const digest = sha256 === null ? null : formatDigest(sha256);
    const selection = select(fieldsOf(request), { ...named, digest }, nowEpochSeconds, newBoundary);
    const refused = 'refusal' in selection;
    if (!refused && hasBody(request, selection)) {
      const { status, headers, pieces } = selection;
      return { status, headers, body: { kind: 'file', file, pieces }, refusal: null };
    }
    closeSync(file.fd);
    if (refused) return refuse(selection.refusal, selection.headers);
    return { status: selection.status, headers: selection.headers, body: null, refusal: null };
  };
  const tag = named.validators?.entityTag;
  if (tag === undefined || !wantsSha256(request.field('want-repr-digest')))
    return answer(tag ? digests.known(tag) : null);
  const digest = digests.ofFile(file, tag);
  return request.method === 'HEAD' ? digest.then(answer) : answer(digests.known(tag));
}

function fieldsOf({ method, field }: Request): SelectionFields {
  return {
    method,
    range: field('range'),
    ifRange: field('if-range'),
    ifMatch: field('if-match'),
    ifNoneMatch: field('if-none-match'),
    ifModifiedSince: field('if-modified-since'),
    ifUnmodifiedSince: field('if-unmodified-since'),
  };
}

function hasBody(request: Request, selection: Selection): boolean {
  return request.method === 'GET' && selection.status !== 304;
}

class EndlessError extends Error {}

/**
 * All of a small file, or of one whose size the kernel does not know. The content is what is read: files of /proc give
 * more than their size of 0, and files of /sys less than their size of a page.
 */
function readContent(fd: number, sizeBytes: number): Buffer {
  const wantedBytes = sizeBytes === 0 ? 4096 : sizeBytes;
  let content = wantedBytes <= copied.length ? copied.subarray(0, wantedBytes) : Buffer.allocUnsafe(wantedBytes);
  let done = 0;
  for (;;) {
    const more = readSync(fd, content, done, content.length - done, done);
    done += more;
    if (more === 0 || (sizeBytes > 0 && done === sizeBytes)) return content.subarray(0, done);
    if (done === MOST_KERNEL_BYTES) throw new EndlessError();
    if (done === content.length) content = Buffer.concat([content, Buffer.allocUnsafe(content.length)]);
  }
}

function newBoundary(): string {
  return randomBytes(18).toString('hex');
}
