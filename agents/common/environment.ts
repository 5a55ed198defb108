import { join, resolve } from 'node:path';
import { SDR } from '../../shared/payload.ts';

/**
 * What the surroundings say of the payload that the agent runs on. On board none of these variables is set; a simulated
 * satellite sets them, so that a window's arguments are the same on a desk as on board.
 */
export interface Environment {
  /** `PAYLOAD_ROOT`: the directory that stands for `/`. */
  readonly root: string;
  /** `PAYLOAD_ADDRESS`: the address that stands for this payload's own, and so for `0.0.0.0`; `null` on board. */
  readonly address: string | null;
  /**
   * `PAYLOAD_SDR`: the addresses at which the SDR is, comma-separated in the variable. Where a directory stands for the
   * payload and nothing stands for the SDR, that is this machine: a desk never reaches for the satellite's addresses.
   */
  readonly sdrAddresses: readonly string[];
}

export function readEnvironment(variables: Readonly<Record<string, string | undefined>>): Environment {
  const { PAYLOAD_ROOT, PAYLOAD_ADDRESS, PAYLOAD_SDR } = variables;
  const root = resolve(PAYLOAD_ROOT || '/');
  const sdrHere = root === '/' ? SDR.addresses : ['127.0.0.1'];
  return Object.freeze({
    root,
    address: PAYLOAD_ADDRESS || null,
    sdrAddresses: PAYLOAD_SDR ? PAYLOAD_SDR.split(',') : sdrHere,
  });
}

/** Where a path of the payload lies on this machine. A relative one starts, as on board, at the current directory. */
export function onPayload(environment: Environment, path: string): string {
  const here = resolve(path);
  // Resolved first: `..` ends at the payload's root, as it would on board.
  return path.startsWith('/') && !isBelow(environment.root, here) ? join(environment.root, here) : here;
}

/** Maps a host that the arguments name to where it is here: an SDR address means the first of {@link Environment.sdrAddresses}. */
export function hostOnLink(environment: Environment, host: string): string {
  const [here] = environment.sdrAddresses;
  return here !== undefined && SDR.addresses.includes(host) && !environment.sdrAddresses.includes(host) ? here : host;
}

/** A path that already lies below the root was made from it, as the current directory is. */
function isBelow(root: string, path: string): boolean {
  return root === '/' || path === root || path.startsWith(`${root}/`);
}
