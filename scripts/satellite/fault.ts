import { z } from 'zod';
import { payloadName } from '../tasking/api.ts';
import { Refusal } from './model.ts';

/** What can be ordered to go wrong. `amount` is the number that the order takes; its unit is part of the sentence. */
export const FAULTS = {
  'boot-delay': { amount: 'seconds', does: 'the command starts so many seconds into the window' },
  'clock-wrong': { amount: 'seconds', does: "the payload's clock is off by so many seconds" },
  'window-aborted': { amount: 'seconds', does: 'the window ends after so many seconds, by SIGTERM and loss of power' },
  'power-cut': { amount: 'seconds', does: 'the power goes off after so many seconds, without a warning' },
  'overlap-lost': {
    amount: null,
    does: 'the window never overlaps with another: the earlier one ends as the later opens',
  },
  'link-slow': {
    amount: 'bytes per second',
    does: 'the link to this payload passes no more than so many bytes a second',
  },
  'link-lossy': { amount: 'bytes', does: 'each connection to this payload breaks after so many bytes' },
  'upload-late': { amount: 'seconds', does: 'the next upload to this payload leaves the ground so much later' },
} as const;

export type FaultKind = keyof typeof FAULTS;

const kinds = Object.keys(FAULTS) as [FaultKind, ...FaultKind[]];

/** An order: it holds for the next window of the payload (`upload-late`: for the next upload), and is then used up. */
export const faultOrder = z
  .strictObject({
    satellite_id: z.string().min(1),
    payload: payloadName,
    kind: z.enum(kinds),
    amount: z.number().finite().optional(),
  })
  .superRefine(({ kind, amount }, context) => {
    const unit = FAULTS[kind].amount;
    // A clock may be wrong in both directions.
    const good = unit === null || (amount !== undefined && (amount > 0 || kind === 'clock-wrong'));
    if (!good) context.addIssue({ code: 'custom', path: ['amount'], message: `${kind} takes a number of ${unit}` });
  });

export type FaultOrder = z.infer<typeof faultOrder>;

/** Reads `FM1/SDR/power-cut=7`, as on the command line; `null` where it is not an order. */
export function parseFault(text: string): FaultOrder | null {
  const match = /^([^/=]+)\/([^/=]+)\/([^/=]+)(?:=(-?[0-9]+(?:\.[0-9]+)?))?$/.exec(text);
  if (match === null) return null;
  const [, satelliteId, payload, kind, amount] = match;
  const order = {
    satellite_id: satelliteId,
    payload,
    kind,
    ...(amount === undefined ? {} : { amount: Number(amount) }),
  };
  return faultOrder.safeParse(order).data ?? null;
}

/** What is ordered for one payload, by kind; the later of two orders of a kind counts. */
export type Faults = ReadonlyMap<FaultKind, number>;

/** The orders that wait for their window. */
export class FaultBoard {
  readonly #cannot: readonly FaultKind[];
  #orders: FaultOrder[] = [];

  /** `cannot` are the kinds that this desk is unable to make. */
  constructor(cannot: readonly FaultKind[] = []) {
    this.#cannot = cannot;
  }

  get orders(): readonly FaultOrder[] {
    return this.#orders;
  }

  /** Throws a refusal where this desk cannot make the fault. */
  order(fault: FaultOrder): void {
    if (this.#cannot.includes(fault.kind)) {
      throw new Refusal(400, 'fault_impossible', `${fault.kind} cannot be made on this network: it needs nftables.`);
    }
    this.#orders.push(fault);
  }

  clear(): void {
    this.#orders = [];
  }

  /** Takes what is ordered for the next window of a payload off the board. */
  takeForWindow(satelliteId: string, payload: string): Faults {
    return this.#take(satelliteId, payload, (kind) => kind !== 'upload-late');
  }

  /** By how many seconds the next upload to a payload is late. */
  takeForUpload(satelliteId: string, payload: string): number {
    return this.#take(satelliteId, payload, (kind) => kind === 'upload-late').get('upload-late') ?? 0;
  }

  #take(satelliteId: string, payload: string, takes: (kind: FaultKind) => boolean): Faults {
    const taken = this.#orders.filter(
      (order) => order.satellite_id === satelliteId && order.payload === payload && takes(order.kind),
    );
    this.#orders = this.#orders.filter((order) => !taken.includes(order));
    return new Map(taken.map((order) => [order.kind, order.amount ?? 0]));
  }
}
