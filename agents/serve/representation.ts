import { formatHttpDate } from '../../shared/http-date.ts';
import { type ConditionalFields, evaluatePreconditions, rangeApplies } from '../../shared/precondition.ts';
import { formatContentRange, formatUnsatisfiedRange, parseRange } from '../../shared/range.ts';
import type { RefusalCode } from '../../shared/refusal.ts';
import { type EntityTag, formatEntityTag } from '../../shared/validator.ts';
import type { Headers, Piece } from './answer.ts';
import { multipartPieces, pieceSizeBytes, planRanges } from './multipart.ts';

/** The state of a file that a request has selected (RFC 9110, 3.2). */
export interface Representation {
  readonly sizeBytes: number;
  readonly mediaType: string;
  /** `null` for a file that the kernel makes as it is read: it has no state that could be named or asked for again. */
  readonly validators: { readonly entityTag: EntityTag; readonly modifiedEpochSeconds: number } | null;
  /** `Repr-Digest` of it; `null` while it is not known. */
  readonly digest: string | null;
}

/** What of a request decides which bytes of a representation are sent. */
export interface SelectionFields extends ConditionalFields {
  readonly method: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
}

/** What is sent of a representation; `refusal` where the request asks for what cannot be. */
export interface Selection {
  readonly status: 200 | 206 | 304;
  readonly headers: Headers;
  readonly pieces: readonly Piece[];
}

export interface SelectionRefused {
  readonly refusal: RefusalCode;
  readonly headers: Headers;
}

/**
 * Decides what is sent: preconditions first, then the range (RFC 9110, 13.2). `boundary` makes the text that parts are
 * separated by; it must be unlikely to occur in any file.
 */
export function select(
  fields: SelectionFields,
  representation: Representation,
  nowEpochSeconds: number,
  boundary: () => string,
): Selection | SelectionRefused {
  const { sizeBytes, mediaType, validators } = representation;
  const headers: Record<string, string | number> = {};
  if (validators === null) {
    headers['Accept-Ranges'] = 'none';
    headers['Cache-Control'] = 'no-store';
  } else {
    headers['Accept-Ranges'] = 'bytes';
    headers.ETag = formatEntityTag(validators.entityTag);
  }
  const outcome = evaluatePreconditions(fields, validators, nowEpochSeconds);
  if (outcome === 'failed') return { refusal: 'changed', headers };
  if (outcome === 'not-modified') return { status: 304, headers, pieces: [] };

  // RFC 9110, 14.2: Range is defined for GET alone.
  const ranged = validators !== null && fields.method === 'GET' && rangeApplies(fields.ifRange, validators.entityTag);
  const asked = parseRange(ranged ? fields.range : undefined, sizeBytes);
  if (asked.kind === 'unsatisfiable') {
    headers['Content-Range'] = formatUnsatisfiedRange(sizeBytes);
    return { refusal: 'unsatisfiable', headers };
  }

  // In a refusal it would be the digest of the refusal's own content (RFC 9530, B.10).
  if (representation.digest !== null) headers['Repr-Digest'] = representation.digest;
  const parts = asked.kind === 'whole' ? [] : (planRanges(asked.parts, sizeBytes) ?? []);
  const [only] = parts;
  // RFC 9110, 15.3.7: after If-Range the client has the rest of the description already.
  if (parts.length !== 1 || fields.ifRange === undefined) {
    headers['Content-Type'] = mediaType;
    // RFC 9110, 8.8.2.1: never later than the Date of the response, whatever a file's clock said.
    if (validators !== null)
      headers['Last-Modified'] = formatHttpDate(Math.min(validators.modifiedEpochSeconds, nowEpochSeconds));
  }
  if (only === undefined) {
    headers['Content-Length'] = sizeBytes;
    return { status: 200, headers, pieces: sizeBytes === 0 ? [] : [{ first: 0, last: sizeBytes - 1 }] };
  }
  if (parts.length === 1) {
    headers['Content-Range'] = formatContentRange(only, sizeBytes);
    headers['Content-Length'] = pieceSizeBytes(only);
    return { status: 206, headers, pieces: parts };
  }
  const separator = boundary();
  const pieces = multipartPieces(parts, sizeBytes, mediaType, separator);
  headers['Content-Type'] = `multipart/byteranges; boundary=${separator}`;
  headers['Content-Length'] = pieces.reduce((sum, piece) => sum + pieceSizeBytes(piece), 0);
  return { status: 206, headers, pieces };
}
