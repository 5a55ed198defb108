import { parseDigest, type StatedDigest } from '../../shared/digest.ts';
import { Failure } from '../../shared/failure.ts';
import { parseHttpDate } from '../../shared/http-date.ts';
import { parseContentRange } from '../../shared/range.ts';
import { type EntityTag, matchesStrongly, parseEntityTag } from '../../shared/validator.ts';
import { contentLength, type Head } from './http-message.ts';
import type { Version } from './stage.ts';

/** What a request asked for, as far as its answer is judged by it. */
export interface Asked {
  /** The first byte wanted; 0 for all of it. */
  readonly from: number;
  /** The version whose bytes before `from` are here. */
  readonly etag: EntityTag | null;
  readonly sizeBytes: number | null;
}

/** What the server answers to a GET of a file. Whatever is not usable is a {@link Failure}, thrown. */
export type Answer =
  /** The body is the file, from its first byte. */
  | { readonly kind: 'whole'; readonly version: Version; readonly stated: string | null }
  /** The body is the rest of the version that is here, from the byte asked to its end. */
  | { readonly kind: 'rest'; readonly version: Version; readonly stated: string | null }
  /** The file is still what it was. */
  | { readonly kind: 'unchanged'; readonly stated: string | null }
  /** It is not what it was: ask for all of it. */
  | { readonly kind: 'changed' }
  /** Ask there instead. */
  | { readonly kind: 'elsewhere'; readonly location: string };

/**
 * Judges the header of an answer. Bytes are joined only under the same strong entity tag, and only if Content-Range says
 * exactly what was asked (RFC 9110, 14.4, 15.3.7).
 */
export function judge(head: Head, asked: Asked): Answer {
  const { status, fields } = head;
  if (status === 200) return { kind: 'whole', version: versionOf(head), stated: statedDigest(head) };
  if (status === 206) return judgeRest(head, asked);
  if (status === 304) return { kind: 'unchanged', stated: statedDigest(head) };
  if (status === 412) return { kind: 'changed' };
  if (status === 416 && asked.from > 0) return { kind: 'changed' };
  const location = fields.get('location');
  if ([301, 302, 303, 307, 308].includes(status) && location !== undefined) return { kind: 'elsewhere', location };
  if ([408, 425, 429].includes(status) || status >= 500) {
    throw new Failure('server-busy', `The server answers ${status}.`);
  }
  if (status >= 400) throw new Failure('refused', `The server answers ${status}${reasonOf(status)}.`);
  throw new Failure('bad-answer', `The server answers ${status}, which means nothing for a file.`);
}

function judgeRest(head: Head, asked: Asked): Answer {
  const contentRange = head.fields.get('content-range');
  if (asked.from === 0 || contentRange === undefined) {
    throw new Failure('bad-answer', 'The server sends a part of the file that was not asked for (206).');
  }
  const read = parseContentRange(contentRange);
  if (read?.range == null) throw new Failure('bad-answer', `The server's Content-Range "${contentRange}" is none.`);
  const { range } = read;
  // `*` stands for a length that is not known (RFC 9110, 14.4).
  const sizeBytes = read.sizeBytes ?? asked.sizeBytes;
  const version = { ...versionOf(head), sizeBytes };
  const tag = version.etag === null ? null : parseEntityTag(version.etag);
  const sameVersion = tag !== null && asked.etag !== null && matchesStrongly(tag, asked.etag);
  if (!sameVersion || sizeBytes !== asked.sizeBytes) return { kind: 'changed' };
  if (range.first !== asked.from || sizeBytes === null || range.last !== sizeBytes - 1) {
    throw new Failure(
      'bad-answer',
      `The server sends "${contentRange}" where the bytes from ${asked.from} were asked.`,
    );
  }
  const lengthBytes = contentLength(head);
  if (lengthBytes !== null && lengthBytes !== sizeBytes - asked.from) {
    throw new Failure('bad-answer', 'The Content-Length of the answer contradicts its Content-Range.');
  }
  return { kind: 'rest', version, stated: statedDigest(head) };
}

function versionOf(head: Head): Version {
  const encoding = head.fields.get('content-encoding');
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new Failure(
      'bad-answer',
      `The server sends the file in the encoding "${encoding}", which was not asked for.`,
    );
  }
  const coding = head.fields.get('transfer-encoding');
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
    throw new Failure('bad-answer', `The server sends the file in the coding "${coding}", which was not asked for.`);
  }
  const etag = head.fields.get('etag');
  return {
    // A malformed tag identifies nothing.
    etag: etag === undefined || parseEntityTag(etag) === null ? null : etag,
    lastModified: head.fields.get('last-modified') ?? null,
    sizeBytes: contentLength(head),
    // Only other servers than ours make anybody ask, and of ours there are thousands of answers.
    get mayChangeUnseen() {
      return mayChangeUnseen(head);
    },
  };
}

/**
 * Whether a change right after the answer need not show in what names the version: many servers make their entity tags of
 * a modification time in whole seconds, and this file was modified in the second in which the answer was made (RFC 9110,
 * 8.8.2.2).
 */
export function mayChangeUnseen({ fields }: Head): boolean {
  const [madeAt, modifiedAt] = ['date', 'last-modified'].map((name) => parseHttpDate(fields.get(name) ?? '', 0));
  return madeAt != null && modifiedAt != null && modifiedAt >= madeAt;
}

/**
 * The SHA-256 that the server states of the whole file, in hex: Repr-Digest (RFC 9530); Content-Digest, which says the
 * same of a 200 without an encoding; or the obsolete Digest of RFC 3230, which servers of before 2024 send. One that is
 * malformed must not pass for none.
 */
export function statedDigest({ status, fields }: Head): string | null {
  let stated = parseDigest(fields.get('repr-digest'));
  if (stated.kind === 'none' && status === 200) stated = parseDigest(fields.get('content-digest'));
  if (stated.kind === 'none') stated = parseObsoleteDigest(fields.get('digest'));
  if (stated.kind === 'malformed') {
    throw new Failure('unverified', 'The server states a digest that cannot be read: nothing can be checked by it.');
  }
  return stated.kind === 'sha-256' ? stated.hex : null;
}

/** `Digest: SHA-256=<base64>` (RFC 3230, 4.3.2; the algorithm of RFC 5843). */
function parseObsoleteDigest(header: string | undefined): StatedDigest {
  const base64 = header === undefined ? undefined : /(?:^|,)\s*sha-256=([^,]*)/i.exec(header)?.[1];
  return base64 === undefined ? { kind: 'none' } : parseDigest(`sha-256=:${base64.trim()}:`);
}

const REASONS: Readonly<Record<number, string>> = {
  401: ' (it asks for a credential)',
  403: ' (it may not be read)',
  404: ' (there is no such file)',
  405: ' (it does not take this request)',
  410: ' (it is gone for good)',
  416: ' (there is no such range)',
};

function reasonOf(status: number): string {
  return REASONS[status] ?? '';
}
