import { readFileSync } from 'node:fs';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { windowRequest } from '../tasking/api.ts';
import { diskFailure, GroundFailure } from './failure.ts';
import { takeLock } from './lock.ts';

/**
 * What was asked of which API, so that asking twice changes nothing. A receipt is written before its request goes out,
 * with `id: null`, and completed by the answer: one that is found incomplete names exactly what the API has to be asked
 * about before anything is sent again.
 */

const uploadReceipt = z.strictObject({
  api: z.string(),
  satellite: z.string(),
  payload: z.string(),
  destination: z.string(),
  sha256: z.string(),
  sizeBytes: z.number().int(),
  id: z.string().nullable(),
  /** Ids of uploads to the same place that were there before: an incomplete receipt is none of them. */
  earlierIds: z.array(z.string()),
});

const windowReceipt = z.strictObject({ request: windowRequest, id: z.string().nullable() });

const deploymentReceipt = z.strictObject({
  api: z.string(),
  /** {@link missionId} of what was deployed. */
  mission: z.string(),
  /** The mission as in its file, for the review of what comes down. */
  written: z.record(z.string(), z.unknown()),
  satellite: z.string(),
  deployedAt: z.iso.datetime(),
  sdr: windowReceipt,
  sabertooth: windowReceipt.nullable(),
});

const receiptsFile = z.strictObject({
  schema: z.literal('payload-link-receipts/1'),
  uploads: z.array(uploadReceipt),
  deployments: z.array(deploymentReceipt),
});

export type UploadReceipt = z.infer<typeof uploadReceipt>;
export type DeploymentReceipt = z.infer<typeof deploymentReceipt>;
type Receipts = z.infer<typeof receiptsFile>;

/** Reads the receipts without holding them, for commands that only look. Absent is the same as empty. */
export function readReceipts(path: string): Readonly<Receipts> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return { schema: 'payload-link-receipts/1', uploads: [], deployments: [] };
    }
    throw diskFailure(`The receipts ${path} cannot be read`, error);
  }
  try {
    return receiptsFile.parse(JSON.parse(text));
  } catch (error) {
    throw new GroundFailure('disk', `The receipts ${path} are damaged or from another version; nothing was sent.`, {
      cause: error,
    });
  }
}

/** The receipts, held by one run at a time, every change written before the next request goes out. */
export class ReceiptBook {
  readonly #path: string;
  readonly #receipts: Receipts;
  /** Lets the next run have them. */
  readonly close: () => void;

  /** Throws `in-use` while another run holds them. */
  constructor(path: string) {
    this.#path = path;
    this.close = takeLock(`${path}.lock`);
    try {
      this.#receipts = readReceipts(path);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get uploads(): readonly UploadReceipt[] {
    return this.#receipts.uploads;
  }

  get deployments(): readonly DeploymentReceipt[] {
    return this.#receipts.deployments;
  }

  /** Puts a receipt in, in place of `previous` where there is one. */
  async putUpload(receipt: UploadReceipt, previous?: UploadReceipt): Promise<void> {
    replace(this.#receipts.uploads, previous, receipt);
    await this.#save();
  }

  async putDeployment(receipt: DeploymentReceipt, previous?: DeploymentReceipt): Promise<void> {
    replace(this.#receipts.deployments, previous, receipt);
    await this.#save();
  }

  async dropDeployment(receipt: DeploymentReceipt): Promise<void> {
    replace(this.#receipts.deployments, receipt);
    await this.#save();
  }

  async #save(): Promise<void> {
    try {
      await writeFileAtomic(this.#path, `${JSON.stringify(this.#receipts, null, 2)}\n`);
    } catch (error) {
      throw diskFailure(`The receipts ${this.#path} cannot be written`, error);
    }
  }
}

function replace<T>(list: T[], previous: T | undefined, next?: T): void {
  const at = previous === undefined ? -1 : list.indexOf(previous);
  if (at >= 0) list.splice(at, 1);
  if (next !== undefined) list.push(next);
}
