import { parseHttpDate } from './http-date.ts';
import { type EntityTag, matchesStrongly, matchesWeakly, parseEntityTag, parseEntityTags } from './validator.ts';

/** The conditional fields of a request (RFC 9110, 13.1), as they stand in it. */
export interface ConditionalFields {
  readonly ifMatch: string | undefined;
  readonly ifUnmodifiedSince: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly ifModifiedSince: string | undefined;
}

/** What the selected representation is compared by. Seconds since the epoch, as `Last-Modified` states them. */
export interface Validators {
  readonly entityTag: EntityTag;
  readonly modifiedEpochSeconds: number;
}

/** `failed` is a 412, `not-modified` a 304. */
export type Precondition = 'proceed' | 'failed' | 'not-modified';

/**
 * Evaluates the preconditions of a GET or HEAD in the order of RFC 9110, 13.2.2: If-Match, or else If-Unmodified-Since;
 * then If-None-Match, or else If-Modified-Since. A date that is none is passed over (13.1.3, 13.1.4). A list of tags that
 * cannot be read matches nothing: If-Match then fails, which is the safe answer, and If-None-Match proceeds. Of a
 * representation without validators (`null`) it is known that it exists, which is what `*` asks; no tag names it.
 */
export function evaluatePreconditions(
  fields: ConditionalFields,
  validators: Validators | null,
  nowEpochSeconds: number,
): Precondition {
  const { entityTag = null, modifiedEpochSeconds = 0 } = validators ?? {};
  const since = (field: string | undefined): number | null =>
    field === undefined || validators === null ? null : parseHttpDate(field, nowEpochSeconds);

  if (fields.ifMatch !== undefined) {
    if (!lists(fields.ifMatch, entityTag, matchesStrongly)) return 'failed';
  } else {
    const unmodifiedSince = since(fields.ifUnmodifiedSince);
    if (unmodifiedSince !== null && modifiedEpochSeconds > unmodifiedSince) return 'failed';
  }

  if (fields.ifNoneMatch !== undefined) {
    return lists(fields.ifNoneMatch, entityTag, matchesWeakly) ? 'not-modified' : 'proceed';
  }
  const modifiedSince = since(fields.ifModifiedSince);
  return modifiedSince !== null && modifiedEpochSeconds <= modifiedSince ? 'not-modified' : 'proceed';
}

/**
 * Whether `If-Range` lets the `Range` field apply (RFC 9110, 13.1.5): only the same strong entity tag does. A date never
 * does: it would join bytes on a modification time, which any program can set back (8.8.2.2 leaves it to the server
 * whether its dates are strong).
 */
export function rangeApplies(ifRange: string | undefined, entityTag: EntityTag): boolean {
  if (ifRange === undefined) return true;
  const tag = parseEntityTag(ifRange);
  return tag !== null && matchesStrongly(tag, entityTag);
}

function lists(field: string, tag: EntityTag | null, matches: (a: EntityTag, b: EntityTag) => boolean): boolean {
  if (field.trim() === '*') return true;
  return tag !== null && (parseEntityTags(field)?.some((listed) => matches(listed, tag)) ?? false);
}
