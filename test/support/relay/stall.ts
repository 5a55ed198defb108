import { between, type Fault, stage } from './fault.ts';

/** After so many bytes nothing moves for so long; then the rest comes. */
export function stall(parameters: { leastBytes: number; mostBytes: number; stallMs: number }): Fault {
  const { leastBytes, mostBytes, stallMs } = parameters;
  return (random) => {
    let leftBytes = between(random, leastBytes, mostBytes);
    return stage((piece, push, next) => {
      push(piece);
      const before = leftBytes;
      leftBytes -= piece.length;
      if (before > 0 && leftBytes <= 0) setTimeout(next, stallMs);
      else next();
    });
  };
}
