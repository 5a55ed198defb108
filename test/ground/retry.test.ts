import { describe, expect, test } from 'vitest';
import { decideRetry, type RequestOutcome } from '../../scripts/ground/retry.ts';

const answered = (status: number, retryAfterSeconds: number | null = null): RequestOutcome => ({
  kind: 'answered',
  status,
  retryAfterSeconds,
});
const notSent: RequestOutcome = { kind: 'not-sent' };
const lost: RequestOutcome = { kind: 'lost' };

describe('what to do after a request', () => {
  test.each([
    ['GET', answered(200), 1, 'take'],
    ['GET', answered(404), 1, 'take'],
    ['POST', answered(400), 1, 'take'],
    ['GET', answered(429), 1, 'retry'],
    ['GET', answered(502), 4, 'retry'],
    ['GET', answered(502), 5, 'give-up'],
    ['GET', lost, 1, 'retry'],
    ['DELETE', lost, 1, 'retry'],
    ['GET', notSent, 5, 'give-up'],
    ['POST', notSent, 1, 'retry'],
    ['POST', answered(429), 1, 'retry'],
    ['POST', answered(429), 5, 'give-up'],
    ['POST', answered(503, 2), 1, 'retry'],
    ['POST', answered(503), 1, 'ask-first'],
    ['POST', answered(500), 1, 'ask-first'],
    ['POST', lost, 1, 'ask-first'],
  ] as const)('%s, %o, attempt %i: %s', (method, outcome, attempt, expected) => {
    expect(decideRetry(method, outcome, attempt, 0.5).kind).toBe(expected);
  });

  test.each([
    ['the delay doubles', answered(502), 3, 1, 2_000],
    ['the jitter halves it at most', answered(502), 3, 0, 1_000],
    ['Retry-After is waited for', answered(429, 7), 1, 1, 7_000],
    ['but not for ever', answered(429, 86_400), 1, 1, 30_000],
  ] as const)('%s', (_, outcome, attempt, random, delayMs) => {
    expect(decideRetry('GET', outcome, attempt, random)).toEqual({ kind: 'retry', delayMs });
  });
});
