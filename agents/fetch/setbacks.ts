import { Failure } from '../../shared/failure.ts';

/** A source that was another one at every try, or that never matched its digest, is given up after so many. */
const MOST_FRESH_STARTS = 4;

const MOST_REDIRECTS = 5;

const MOST_BAD_ANSWERS = 3;

/**
 * Counts, for one file, what is bounded by a number rather than by time, because more of it will not help: a file that
 * never rests, a disk or a memory that garbles, a server that leads in circles.
 */
export class Setbacks {
  #changes = 0;
  #mismatches = 0;
  #redirects = 0;
  #badAnswers = 0;

  /** Throws `changing` after too many. */
  changed(source: string): void {
    this.#changes += 1;
    if (this.#changes < MOST_FRESH_STARTS) return;
    throw new Failure('changing', `${source} was another file at every one of ${MOST_FRESH_STARTS} tries.`);
  }

  /** Throws `unverified` after too many. */
  mismatched(source: string, wasExpected: boolean): void {
    this.#mismatches += 1;
    if (this.#mismatches < MOST_FRESH_STARTS) return;
    const which = wasExpected ? 'that is expected' : 'that the server states';
    throw new Failure('unverified', `The SHA-256 of ${source} is not the one ${which}.`);
  }

  /** Throws `bad-answer` after too many. */
  redirected(): void {
    this.#redirects += 1;
    if (this.#redirects > MOST_REDIRECTS) throw new Failure('bad-answer', 'The server redirects without end.');
  }

  /** Whether to ask again: one answer that cannot be read may be the link's doing, but not every one. */
  forgivesBadAnswer(): boolean {
    this.#badAnswers += 1;
    return this.#badAnswers < MOST_BAD_ANSWERS;
  }
}
