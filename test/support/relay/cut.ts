import { between, type Fault, stage } from './fault.ts';

/** The connection breaks after so many bytes, somewhere between the two. */
export function cut({ leastBytes, mostBytes }: { leastBytes: number; mostBytes: number }): Fault {
  return (random) => {
    let leftBytes = between(random, leastBytes, mostBytes);
    return stage((piece, push, next) => {
      push(piece.subarray(0, leftBytes));
      leftBytes -= piece.length;
      next(leftBytes < 0 ? new Error('cut') : undefined);
    });
  };
}
