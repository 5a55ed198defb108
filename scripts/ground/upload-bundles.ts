import { createHash } from 'node:crypto';
import type { UploadEntry } from '../tasking/api.ts';
import type { BundleFile, DeployContext } from './deploy-context.ts';
import type { BundleSizes } from './mission-check.ts';
import { postOnce } from './post-once.ts';
import { formatDecimalBytes } from './quantity.ts';
import type { UploadReceipt } from './receipts.ts';

/** Where an upload goes: one receipt is kept for each, because a later upload to it replaces the earlier one. */
type Place = Pick<UploadReceipt, 'api' | 'satellite' | 'payload' | 'destination'>;

/** What the checks need to know of the bundles. */
export function bundleSizes(bundles: readonly BundleFile[]): BundleSizes {
  const sizeOf = (payload: BundleFile['payload']): number | null =>
    bundles.find((bundle) => bundle.payload === payload)?.content.length ?? null;
  return { serveBytes: sizeOf('SDR'), fetchBytes: sizeOf('SABERTOOTH') };
}

/** Uploads the bundles that are not there already: by receipt of the same bytes, if the API still lists its upload. */
export async function uploadBundles(satelliteId: string, context: DeployContext): Promise<void> {
  if (context.bundles.length === 0) return;
  const listed = await context.api.uploads();
  for (const bundle of context.bundles) await uploadBundle(satelliteId, bundle, listed, context);
}

async function uploadBundle(
  satellite: string,
  bundle: BundleFile,
  listed: readonly UploadEntry[],
  context: DeployContext,
): Promise<void> {
  const { payload, destination, fileName, content } = bundle;
  const place: Place = { api: context.apiName, satellite, payload, destination };
  const sha256 = createHash('sha256').update(content).digest('hex');
  const what = `${fileName} to ${destination} on the ${payload}`;
  const thereIds = idsAt(place, listed);

  const receipt = context.receipts.uploads.find((candidate) => isAt(place, candidate));
  const knownId = receipt === undefined ? null : (receipt.id ?? newId(thereIds, receipt));
  if (receipt !== undefined && receipt.sha256 === sha256 && knownId !== null && thereIds.includes(knownId)) {
    if (!context.dryRun && receipt.id === null) await context.receipts.putUpload({ ...receipt, id: knownId }, receipt);
    context.tell(`There already: ${what} (upload ${knownId}).`);
    return;
  }
  const size = formatDecimalBytes(content.length);
  if (context.dryRun) {
    context.tell(`Would upload ${what}, ${size}.`);
    return;
  }
  const intent: UploadReceipt = { ...place, sha256, sizeBytes: content.length, id: null, earlierIds: thereIds };
  await context.receipts.putUpload(intent, receipt);
  const id = await postOnce(
    context,
    () =>
      context.api.upload(
        { satellite_id: satellite, payload, destination_path: destination, executable: 'true' },
        fileName,
        content,
      ),
    async () => newId(idsAt(place, await context.api.uploads()), intent),
  );
  await context.receipts.putUpload({ ...intent, id }, intent);
  context.tell(`Uploaded ${what}, ${size} (upload ${id}).`);
}

function isAt(place: Place, receipt: UploadReceipt): boolean {
  return (
    receipt.api === place.api &&
    receipt.satellite === place.satellite &&
    receipt.payload === place.payload &&
    receipt.destination === place.destination
  );
}

function idsAt(place: Place, listed: readonly UploadEntry[]): string[] {
  return listed
    .filter((entry) => entry.satellite_id === place.satellite && entry.payload === place.payload)
    .filter((entry) => entry.destination_path === place.destination)
    .map((entry) => entry.id);
}

/** The upload to a place that came after the intent was written down; `null` where there is none. */
function newId(thereIds: readonly string[], intent: UploadReceipt): string | null {
  return thereIds.find((id) => !intent.earlierIds.includes(id)) ?? null;
}
