import pLimit from 'p-limit';
import { apiName, readApi, readToken } from '../connection.ts';
import { deployTo } from '../deploy.ts';
import type { DeployContext } from '../deploy-context.ts';
import { GroundFailure } from '../failure.ts';
import { readBundles, readMission } from '../read-mission.ts';
import { ReceiptBook } from '../receipts.ts';
import { taskingClient } from '../tasking-client.ts';
import type { ApiFlags, MissionFlags } from './options.ts';
import type { Surroundings } from './surroundings.ts';

/** Satellites that are deployed to at the same time: enough for a fleet, and polite to the API. */
const SATELLITES_AT_ONCE = 8;

/**
 * `payload-link deploy`: each satellite on its own. Returns what was thrown for those that it did not come to, when all
 * are done with: the receipts are held as long as anything is sent.
 */
export async function runDeploy(
  flags: MissionFlags & ApiFlags & { readonly receipts: string; readonly dryRun: boolean; readonly again: boolean },
  around: Surroundings,
): Promise<readonly unknown[]> {
  const { mission, written } = readMission(flags);
  const api = readApi(flags, around.variables);
  const token = readToken(flags, around.variables);
  const bundles = readBundles(mission, flags.skipUpload === true);
  const receipts = new ReceiptBook(flags.receipts);
  try {
    const context: Omit<DeployContext, 'tell'> = {
      api: taskingClient({ base: api, token, sleep: around.sleep }),
      apiName: apiName(api),
      receipts,
      written,
      bundles,
      dryRun: flags.dryRun,
      again: flags.again,
      nowEpochSeconds: around.nowEpochSeconds,
      sleep: around.sleep,
    };
    const limit = pLimit(SATELLITES_AT_ONCE);
    const failures = mission.satellites.map((satellite) =>
      limit(async (): Promise<unknown> => {
        const tell = (sentence: string): void => around.print(`${satellite}: ${sentence}`);
        try {
          await deployTo(satellite, mission, { ...context, tell });
          return null;
        } catch (error) {
          if (!(error instanceof GroundFailure)) return error;
          return new GroundFailure(error.code, `${satellite}: ${error.message}`, { cause: error });
        }
      }),
    );
    return (await Promise.all(failures)).filter((failure) => failure !== null);
  } finally {
    receipts.close();
  }
}
