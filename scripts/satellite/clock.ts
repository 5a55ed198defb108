/**
 * The time aboard and at the operator. It runs with this machine's clock, and faster while there is nothing but waiting
 * to do: the satellite is then ahead of the machine until it is set again. All times are milliseconds since the epoch.
 */
export class SatelliteClock {
  readonly #machineMs: () => number;
  #anchorMachineMs: number;
  #anchorMs: number;
  #rate = 1;
  #limitMs = Number.POSITIVE_INFINITY;

  /** `machineMs` gives this machine's time. */
  constructor(machineMs: () => number = Date.now) {
    this.#machineMs = machineMs;
    this.#anchorMachineMs = machineMs();
    this.#anchorMs = this.#anchorMachineMs;
  }

  nowMs(): number {
    return Math.min(this.#limitMs, this.#anchorMs + (this.#machineMs() - this.#anchorMachineMs) * this.#rate);
  }

  /** Whole epoch seconds, as the Tasking API counts. */
  nowSeconds(): number {
    return Math.floor(this.nowMs() / 1000);
  }

  get rate(): number {
    return this.#rate;
  }

  /** How far the satellite's time is ahead of this machine's. */
  aheadMs(): number {
    return Math.round(this.nowMs() - this.#machineMs());
  }

  /** From now on, time runs as fast as this machine's. */
  walk(): void {
    this.#run(1, Number.POSITIVE_INFINITY);
  }

  /** From now on, time runs `rate` times as fast, and stands still at `dueMs` until what is due then has been done. */
  hurry(rate: number, dueMs: number): void {
    this.#run(rate, Math.max(dueMs, this.nowMs()));
  }

  /** Goes back to this machine's time. */
  reset(): void {
    this.walk();
    this.#anchorMs = this.#anchorMachineMs;
  }

  /** How long this machine waits, at the present rate, until the satellite's time is `dueMs`; 0 where it has passed. */
  machineWaitMs(dueMs: number): number {
    return Math.max(0, Math.ceil((dueMs - this.nowMs()) / this.#rate));
  }

  #run(rate: number, limitMs: number): void {
    this.#anchorMs = this.nowMs();
    this.#anchorMachineMs = this.#machineMs();
    this.#rate = rate;
    this.#limitMs = limitMs;
  }
}
