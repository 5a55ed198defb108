import { type Fault, stage } from './fault.ts';

/** No more than so many bytes a second on each connection. */
export function slow({ bytesPerSecond }: { bytesPerSecond: number }): Fault {
  return () => {
    let freeAtMs = 0;
    return stage((piece, push, next) => {
      const nowMs = performance.now();
      freeAtMs = Math.max(nowMs, freeAtMs) + (piece.length * 1000) / bytesPerSecond;
      push(piece);
      setTimeout(next, freeAtMs - nowMs);
    });
  };
}
