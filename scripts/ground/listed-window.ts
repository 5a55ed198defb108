import { isDeepStrictEqual } from 'node:util';
import type { WindowEntry, WindowRequest } from '../tasking/api.ts';
import type { DeploymentReceipt } from './receipts.ts';
import { spanOf, type WindowPair } from './window-plan.ts';

/** The id of a window that is exactly what would be posted; `null` where the API lists none. */
export function findPosted(listed: readonly WindowEntry[], request: WindowRequest): string | null {
  return listed.find((entry) => isSame(entry, request))?.id ?? null;
}

/** Whether the API still lists what was posted under an id: a simulated one gives its ids anew at every start. */
export function isListed(listed: readonly WindowEntry[], id: string | null, request: WindowRequest): boolean {
  return listed.some((entry) => entry.id === id && isSame(entry, request));
}

function isSame(entry: WindowEntry, request: WindowRequest): boolean {
  return (
    entry.type === request.type &&
    entry.satellite_id === request.satellite_id &&
    entry.start === request.start &&
    entry.duration === request.duration &&
    isDeepStrictEqual(entry.parameters.user_command, request.parameters.user_command)
  );
}

/**
 * What has become of a deployment:
 * - `over`: both windows have run;
 * - `whole`: both are posted;
 * - `half`: the SDR's is posted, and the SABERTOOTH's still can be;
 * - `broken`: neither of that; `leftoverIds` are what is left of it and can be taken back.
 */
export type DeploymentState =
  | { readonly kind: 'over' }
  | { readonly kind: 'whole'; readonly sdrId: string; readonly sabertoothId: string }
  | { readonly kind: 'half'; readonly sdrId: string }
  | { readonly kind: 'broken'; readonly leftoverIds: readonly string[] };

/** Judges a receipt by what the API lists now. A window that has begun is there, whether or not it is still listed. */
export function judgeDeployment(
  receipt: DeploymentReceipt,
  { sdr, sabertooth }: WindowPair,
  listed: readonly WindowEntry[],
  nowEpochSeconds: number,
): DeploymentState {
  if (spanOf(sdr).end <= nowEpochSeconds && spanOf(sabertooth).end <= nowEpochSeconds) return { kind: 'over' };
  const idThere = (known: string | null, window: WindowRequest): string | null => {
    const id = known ?? findPosted(listed, window);
    return window.start <= nowEpochSeconds || isListed(listed, id, window) ? id : null;
  };
  const sdrId = idThere(receipt.sdr.id, sdr);
  const sabertoothId = idThere(receipt.sabertooth?.id ?? null, sabertooth);
  if (sdrId !== null && sabertoothId !== null) return { kind: 'whole', sdrId, sabertoothId };
  if (sdrId !== null && sabertooth.start > nowEpochSeconds) return { kind: 'half', sdrId };
  const leftover = (id: string | null, window: WindowRequest): readonly string[] =>
    id === null || window.start <= nowEpochSeconds ? [] : [id];
  return { kind: 'broken', leftoverIds: [...leftover(sdrId, sdr), ...leftover(sabertoothId, sabertooth)] };
}
