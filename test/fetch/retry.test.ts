import { describe, expect, it } from 'vitest';
import { type Attempted, nextTry, PATIENCE_MS, parseRetryAfter } from '../../agents/fetch/retry.ts';
import { Failure, type FailureCode } from '../../shared/failure.ts';

const attempted = (change: Partial<Attempted> & { code?: FailureCode }): Attempted => ({
  attempt: 1,
  failure: new Failure(change.code ?? 'link-lost', 'x'),
  retryAfterMs: null,
  nowMs: 1000,
  lastProgressMs: 1000,
  deadlineMs: 60_000,
  random: 1,
  ...change,
});
const retry = (delayMs: number) => ({ kind: 'retry', delayMs });
const giveUp = { kind: 'give-up' };

describe('nextTry', () => {
  it.each([
    ['the first delay', {}, retry(50)],
    ['half of it at the other end of the jitter', { random: 0 }, retry(25)],
    ['doubles', { attempt: 3 }, retry(200)],
    ['up to a bound', { attempt: 1000 }, retry(2000)],
    ['waits as long as the server asks', { retryAfterMs: 5000 }, retry(5000)],
    ['but not past the deadline', { retryAfterMs: 59_000 }, giveUp],
    ['nor when it has come', { nowMs: 60_000 }, giveUp],
    ['a busy server', { code: 'server-busy' as const }, retry(50)],
    ['a refusal is final', { code: 'refused' as const }, giveUp],
    ['so is a full disk', { code: 'disk-full' as const }, giveUp],
    ['so is content that keeps changing', { code: 'changing' as const }, giveUp],
    ['without a deadline, patience', { deadlineMs: null, nowMs: 1000 + PATIENCE_MS - 100 }, retry(50)],
    ['which ends', { deadlineMs: null, nowMs: 1000 + PATIENCE_MS }, giveUp],
    ['unless bytes came', { deadlineMs: null, nowMs: PATIENCE_MS * 9, lastProgressMs: PATIENCE_MS * 9 }, retry(50)],
  ])('%s', (_, change, expected) => {
    expect(nextTry(attempted(change))).toEqual(expected);
  });
});

describe('parseRetryAfter', () => {
  it.each([
    [undefined, null],
    ['3', 3000],
    ['0', 0],
    ['Thu, 01 Jan 1970 00:00:17 GMT', 7000],
    ['Thu, 01 Jan 1970 00:00:03 GMT', 0],
    ['-1', null],
    ['1.5', null],
    ['soon', null],
    ['99999999', null],
  ])('%s', (header, expected) => expect(parseRetryAfter(header, 10)).toBe(expected));
});
