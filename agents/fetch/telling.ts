import { type FetchEvent, fetchEvents } from '../../shared/event.ts';
import { asFailure } from '../../shared/failure.ts';
import { consoleOn } from '../common/console.ts';
import { Recorder } from '../common/recorder.ts';
import { elapsedMs } from '../common/run-clock.ts';
import type { RunFiles } from '../common/run-files.ts';
import { ProgressBars } from './progress.ts';
import type { RunReport } from './report.ts';
import { deadlineOf, type Settings } from './settings.ts';
import { type Status, serveStatus } from './status.ts';

const LONGEST_LOG_BYTES = 64 * 1024;

/** Where the log is kept, and how long it may become: of a small budget it takes no more than a quarter. */
export function logOf(
  { log, budgetBytes }: Settings,
  files: RunFiles | null,
): { path: string | null; mostBytes: number } {
  const mostBytes = Math.min(LONGEST_LOG_BYTES, (budgetBytes ?? Number.POSITIVE_INFINITY) / 4);
  return { path: log ?? files?.log ?? null, mostBytes };
}

/** All the ways in which a run is told while it lasts: the log, the terminal, JSON on stdout, the status port. */
export class Telling {
  readonly #json: boolean;
  readonly #bars: ProgressBars | null;
  readonly #recorder: Recorder<typeof fetchEvents>;
  #status: Status | null = null;

  /**
   * `files` is `null` where there is no outbox; `workshop`: where a full log is written anew. Throws a disk failure where
   * the log cannot be kept.
   */
  constructor(settings: Settings, files: RunFiles | null, workshop: string, report: RunReport) {
    const { json } = settings;
    const { path, mostBytes } = logOf(settings, files);
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
      path,
      mostBytes,
      workshop,
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

  /** Resolves when whoever reads the events has taken them. */
  close(): Promise<void> {
    this.#bars?.stop();
    this.#status?.close();
    this.#recorder.close();
    return new Promise((resolve) => {
      process.stdout.write('', () => resolve());
    });
  }
}
