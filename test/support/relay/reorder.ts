import { between, type Fault, stage } from './fault.ts';

/**
 * Two neighbouring stretches change places, somewhere after so many bytes: what TCP rules out, and a broken gateway or
 * driver does not. The length stays right, so only a digest can tell.
 */
export function reorder(parameters: { leastBytes: number; mostBytes: number; stretchBytes: number }): Fault {
  const { leastBytes, mostBytes, stretchBytes } = parameters;
  return (random) => {
    let leftBytes = between(random, leastBytes, mostBytes);
    return stage((piece, push, next) => {
      const at = leftBytes;
      leftBytes -= piece.length;
      if (at >= 0 && at + 2 * stretchBytes <= piece.length) {
        const [a, b] = [at, at + stretchBytes];
        push(Buffer.concat([piece.subarray(0, a), piece.subarray(b, b + stretchBytes), piece.subarray(a, b)]));
        push(piece.subarray(b + stretchBytes));
        leftBytes = Number.NEGATIVE_INFINITY;
      } else {
        push(piece);
        // Too near the end of a piece: the next one is as good a place.
        if (at >= 0 && leftBytes < 0) leftBytes = 0;
      }
      next();
    });
  };
}
