/** Whether this is `npm run test:long`, or continuous integration, which proves everything in full. */
export const long = process.env.PAYLOAD_LINK_LONG === '1';

/** How much of a counted test runs: all of it in the long run, a tenth in the everyday one. Never none. */
export function rounds(full: number): number {
  return long ? full : Math.max(1, Math.ceil(full / 10));
}
