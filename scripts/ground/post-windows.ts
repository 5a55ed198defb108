import type { WindowRequest } from '../tasking/api.ts';
import type { DeployContext } from './deploy-context.ts';
import { GroundFailure } from './failure.ts';
import { findPosted } from './listed-window.ts';
import { postOnce } from './post-once.ts';
import { formatEpoch } from './quantity.ts';
import type { DeploymentReceipt } from './receipts.ts';
import type { WindowPair } from './window-plan.ts';

/**
 * Posts the two windows that `initial` is the receipt of, or what is missing of them. Where the second is refused the
 * first is taken back; where its fate is unknown, the receipt says so and the next run asks.
 */
export async function postPair(windows: WindowPair, initial: DeploymentReceipt, context: DeployContext): Promise<void> {
  let receipt = initial;
  const put = async (next: DeploymentReceipt): Promise<void> => {
    await context.receipts.putDeployment(next, receipt);
    receipt = next;
  };

  if (receipt.sdr.id === null) {
    await put(receipt);
    try {
      await put({ ...receipt, sdr: { request: windows.sdr, id: await postWindow(windows.sdr, context) } });
    } catch (error) {
      if (isDefinite(error)) await context.receipts.dropDeployment(receipt);
      throw error;
    }
  }
  await put({ ...receipt, sabertooth: { request: windows.sabertooth, id: null } });
  try {
    const id = await postWindow(windows.sabertooth, context);
    await put({ ...receipt, sabertooth: { request: windows.sabertooth, id } });
  } catch (error) {
    if (isDefinite(error)) await takeBack(receipt, context);
    throw error;
  }
}

/** Whether a request that failed is known not to have been carried out. */
function isDefinite(error: unknown): boolean {
  return error instanceof GroundFailure && error.code === 'refused';
}

async function takeBack(receipt: DeploymentReceipt, context: DeployContext): Promise<void> {
  if (receipt.sdr.id !== null) await context.api.deleteWindow(receipt.sdr.id);
  await context.receipts.dropDeployment(receipt);
  context.tell(`Took back the SDR window ${receipt.sdr.id}, because the SABERTOOTH window was refused.`);
}

async function postWindow(request: WindowRequest, context: DeployContext): Promise<string> {
  const id = await postOnce(
    context,
    () => context.api.postWindow(request),
    async () => findPosted(await context.api.windows(request.satellite_id), request),
  );
  context.tell(`Posted the ${request.type} window ${id}, ${request.duration} s from ${formatEpoch(request.start)}.`);
  return id;
}
