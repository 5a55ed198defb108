import { type FetchEvent, fetchEvents } from '../../shared/event.ts';
import { asFailure } from '../../shared/failure.ts';
import { consoleOn } from '../common/console.ts';
import { Recorder } from '../common/recorder.ts';
import { elapsedMs } from '../common/run-clock.ts';
import { ProgressBars } from './progress.ts';
import type { RunReport } from './report.ts';
import { deadlineOf, type Settings } from './settings.ts';
import { type Status, serveStatus } from './status.ts';

export const LOG_BUDGET_BYTES = 64 * 1024;

/** All the ways in which a run is told while it lasts: the log, the terminal, JSON on stdout, the status port. */
export class Telling {
  readonly #json: boolean;
  readonly #bars: ProgressBars | null;
  readonly #recorder: Recorder<typeof fetchEvents>;
  #status: Status | null = null;

  /** `logPath` is `null` where there is nowhere to keep a log. Throws a disk failure where it cannot be kept. */
  constructor(settings: Settings, logPath: string | null, report: RunReport) {
    const { json } = settings;
    const deadlineMs = deadlineOf(settings);
    const leftMs = (): number | null => (deadlineMs === null ? null : deadlineMs - elapsedMs());
    const isWatched = process.stdout.isTTY && !json;
    const print = consoleOn(process.stdout, process.stderr);
    this.#json = json;
    this.#bars = isWatched ? new ProgressBars(process.stdout, report.files, elapsedMs, leftMs) : null;
    this.#recorder = new Recorder(
      fetchEvents,
      (severity, message) => {
        if (json) return;
        this.#bars?.clear();
        print(severity, message);
      },
      logPath,
      LOG_BUDGET_BYTES,
    );
  }

  readonly emit = (event: FetchEvent): void => {
    this.#recorder.emit(event);
    if (!this.#json && this.#status === null) return;
    const told = { elapsedMs: elapsedMs(), ...event };
    if (this.#json) process.stdout.write(`${JSON.stringify(told)}\n`);
    this.#status?.tell(told);
  };

  /** Opens the status port. One that cannot be had is told of, and the run goes on. */
  async openStatus(host: string, port: number, report: RunReport): Promise<void> {
    try {
      this.#status = await serveStatus(host, port, () => report.snapshot(0));
    } catch (error) {
      this.emit({ event: 'StatusUnavailable', port, reason: asFailure(error).message });
    }
  }

  close(): void {
    this.#bars?.stop();
    this.#status?.close();
    this.#recorder.close();
  }
}
