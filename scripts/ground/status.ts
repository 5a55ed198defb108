import type { UploadEntry, WindowEntry } from '../tasking/api.ts';
import { isListed } from './listed-window.ts';
import { formatEpoch } from './quantity.ts';
import type { DeploymentReceipt, UploadReceipt } from './receipts.ts';
import { spanOf } from './window-plan.ts';

/** One line of the status: what it is about, how far it is, and whether anything is still to come. */
export interface StatusLine {
  readonly satellite: string;
  readonly what: string;
  readonly id: string | null;
  /**
   * The API's word; `UNKNOWN` where an answer is missing, `OVER` where the API no longer lists a window that has ended,
   * `GONE` where it no longer lists anything else.
   */
  readonly state: string;
  readonly settled: boolean;
}

const UPLOAD_PENDING = ['PENDING', 'UPLOADING'];

/** How far an upload is. One that is no longer listed is as far as it will come. */
export function uploadLine(receipt: UploadReceipt, listed: readonly UploadEntry[]): StatusLine {
  const entry = listed.find((candidate) => candidate.id === receipt.id);
  const state = receipt.id === null ? 'UNKNOWN' : (entry?.status ?? 'GONE');
  return {
    satellite: receipt.satellite,
    what: `upload ${receipt.destination} to the ${receipt.payload}`,
    id: receipt.id,
    state,
    settled: !UPLOAD_PENDING.includes(state),
  };
}

/** How far the windows of a deployment are; a window whose time is over is settled, whatever its state. */
export function windowLines(
  receipt: DeploymentReceipt,
  listed: readonly WindowEntry[],
  nowEpochSeconds: number,
): readonly StatusLine[] {
  return [receipt.sdr, receipt.sabertooth].flatMap((window) => {
    if (window === null) return [];
    const { request, id } = window;
    const entry = isListed(listed, id, request) ? listed.find((candidate) => candidate.id === id) : undefined;
    const isOver = spanOf(request).end <= nowEpochSeconds;
    const state = id === null ? 'UNKNOWN' : (entry?.state ?? (isOver ? 'OVER' : 'GONE'));
    return [
      {
        satellite: receipt.satellite,
        what: `${request.type} ${request.duration} s from ${formatEpoch(request.start)}`,
        id,
        state,
        settled: isOver || state !== 'PENDING_SYNC',
      },
    ];
  });
}

/** The lines for people: the state first, whose words are of known length, so that later lines stand under earlier ones. */
export function statusText(lines: readonly StatusLine[]): string {
  const longest = 'PENDING_SYNC'.length;
  return lines
    .map((line) => `${line.satellite.padEnd(5)}  ${line.state.padEnd(longest)}  ${line.what} (${line.id ?? 'no id'})`)
    .join('\n');
}
