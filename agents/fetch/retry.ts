import type { Failure } from '../../shared/failure.ts';
import { parseHttpDate } from '../../shared/http-date.ts';

/** All that the decision to try again depends on. Times are monotonic milliseconds of the run's clock. */
export interface Attempted {
  /** 1 for the first. */
  readonly attempt: number;
  readonly failure: Failure;
  /** Although the failure is not one that passes by itself. */
  readonly tryAnyway?: boolean;
  /** What the server asked for by Retry-After (RFC 9110, 10.2.3), counted from now. */
  readonly retryAfterMs: number | null;
  readonly nowMs: number;
  /** When bytes of this file last came, or its first attempt began. */
  readonly lastProgressMs: number;
  /** When the window ends; `null` without one. */
  readonly deadlineMs: number | null;
  /** From 0 up to 1. */
  readonly random: number;
}

export type NextTry = { readonly kind: 'retry'; readonly delayMs: number } | { readonly kind: 'give-up' };

/** Without a window's end, this long without a byte ends the file. */
export const PATIENCE_MS = 60_000;

const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 2_000;

/**
 * When to try again. Windows last a minute, so the delays grow from 50 ms to no more than 2 s; they are jittered between
 * half and whole, so that several clients of a server that came back do not come at once. What bounds the tries is time
 * and never a count: the deadline, or without one {@link PATIENCE_MS} without progress.
 */
export function nextTry(state: Attempted): NextTry {
  if (!state.failure.retryable && !state.tryAnyway) return { kind: 'give-up' };
  const exponential = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(state.attempt - 1, 10));
  const delayMs = Math.round(Math.max(exponential * (0.5 + state.random / 2), state.retryAfterMs ?? 0));
  const endMs = state.deadlineMs ?? state.lastProgressMs + PATIENCE_MS;
  return state.nowMs + delayMs < endMs ? { kind: 'retry', delayMs } : { kind: 'give-up' };
}

/** Reads Retry-After (RFC 9110, 10.2.3): seconds, or a date. `null` where it is absent or says nothing. */
export function parseRetryAfter(header: string | undefined, nowEpochSeconds: number): number | null {
  if (header === undefined) return null;
  if (/^[0-9]{1,6}$/.test(header)) return Number(header) * 1000;
  const atSeconds = parseHttpDate(header, nowEpochSeconds);
  return atSeconds === null ? null : Math.max(0, atSeconds - nowEpochSeconds) * 1000;
}
