import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { DeployContext } from './deploy-context.ts';
import { GroundFailure } from './failure.ts';
import { judgeDeployment } from './listed-window.ts';
import type { Mission } from './mission.ts';
import { checkMission } from './mission-check.ts';
import { postPair } from './post-windows.ts';
import { formatEpoch } from './quantity.ts';
import type { DeploymentReceipt } from './receipts.ts';
import { earliestSlot } from './slot.ts';
import { bundleSizes, uploadBundles } from './upload-bundles.ts';
import { planWindows, startOf, type WindowPair } from './window-plan.ts';

export type Deployment = {
  readonly kind: 'deployed' | 'unchanged' | 'dry-run';
  readonly windows: WindowPair;
};

/** How far ahead a slot is looked for, a week at a time being what an operator plans. */
const HORIZON_SECONDS = 7 * 86_400;

/** Names what a mission does on any satellite: its name, the windows' content and the start that was asked for. */
export function missionId(mission: Mission): string {
  const content = JSON.stringify([mission.name, planWindows(mission, '', 0), mission.start]);
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}

/**
 * Deploys a mission to one satellite: the bundles that are not there yet, then both windows at the earliest slot that
 * holds them. Done twice, the second time changes nothing; cut off at any point, it continues. Rejects with a
 * {@link GroundFailure}; a pair is never left half posted because its second window was refused.
 */
export async function deployTo(satelliteId: string, mission: Mission, context: DeployContext): Promise<Deployment> {
  await requireSatellite(satelliteId, context);
  const earlier = await findDeployment(satelliteId, mission, context);
  if (earlier?.kind === 'unchanged') {
    if (earlier.upcoming) await uploadBundles(satelliteId, context);
    return earlier;
  }
  const windows = earlier?.windows ?? (await chooseWindows(satelliteId, mission, context));
  if (context.dryRun) {
    await uploadBundles(satelliteId, context);
    context.tell(
      `Would post the SDR window at ${formatEpoch(windows.sdr.start)} and the SABERTOOTH window at ${formatEpoch(windows.sabertooth.start)}.`,
    );
    return { kind: 'dry-run', windows };
  }
  await uploadBundles(satelliteId, context);
  await postPair(windows, earlier?.receipt ?? newReceipt(satelliteId, windows, mission, context), context);
  return { kind: 'deployed', windows };
}

function newReceipt(
  satellite: string,
  windows: WindowPair,
  mission: Mission,
  context: DeployContext,
): DeploymentReceipt {
  return {
    api: context.apiName,
    mission: missionId(mission),
    written: { ...context.written },
    satellite,
    deployedAt: new Date(context.nowEpochSeconds() * 1000).toISOString(),
    sdr: { request: windows.sdr, id: null },
    sabertooth: null,
  };
}

async function requireSatellite(satelliteId: string, { api }: DeployContext): Promise<void> {
  const satellites = await api.satellites();
  const satellite = satellites.find((candidate) => candidate.id === satelliteId);
  if (satellite === undefined) {
    const known = satellites.map((candidate) => candidate.id).join(', ') || 'none';
    throw new GroundFailure('refused', `${satelliteId} is not among the satellites of this token: ${known}.`);
  }
  for (const type of ['PAYLOAD_SDR', 'PAYLOAD_SABERTOOTH']) {
    if (!satellite.supported_windows.includes(type)) {
      throw new GroundFailure('refused', `${satelliteId} takes no ${type} windows.`);
    }
  }
}

type Earlier =
  | { readonly kind: 'unchanged'; readonly windows: WindowPair; readonly upcoming: boolean }
  /** The SDR's window is posted, the SABERTOOTH's is not yet. */
  | { readonly kind: 'half'; readonly windows: WindowPair; readonly receipt: DeploymentReceipt };

/** What an earlier run left of this mission on this satellite, its receipt made true; `null` where it is to be deployed. */
async function findDeployment(satelliteId: string, mission: Mission, context: DeployContext): Promise<Earlier | null> {
  const { api, apiName, receipts, dryRun, again, tell } = context;
  const id = missionId(mission);
  const receipt = receipts.deployments
    .filter((each) => each.api === apiName && each.satellite === satelliteId && each.mission === id)
    .at(-1);
  if (receipt === undefined) return null;
  const windows = planWindows(mission, satelliteId, receipt.sdr.request.start);
  const start = formatEpoch(windows.sdr.start);
  const put = async (next: DeploymentReceipt): Promise<void> => {
    if (!dryRun && !isDeepStrictEqual(next, receipt)) await receipts.putDeployment(next, receipt);
  };

  const state = judgeDeployment(receipt, windows, await api.windows(satelliteId), context.nowEpochSeconds());
  if (again && (state.kind === 'over' || state.kind === 'whole')) return null;
  switch (state.kind) {
    case 'over':
      tell(`The windows of this mission ran at ${start}; --again deploys it once more.`);
      return { kind: 'unchanged', windows, upcoming: false };
    case 'whole': {
      const { sdrId, sabertoothId } = state;
      await put({
        ...receipt,
        sdr: { request: windows.sdr, id: sdrId },
        sabertooth: { request: windows.sabertooth, id: sabertoothId },
      });
      tell(`Deployed already: SDR window ${sdrId} and SABERTOOTH window ${sabertoothId}, from ${start}.`);
      return { kind: 'unchanged', windows, upcoming: true };
    }
    case 'half': {
      const half = { ...receipt, sdr: { request: windows.sdr, id: state.sdrId } };
      await put(half);
      return { kind: 'half', windows, receipt: isDeepStrictEqual(half, receipt) ? receipt : half };
    }
    case 'broken':
      if (dryRun) return null;
      for (const leftoverId of state.leftoverIds) {
        await api.deleteWindow(leftoverId);
        tell(`Took back window ${leftoverId}, whose other half is gone.`);
      }
      await receipts.dropDeployment(receipt);
      return null;
  }
}

/** The windows at the slot that was asked for or is the earliest; refuses what the operator has no room for. */
async function chooseWindows(satelliteId: string, mission: Mission, context: DeployContext): Promise<WindowPair> {
  const { start } = mission;
  const now = context.nowEpochSeconds();
  const notBefore = startOf(mission, now);
  if (start.kind === 'at') requireWorkable(mission, notBefore, now, context);
  const query = { satellite_id: satelliteId, start: notBefore, duration: HORIZON_SECONDS };
  const available = {
    sdr: await context.api.availability({ ...query, window_type: 'PAYLOAD_SDR' }),
    sabertooth: await context.api.availability({ ...query, window_type: 'PAYLOAD_SABERTOOTH' }),
  };
  const slot = earliestSlot(available, mission, notBefore);
  if (slot === null) {
    throw new GroundFailure(
      'refused',
      `${satelliteId} has no slot for both windows in the ${HORIZON_SECONDS / 86_400} days from ${formatEpoch(notBefore)}.`,
    );
  }
  if (start.kind === 'at' && slot !== start.epochSeconds) {
    throw new GroundFailure(
      'refused',
      `${satelliteId} has no room for both windows at ${formatEpoch(start.epochSeconds)}; the next slot is at ${formatEpoch(slot)}.`,
    );
  }
  requireWorkable(mission, slot, now, context);
  return planWindows(mission, satelliteId, slot);
}

function requireWorkable(mission: Mission, start: number, now: number, context: DeployContext): void {
  const findings = checkMission(mission, bundleSizes(context.bundles), start, now);
  const refusal = findings.find((finding) => finding.severity === 'refusal');
  if (refusal !== undefined) throw new GroundFailure('mission', refusal.sentence);
}
