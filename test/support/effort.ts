/**
 * How much of a counted test runs: all of it under `npm run test:long` (`PAYLOAD_LINK_LONG=1`), a tenth otherwise, so
 * that the everyday run stays short. Never none.
 */
export function rounds(full: number): number {
  return process.env.PAYLOAD_LINK_LONG === '1' ? full : Math.max(1, Math.ceil(full / 10));
}
