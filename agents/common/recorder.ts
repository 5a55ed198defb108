import pino, { type Logger } from 'pino';
import type { Catalogue, EventKind, EventOf, Severity } from '../../shared/event.ts';
import { BoundedLog } from './bounded-log.ts';
import { elapsedMs } from './run-clock.ts';

/** Where a recorder's events go besides the log: on a terminal, a line for the person in front of it. */
export type Console = (severity: Severity, message: string) => void;

/**
 * Tells what happens: every event goes to the log that is downlinked and, as one sentence, to the console.
 *
 * pino is in the bundle for its NDJSON, which every log viewer reads, and its safe serialisation of whatever an event
 * carries; its transports are not used, because they are worker threads with files of their own.
 */
export class Recorder<C extends Catalogue> {
  readonly #catalogue: C;
  readonly #console: Console;
  readonly #file: BoundedLog | null;
  readonly #logger: Logger | null;

  /** `logPath` is `null` where there is nowhere to keep a log. Throws a `disk-refused` failure where it cannot be kept. */
  constructor(catalogue: C, console: Console, logPath: string | null, logBudgetBytes: number) {
    this.#catalogue = catalogue;
    this.#console = console;
    this.#file = logPath === null ? null : new BoundedLog(logPath, logBudgetBytes);
    this.#logger =
      this.#file === null
        ? null
        : pino(
            {
              base: null,
              level: 'debug',
              timestamp: pino.stdTimeFunctions.isoTime,
              formatters: { level: (label) => ({ level: label }) },
              // The wall clock may jump when it is set: the order and the distance of lines are in this member.
              mixin: () => ({ elapsedMs: elapsedMs() }),
            },
            this.#file,
          );
  }

  emit(event: EventOf<C>): void {
    const kind = this.#catalogue[event.event] as EventKind<EventOf<C>> | undefined;
    // No console tells of a single request, and there may be thousands a second.
    if (kind === undefined || (this.#logger === null && kind.severity === 'debug')) return;
    const message = kind.message(event);
    this.#logger?.[kind.severity](event as object, message);
    this.#console(kind.severity, message);
  }

  close(): void {
    this.#file?.close();
  }
}
