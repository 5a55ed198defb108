/** A stretch of bytes, both ends included, as in `Content-Range` (RFC 9110, 14.4). */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** How a `Range` header applies to a representation of a known size. */
export type RangeSelection =
  | { readonly kind: 'whole' }
  | { readonly kind: 'parts'; readonly parts: readonly ByteRange[] }
  | { readonly kind: 'unsatisfiable' };

const WHOLE: RangeSelection = { kind: 'whole' };

/**
 * Reads a `Range` header (RFC 9110, 14.2) for a representation of `sizeBytes`. Only satisfiable parts are returned, in
 * the order asked. A header that is malformed, or of another unit, is ignored as the RFC asks: the whole is meant.
 *
 * | header        | size | selection       |
 * |---------------|------|-----------------|
 * | `bytes=0-99`  | 200  | parts 0-99      |
 * | `bytes=-50`   | 200  | parts 150-199   |
 * | `bytes=200-`  | 200  | unsatisfiable   |
 * | `bytes=9-3`   | 200  | whole (invalid) |
 */
export function parseRange(header: string | undefined, sizeBytes: number): RangeSelection {
  if (header === undefined) return WHOLE;
  const set = /^bytes=(.*)$/i.exec(header)?.[1];
  if (set === undefined) return WHOLE;

  const parts: ByteRange[] = [];
  let specs = 0;
  for (const raw of set.split(',')) {
    const spec = raw.replace(/^[ \t]+|[ \t]+$/g, '');
    // RFC 9110, 5.6.1.2: a recipient takes empty list elements and passes over them.
    if (spec === '') continue;
    specs += 1;
    const match = /^([0-9]*)-([0-9]*)$/.exec(spec);
    const [, firstText = '', lastText = ''] = match ?? [];
    if (match === null || (firstText === '' && lastText === '')) return WHOLE;
    if (firstText === '') {
      const suffixBytes = Number(lastText);
      // An empty representation has no byte to put into a 206; the suffix rule then means all of it, which is nothing.
      if (suffixBytes > 0 && sizeBytes === 0) return WHOLE;
      if (suffixBytes > 0) parts.push({ first: Math.max(0, sizeBytes - suffixBytes), last: sizeBytes - 1 });
      continue;
    }
    const first = Number(firstText);
    const last = lastText === '' ? Number.POSITIVE_INFINITY : Number(lastText);
    if (last < first) return WHOLE;
    if (first < sizeBytes) parts.push({ first, last: Math.min(last, sizeBytes - 1) });
  }
  if (specs === 0) return WHOLE;
  return parts.length === 0 ? { kind: 'unsatisfiable' } : { kind: 'parts', parts };
}

/** How many bytes a range spans. */
export function rangeSizeBytes(range: ByteRange): number {
  return range.last - range.first + 1;
}

/** `Content-Range` of a 206 (RFC 9110, 14.4). */
export function formatContentRange(range: ByteRange, sizeBytes: number): string {
  return `bytes ${range.first}-${range.last}/${sizeBytes}`;
}

/** `Content-Range` of a 416: the size that the client should have asked within. */
export function formatUnsatisfiedRange(sizeBytes: number): string {
  return `bytes */${sizeBytes}`;
}

/** What a `Content-Range` says: `range` is `null` in a 416, `sizeBytes` is `null` where the server wrote `*`. */
export interface ContentRange {
  readonly range: ByteRange | null;
  readonly sizeBytes: number | null;
}

/** Reads `Content-Range`; `null` where it is malformed or contradicts itself (RFC 9110, 14.4: then it is not to be used). */
export function parseContentRange(header: string): ContentRange | null {
  const match = /^bytes (?:([0-9]{1,16})-([0-9]{1,16})|\*)\/(?:([0-9]{1,16})|\*)$/i.exec(header.trim());
  if (match === null) return null;
  const [, firstText, lastText, sizeText] = match;
  const sizeBytes = sizeText === undefined ? null : Number(sizeText);
  if (firstText === undefined || lastText === undefined) {
    return sizeBytes === null ? null : { range: null, sizeBytes };
  }
  const range = { first: Number(firstText), last: Number(lastText) };
  if (range.last < range.first || (sizeBytes !== null && range.last >= sizeBytes)) return null;
  // Beyond 2^53 a position would be rounded to another one.
  if (!Number.isSafeInteger(range.last)) return null;
  return { range, sizeBytes };
}
