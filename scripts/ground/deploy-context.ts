import type { ReceiptBook } from './receipts.ts';
import type { TaskingApi } from './tasking-client.ts';

/** A bundle as it is uploaded. */
export interface BundleFile {
  readonly payload: 'SDR' | 'SABERTOOTH';
  readonly destination: string;
  readonly fileName: string;
  readonly content: Uint8Array;
}

export interface DeployContext {
  readonly api: TaskingApi;
  /** The API's address, under which its receipts are kept. */
  readonly apiName: string;
  readonly receipts: ReceiptBook;
  /** The mission as in its file, kept with the receipts. */
  readonly written: Readonly<Record<string, unknown>>;
  /** Empty where everything is on board already. */
  readonly bundles: readonly BundleFile[];
  readonly dryRun: boolean;
  /** Whether a mission that was deployed whole is deployed once more. */
  readonly again: boolean;
  readonly nowEpochSeconds: () => number;
  /** Tells a step, in one sentence. */
  readonly tell: (sentence: string) => void;
  readonly sleep: (delayMs: number) => Promise<unknown>;
}
