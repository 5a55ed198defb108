import { type Fault, stage } from './fault.ts';

/** One bit is wrong at one place of the link's life, counted in bytes over all its connections. */
export function flip({ atByte }: { atByte: number }): Fault {
  let seenBytes = 0;
  return () =>
    stage((piece, push, next) => {
      const at = atByte - seenBytes;
      seenBytes += piece.length;
      if (at >= 0 && at < piece.length) {
        const changed = Buffer.from(piece);
        changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
        push(changed);
      } else push(piece);
      next();
    });
}
