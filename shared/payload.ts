/** A payload computer of the satellite. Sources: the tutorial (seed) and the operator's newer user guide. */
export interface Payload {
  readonly name: string;
  /** The Tasking API's window type. */
  readonly windowType: string;
  /** Addresses on the satellite's Ethernet, the most current first. */
  readonly addresses: readonly string[];
}

/** The tutorial says 10.2.1.8 for the SDR and the newer guide 10.2.1.12: which one holds depends on the satellite. */
export const SDR: Payload = { name: 'SDR', windowType: 'PAYLOAD_SDR', addresses: ['10.2.1.12', '10.2.1.8'] };

export const SABERTOOTH: Payload = {
  name: 'SABERTOOTH',
  windowType: 'PAYLOAD_SABERTOOTH',
  addresses: ['10.2.1.10'],
};

/** The tutorial's port. */
export const DEFAULT_PORT = 10101;

/** The satellite's network passes ports 10000 and above only, in both directions (user guide, "Network"). */
export const LOWEST_PORT = 10000;

const HIGHEST_PORT = 65535;

/** Reads a port that the satellite's network lets through; `null` for anything else. */
export function parsePort(text: string): number | null {
  if (!/^[0-9]{1,5}$/.test(text)) return null;
  const port = Number(text);
  return port >= LOWEST_PORT && port <= HIGHEST_PORT ? port : null;
}

/** The sentence for a port that {@link parsePort} does not take. */
export function portProblem(text: string): string {
  return `"${text}" is not a port that the satellite's network passes: give a whole number from ${LOWEST_PORT} to ${HIGHEST_PORT}.`;
}

/** Where an agent finds things on board. Only what is in the outbox at the end of a window reaches the ground. */
export const ON_BOARD = {
  outbox: '/outbox',
  persist: '/persist',
} as const;
