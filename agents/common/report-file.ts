import { diskFailure } from '../../shared/failure.ts';
import { replaceFileSync } from './atomic-file.ts';

/**
 * A write costs an fsync: progress is written no more often than this, and less often where the disk is slow, so that
 * telling takes no more than a twentieth of the run. The start and the end are written at once.
 */
const QUIET_MS = 250;
const QUIET_PER_WRITE = 20;

/**
 * Keeps a report in the outbox true: {@link touch} after every change, {@link writeNow} at the start and at the end. The
 * file is replaced atomically, so a kill at any instant leaves the last state that was written.
 */
export class ReportFile {
  readonly #path: string | null;
  readonly #snapshot: (revision: number) => unknown;
  readonly #workshop: string | undefined;
  #revision = 0;
  #timer: NodeJS.Timeout | null = null;
  #quietMs = QUIET_MS;

  /** `path` is `null` where there is no outbox; then nothing is written. `workshop`: see {@link replaceFileSync}. */
  constructor(path: string | null, snapshot: (revision: number) => unknown, workshop?: string) {
    this.#path = path;
    this.#snapshot = snapshot;
    this.#workshop = workshop;
  }

  /** Has the report written soon. A disk that refuses is met again, and then reported, by {@link writeNow}. */
  touch(): void {
    if (this.#path === null || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      try {
        this.writeNow();
      } catch {
        // Said at the end of the run, when writeNow is called for the last time.
      }
    }, this.#quietMs).unref();
  }

  /** Throws a disk failure where the report cannot be written. */
  writeNow(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#path === null) return;
    this.#revision += 1;
    const startedMs = performance.now();
    try {
      replaceFileSync(this.#path, `${JSON.stringify(this.#snapshot(this.#revision))}\n`, this.#workshop);
      this.#quietMs = Math.max(QUIET_MS, QUIET_PER_WRITE * (performance.now() - startedMs));
    } catch (error) {
      throw diskFailure(`The report ${this.#path} cannot be written`, error);
    }
  }
}
