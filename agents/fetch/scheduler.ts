import { asFailure, type Failure } from '../../shared/failure.ts';
import { elapsedMs } from '../common/run-clock.ts';
import type { Delivery, Lane } from './delivery.ts';
import type { LinkRate } from './link-rate.ts';
import { fits, inOrder, type Room } from './plan.ts';
import type { Peer } from './rendezvous.ts';

const LANES: readonly Lane[] = ['survey', 'small', 'bulk'];

/**
 * How many files are worked on at once. The writer takes one at a time, and one stream fills a local Ethernet; of the
 * others twice what two pipelines ask for: what is alive for longer takes more memory and more of the collector.
 */
const WIDTH: Readonly<Record<Lane, number>> = { survey: 64, small: 128, bulk: 1 };

/** A kill loses the small files that are on their way: together they are no more than this. */
const MOST_SMALL_BYTES = 1024 * 1024;

/** Room in which every file fits. */
const ANY_ROOM: Room = { leftMs: null, bytesPerSecond: null };

/**
 * Has every delivery step when it is its turn: by the plan's order, in its lane, while its server answers. A file that
 * waits before it is tried again holds up nobody.
 */
export class Scheduler {
  /** By lane, each in order. */
  readonly #waiting: Record<Lane, Delivery[]> = { survey: [], small: [], bulk: [] };
  readonly #active: Readonly<Record<Lane, Set<Delivery>>> = { survey: new Set(), small: new Set(), bulk: new Set() };
  readonly #rate: LinkRate;
  readonly #deadlineMs: number | null;
  readonly #signal: AbortSignal;
  readonly #endingMs: number;
  /** Servers that were waited for in vain: their files need not wait again to learn the same. */
  readonly #gone = new Map<Peer, Failure>();
  #smallBytes = 0;
  #highestPriority = Number.NEGATIVE_INFINITY;
  /** No more deliveries are to come. */
  #complete = false;
  #timer: NodeJS.Timeout | null = null;
  #timerDueMs = Number.POSITIVE_INFINITY;
  #soon: NodeJS.Immediate | null = null;
  #finish: () => void = () => {};

  /** `endingMs`: how long a file may take to heed `signal`. */
  constructor(rate: LinkRate, deadlineMs: number | null, signal: AbortSignal, endingMs: number) {
    this.#endingMs = endingMs;
    this.#rate = rate;
    this.#deadlineMs = deadlineMs;
    this.#signal = signal;
  }

