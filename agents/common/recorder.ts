import pino, { type Logger } from 'pino';
import type { Catalogue, EventKind, EventOf, Severity } from '../../shared/event.ts';
import { BoundedLog } from './bounded-log.ts';
import { elapsedMs } from './run-clock.ts';

/** Where a recorder's events go besides the log: on a terminal, a line for the person in front of it. */
export type Console = (severity: Severity, message: () => string) => void;

interface Told<Event> {
  readonly event: Event;
  readonly kind: EventKind<Event>;
  readonly epochMs: number;
  readonly elapsedMs: number;
}

/** No line is shorter: of more held ones than fit into the budget then, the oldest would be dropped at once. */
const SHORTEST_LINE_BYTES = 128;

/**
 * Tells what happens: every event goes to the log that is downlinked and, as one sentence, to the console.
 *
 * While a full log waits to be written anew, routine events are held as they are: with thousands a second most of them
 * would be made lines of only to be dropped.
 *
 * pino is in the bundle for its NDJSON, which every log viewer reads, and its safe serialisation of whatever an event
 * carries; its transports are not used, because they are worker threads with files of their own.
 */
export class Recorder<C extends Catalogue> {
  readonly #catalogue: C;
  readonly #console: Console;
  readonly #file: BoundedLog | null;
  readonly #logger: Logger | null;
  readonly #mostHeld: number;
  #held: Told<EventOf<C>>[] = [];
  /** What is being written. */
  #told: Pick<Told<never>, 'epochMs' | 'elapsedMs'> = { epochMs: 0, elapsedMs: 0 };

  /**
   * `logPath` is `null` where there is nowhere to keep a log; `workshop`: where a full one is written anew. Throws a
   * `disk-refused` failure where it cannot be kept.
   */
  constructor(catalogue: C, console: Console, logPath: string | null, logBudgetBytes: number, workshop?: string) {
    this.#catalogue = catalogue;
    this.#console = console;
    this.#mostHeld = Math.ceil(logBudgetBytes / SHORTEST_LINE_BYTES);
    this.#file = logPath === null ? null : new BoundedLog(logPath, logBudgetBytes, () => this.#release(), workshop);
    this.#logger =
      this.#file === null
        ? null
        : pino(
            {
              base: null,
              level: 'debug',
              timestamp: () => `,"time":"${new Date(this.#told.epochMs).toISOString()}"`,
              formatters: { level: (label) => ({ level: label }) },
              // The wall clock may jump when it is set: the order and the distance of lines are in this member.
              mixin: () => ({ elapsedMs: this.#told.elapsedMs }),
            },
            this.#file,
          );
  }

  emit(event: EventOf<C>): void {
    const kind = this.#catalogue[event.event] as EventKind<EventOf<C>> | undefined;
    // No console tells of a single request, and there may be thousands a second.
    if (kind === undefined || (this.#logger === null && kind.severity === 'debug')) return;
    const told = { event, kind, epochMs: Date.now(), elapsedMs: elapsedMs() };
    const { severity } = kind;
    if (this.#file?.isHolding && (severity === 'debug' || severity === 'info')) this.#hold(told);
    else {
      this.#release();
      this.#log(told);
    }
    this.#console(severity, () => kind.message(event));
  }

  close(): void {
    this.#file?.close();
  }

  #hold(told: Told<EventOf<C>>): void {
    this.#held.push(told);
    // Now and then, because every one of them is looked at.
    if (this.#held.length < 4 * this.#mostHeld) return;
    const left = { debug: this.#mostHeld, info: this.#mostHeld, warn: 0, error: 0 };
    const latest = this.#held.reverse().filter(({ kind }) => left[kind.severity]-- > 0);
    this.#file?.drop(this.#held.length - latest.length);
    this.#held = latest.reverse();
  }

  #release(): void {
    for (const told of this.#held.splice(0)) this.#log(told);
  }

  #log(told: Told<EventOf<C>>): void {
    this.#told = told;
    this.#logger?.[told.kind.severity](told.event as object, told.kind.message(told.event));
  }
}
