/** What became of one request. */
export type RequestOutcome =
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfterSeconds: number | null }
  /** No connection came about: the API cannot have seen it. */
  | { readonly kind: 'not-sent' }
  /** It went out, and no whole answer came back. */
  | { readonly kind: 'lost' };

export type RetryDecision =
  | { readonly kind: 'take' }
  | { readonly kind: 'retry'; readonly delayMs: number }
  | { readonly kind: 'give-up' }
  /** The request may have been carried out: nothing may be sent again before the API was asked. */
  | { readonly kind: 'ask-first' };

const ATTEMPTS = 5;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;

/**
 * What to do after attempt number `attempt` (from 1) of a request. 429 and 5xx and everything lost are tried again, in
 * five attempts altogether, with a delay that doubles, jittered by `random` (0 to 1), and is no shorter than Retry-After,
 * but never longer than 30 s. A POST is tried again only where it cannot have been carried out: after 429, after 503 with
 * Retry-After, and where no connection came about.
 *
 * | method | outcome                 | attempt | decision  |
 * |--------|-------------------------|---------|-----------|
 * | GET    | 404                     | 1       | take      |
 * | GET    | 502, or lost            | 1       | retry     |
 * | GET    | lost                    | 5       | give up   |
 * | POST   | 429                     | 1       | retry     |
 * | POST   | 502, or lost            | 1       | ask first |
 */
export function decideRetry(
  method: 'GET' | 'POST' | 'DELETE',
  outcome: RequestOutcome,
  attempt: number,
  random: number,
): RetryDecision {
  if (outcome.kind === 'answered' && outcome.status !== 429 && outcome.status < 500) return { kind: 'take' };
  if (method === 'POST' && mayBeCarriedOut(outcome)) return { kind: 'ask-first' };
  if (attempt >= ATTEMPTS) return { kind: 'give-up' };
  const backoffMs = FIRST_DELAY_MS * 2 ** (attempt - 1) * (0.5 + random / 2);
  const askedMs = outcome.kind === 'answered' ? (outcome.retryAfterSeconds ?? 0) * 1000 : 0;
  return { kind: 'retry', delayMs: Math.min(LONGEST_DELAY_MS, Math.max(backoffMs, askedMs)) };
}

function mayBeCarriedOut(outcome: RequestOutcome): boolean {
  if (outcome.kind !== 'answered') return outcome.kind === 'lost';
  return outcome.status !== 429 && !(outcome.status === 503 && outcome.retryAfterSeconds !== null);
}
