import { type ByteRange, formatContentRange, rangeSizeBytes } from '../../shared/range.ts';
import type { Piece } from './answer.ts';

/** About what a part costs on the wire besides its bytes: a gap smaller than this is cheaper sent than left out. */
const PART_OVERHEAD_BYTES = 100;

/** More ranges than any client needs who does not mean harm (RFC 9110, 14.2 and 17.15). */
const MOST_RANGES = 64;

/**
 * What is sent for the ranges asked: overlapping ones and near neighbours made one, in the order asked (RFC 9110,
 * 15.3.7.2). `null` stands for the whole representation, where that costs no more, or where the set is absurd: so no
 * request moves more bytes than the file has.
 */
export function planRanges(asked: readonly ByteRange[], sizeBytes: number): readonly ByteRange[] | null {
  if (asked.length === 1) return asked;
  if (asked.length > MOST_RANGES) return null;
  let planned: ByteRange[] = [];
  for (let range of asked) {
    const apart: ByteRange[] = [];
    for (const other of planned) {
      if (areNear(range, other))
        range = { first: Math.min(range.first, other.first), last: Math.max(range.last, other.last) };
      else apart.push(other);
    }
    planned = [...apart, range];
  }
  const costBytes = planned.reduce((sum, range) => sum + rangeSizeBytes(range) + PART_OVERHEAD_BYTES, 0);
  return planned.length > 1 && costBytes >= sizeBytes ? null : planned;
}

function areNear(a: ByteRange, b: ByteRange): boolean {
  return a.first <= b.last + PART_OVERHEAD_BYTES && b.first <= a.last + PART_OVERHEAD_BYTES;
}

/** The content of a `multipart/byteranges` (RFC 9110, 14.6): the header of each part, and its bytes. */
export function multipartPieces(
  ranges: readonly ByteRange[],
  sizeBytes: number,
  mediaType: string,
  boundary: string,
): readonly Piece[] {
  const pieces = ranges.flatMap((range, index): Piece[] => [
    Buffer.from(
      `${index === 0 ? '' : '\r\n'}--${boundary}\r\nContent-Type: ${mediaType}\r\nContent-Range: ${formatContentRange(range, sizeBytes)}\r\n\r\n`,
    ),
    range,
  ]);
  return [...pieces, Buffer.from(`\r\n--${boundary}--\r\n`)];
}

/** How many bytes a body of these pieces has. */
export function pieceSizeBytes(piece: Piece): number {
  return 'first' in piece ? rangeSizeBytes(piece) : piece.length;
}
