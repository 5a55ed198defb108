import type { FetchEvent } from '../../shared/event.ts';
import type { Failure } from '../../shared/failure.ts';
import type { Budget } from './budget.ts';
import type { LinkRate } from './link-rate.ts';
import type { PartWriter } from './part-writer.ts';
import type { SmallPublisher } from './publish.ts';
import type { Peer } from './rendezvous.ts';
import type { FileEntry } from './report.ts';
import type { Source } from './source.ts';
import type { Stage } from './stage.ts';

/** One file to be delivered. */
export interface Item {
  readonly source: Source;
  /** Absolute path of the output. */
  readonly output: string;
  /** Whether the output is downlinked, and so counts in the budget. */
  readonly inOutbox: boolean;
  readonly key: string;
  readonly peer: Peer;
  readonly priority: number;
  /** What a listing said of its size. */
  readonly listedBytes: number | null;
  /** The SHA-256 that the operator expects. */
  readonly expectedSha256: string | null;
  readonly entry: FileEntry;
}

/** What the deliveries of a run have in common. */
export interface DeliveryContext {
  readonly stage: Stage;
  readonly writer: PartWriter;
  readonly small: SmallPublisher;
  readonly budget: Budget;
  readonly rate: LinkRate;
  readonly deadlineMs: number | null;
  /** A content that was delivered in an earlier window is not fetched again. */
  readonly once: boolean;
  /** Of a source that never rests, the last whole body is delivered. */
  readonly snapshot: boolean;
  /** Aborted when the window ends; its reason is the {@link Failure} that files then get. */
  readonly signal: AbortSignal;
  readonly emit: (event: FetchEvent) => void;
  /** Something in an {@link Item.entry} changed. */
  readonly changed: () => void;
}
