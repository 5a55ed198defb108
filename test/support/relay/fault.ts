import { Transform } from 'node:stream';

/**
 * Something that goes wrong with a link. A fault is asked for one stage for each connection, which sees the bytes from
 * the server to the client on their way. Randomness is an argument, so that a test can name its seed.
 */
export type Fault = (random: () => number) => Transform;

/** A stage that hands every piece to `pass`, which says what becomes of it. */
export function stage(
  pass: (piece: Buffer, push: (piece: Buffer) => void, next: (error?: Error) => void) => void,
): Transform {
  const transform: Transform = new Transform({
    transform(piece: Buffer, _, next) {
      pass(
        piece,
        (out) => transform.push(out),
        (error) => next(error ?? null),
      );
    },
  });
  return transform;
}

/** A number from `least` up to `most`. */
export function between(random: () => number, least: number, most: number): number {
  return Math.floor(least + random() * (most - least));
}

/** Numbers from 0 up to 1 that are the same for the same seed (a linear congruential generator; Knuth, TAOCP 2, 3.3.4). */
export function seeded(seed: number): () => number {
  let state = BigInt(seed);
  return () => {
    state = (state * 6364136223846793005n + 1442695040888963407n) % 18446744073709551616n;
    return Number(state >> 11n) / 2 ** 53;
  };
}