  add(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries.filter(({ settled }) => !settled)) {
      const gone = this.#gone.get(delivery.item.peer);
      if (gone !== undefined) delivery.fail(gone);
      else this.#waiting[delivery.lane].push(delivery);
      this.#highestPriority = Math.max(this.#highestPriority, delivery.priority);
    }
    for (const lane of LANES) this.#waiting[lane].sort(inOrder);
    this.#pump();
  }

  /** Resolves when every delivery is settled, and `adding`, which may {@link add} some. Rejects as that does. */
  run(adding: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#finish = resolve;
      const onAbort = (): void => {
        this.#pump();
        setTimeout(() => this.#abandon(), this.#endingMs);
      };
      if (this.#signal.aborted) onAbort();
      else this.#signal.addEventListener('abort', onAbort);
      adding.then(() => {
        this.#complete = true;
        this.#pump();
      }, reject);
    });
  }

  #pump(): void {
    if (this.#signal.aborted) this.#failAll(() => true, asFailure(this.#signal.reason));
    while (this.#startOne());
    if (this.#complete && LANES.every((lane) => this.#waiting[lane].length === 0 && this.#active[lane].size === 0)) {
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#finish();
    }
  }

  /** What does not heed the end, as the hashing of a large part, is left where it is: a window waits for nobody. */
  #abandon(): void {
    for (const lane of LANES) {
      for (const delivery of this.#active[lane]) delivery.fail(asFailure(this.#signal.reason));
      this.#active[lane].clear();
    }
    this.#pump();
  }

  /** Starts the next file of one of the lanes that have room. */
  #startOne(): boolean {
    const nowMs = elapsedMs();
    const leftMs = this.#deadlineMs === null ? null : this.#deadlineMs - nowMs;
    const room = { leftMs, bytesPerSecond: this.#rate.bytesPerSecond };
    let next: Delivery | null = null;
    for (const lane of LANES) {
      // What finishes soonest is not known before the sizes are.
      if (!this.#hasRoom(lane) || (lane === 'bulk' && !this.#isSurveyed)) continue;
      const first = this.#next(lane, room, nowMs);
      if (first !== null && (next === null || isBefore(first, next, room))) next = first;
    }
    if (next === null || this.#isOutranked(next)) return false;
    this.#start(next);
    return true;
  }

  /** Of every file whose server is there: one that is absent holds up no other. */
  get #isSurveyed(): boolean {
    const { survey } = this.#waiting;
    return this.#active.survey.size === 0 && survey.every(({ item }) => item.peer.current === null);
  }

  #hasRoom(lane: Lane): boolean {
    return this.#active[lane].size < WIDTH[lane] && (lane !== 'small' || this.#smallBytes < MOST_SMALL_BYTES);
  }

  /** The first file of a lane that may go on now and will be whole in time; or the first that may, if none will. */
  #next(lane: Lane, room: Room, nowMs: number): Delivery | null {
    let first: Delivery | null = null;
    for (const delivery of this.#waiting[lane]) {
      if (!this.#isReady(delivery, nowMs)) continue;
      if (fits(delivery, room)) return delivery;
      first ??= delivery;
    }
    return first;
  }

  /** Files of a lower priority do not take the link from one that is on its way. */
  #isOutranked({ priority }: Delivery): boolean {
    if (priority >= this.#highestPriority) return false;
    for (const lane of LANES) for (const active of this.#active[lane]) if (active.priority > priority) return true;
    return false;
  }

  #start(delivery: Delivery): void {
    const { lane } = delivery;
    const { current } = delivery.item.peer;
    if (current === null) return;
    const waiting = this.#waiting[lane];
    const at = waiting.indexOf(delivery);
    // The usual case, and with thousands of files the one that moves none of them.
    if (at === 0) waiting.shift();
    else waiting.splice(at, 1);
    this.#active[lane].add(delivery);
    const smallBytes = lane === 'small' ? (delivery.leftBytes ?? 0) : 0;
    this.#smallBytes += smallBytes;
    const othersWait = (): boolean => this.#next('bulk', ANY_ROOM, elapsedMs()) !== null;
    delivery.step(current, othersWait).then(() => {
      this.#smallBytes -= smallBytes;
      this.#active[lane].delete(delivery);
      const gone = this.#gone.get(delivery.item.peer);
      if (gone !== undefined) delivery.fail(gone);
      if (!delivery.settled) this.#put(delivery);
      this.#pumpSoon();
    });
  }

  /** In a moment: small files end many at a time. */
  #pumpSoon(): void {
    this.#soon ??= setImmediate(() => {
      this.#soon = null;
      this.#pump();
    });
  }

  /** Whichever of the files that wait is due first. */
  #pumpAt(dueMs: number, nowMs: number): void {
    if (dueMs >= this.#timerDueMs) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timerDueMs = dueMs;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#timerDueMs = Number.POSITIVE_INFINITY;
      this.#pump();
    }, dueMs - nowMs);
  }

  #put(delivery: Delivery): void {
    const waiting = this.#waiting[delivery.lane];
    let [from, to] = [0, waiting.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      const other = waiting[middle];
      if (other !== undefined && inOrder(delivery, other) < 0) to = middle;
      else from = middle + 1;
    }
    waiting.splice(from, 0, delivery);
  }

  #isReady({ notBeforeMs, item }: Delivery, nowMs: number): boolean {
    if (notBeforeMs > nowMs) {
      this.#pumpAt(notBeforeMs, nowMs);
      return false;
    }
    if (item.peer.current === null) this.#lookFor(item.peer);
    return item.peer.current !== null;
  }

  #lookFor(peer: Peer): void {
    if (peer.isLookedFor) return;
    peer.server(this.#signal).then(
      () => this.#pump(),
      (thrown: unknown) => {
        const failure = asFailure(thrown);
        this.#gone.set(peer, failure);
        this.#failAll((delivery) => delivery.item.peer === peer, failure);
        this.#pump();
      },
    );
  }

  #failAll(concerned: (delivery: Delivery) => boolean, failure: Failure): void {
    for (const lane of LANES) {
      const before = this.#waiting[lane];
      this.#waiting[lane] = before.filter((delivery) => !concerned(delivery));
      for (const delivery of before.filter(concerned)) delivery.fail(failure);
    }
  }
}

/** What will be whole in time goes before what will not. */
function isBefore(a: Delivery, b: Delivery, room: Room): boolean {
  return (Number(fits(b, room)) - Number(fits(a, room)) || inOrder(a, b)) < 0;
}
