import { apiName, readApi, readToken } from '../connection.ts';
import { GroundFailure } from '../failure.ts';
import { type DeploymentReceipt, readReceipts } from '../receipts.ts';
import { type StatusLine, statusText, uploadLine, windowLines } from '../status.ts';
import { taskingClient } from '../tasking-client.ts';
import type { ApiFlags } from './options.ts';
import type { Surroundings } from './surroundings.ts';

interface StatusFlags extends ApiFlags {
  readonly satellite?: string[] | undefined;
  readonly receipts: string;
  readonly watch: boolean;
  readonly json: boolean;
  readonly intervalMs: number;
}

/** `payload-link status`: prints how far everything deployed is; with `--watch`, each change until nothing is to come. */
export async function runStatus(flags: StatusFlags, around: Surroundings): Promise<void> {
  const base = readApi(flags, around.variables);
  const api = taskingClient({ base, token: readToken(flags, around.variables), sleep: around.sleep });
  const ours = (receipt: { api: string; satellite: string }): boolean =>
    receipt.api === apiName(base) && (flags.satellite === undefined || flags.satellite.includes(receipt.satellite));
  const receipts = readReceipts(flags.receipts);
  const uploads = receipts.uploads.filter(ours);
  const deployments = latestOfEach(receipts.deployments.filter(ours));
  if (uploads.length + deployments.length === 0) {
    throw new GroundFailure('usage', `${flags.receipts} knows of nothing deployed by way of ${apiName(base)}.`);
  }

  const lines = async (): Promise<readonly StatusLine[]> => {
    const listedUploads = await api.uploads();
    const windows = await Promise.all(
      deployments.map(async (receipt) =>
        windowLines(receipt, await api.windows(receipt.satellite), around.nowEpochSeconds()),
      ),
    );
    return [...uploads.map((receipt) => uploadLine(receipt, listedUploads)), ...windows.flat()];
  };
  const print = (list: readonly StatusLine[]): void =>
    around.print(flags.json ? list.map((line) => JSON.stringify(line)).join('\n') : statusText(list));

  let before = await lines();
  print(before);
  while (flags.watch && before.some((line) => !line.settled)) {
    await around.sleep(flags.intervalMs);
    const now = await lines();
    const changed = now.filter((line, index) => line.state !== before[index]?.state);
    if (changed.length > 0) print(changed);
    before = now;
  }
}

/** Missions deployed again and again leave many receipts; what is asked about is the last of each satellite. */
function latestOfEach(deployments: readonly DeploymentReceipt[]): readonly DeploymentReceipt[] {
  return [...new Map(deployments.map((receipt) => [receipt.satellite, receipt])).values()];
}
