import { describe, expect, it } from 'vitest';
import { type ConditionalFields, evaluatePreconditions, rangeApplies } from '../../shared/precondition.ts';

const none: ConditionalFields = {
  ifMatch: undefined,
  ifUnmodifiedSince: undefined,
  ifNoneMatch: undefined,
  ifModifiedSince: undefined,
};
const at = 'Wed, 21 Oct 2015 07:28:00 GMT';
const before = 'Wed, 21 Oct 2015 07:27:59 GMT';
const modifiedEpochSeconds = Date.parse(at) / 1000;
const strong = { entityTag: { weak: false, opaque: 'a' }, modifiedEpochSeconds };
const weak = { entityTag: { weak: true, opaque: 'a' }, modifiedEpochSeconds };

describe('evaluatePreconditions', () => {
  it.each([
    ['nothing asked', {}, strong, 'proceed'],
    ['If-Match holds', { ifMatch: '"a"' }, strong, 'proceed'],
    ['If-Match in a list', { ifMatch: '"b", "a"' }, strong, 'proceed'],
    ['If-Match *', { ifMatch: '*' }, weak, 'proceed'],
    ['If-Match fails', { ifMatch: '"b"' }, strong, 'failed'],
    ['If-Match compares strongly', { ifMatch: 'W/"a"' }, strong, 'failed'],
    ['If-Match of a weak validator', { ifMatch: '"a"' }, weak, 'failed'],
    ['If-Match that cannot be read', { ifMatch: 'a' }, strong, 'failed'],
    ['If-Unmodified-Since holds', { ifUnmodifiedSince: at }, strong, 'proceed'],
    ['If-Unmodified-Since fails', { ifUnmodifiedSince: before }, strong, 'failed'],
    ['If-Unmodified-Since that is no date', { ifUnmodifiedSince: 'yesterday' }, strong, 'proceed'],
    ['If-Match goes before If-Unmodified-Since', { ifMatch: '"a"', ifUnmodifiedSince: before }, strong, 'proceed'],
    ['If-None-Match holds', { ifNoneMatch: '"b"' }, strong, 'proceed'],
    ['If-None-Match fails', { ifNoneMatch: '"a"' }, strong, 'not-modified'],
    ['If-None-Match compares weakly', { ifNoneMatch: 'W/"a"' }, strong, 'not-modified'],
    ['If-None-Match *', { ifNoneMatch: '*' }, strong, 'not-modified'],
    ['If-None-Match that cannot be read', { ifNoneMatch: 'a' }, strong, 'proceed'],
    ['If-Modified-Since holds', { ifModifiedSince: before }, strong, 'proceed'],
    ['If-Modified-Since fails', { ifModifiedSince: at }, strong, 'not-modified'],
    ['If-Modified-Since that is no date', { ifModifiedSince: '2015-10-21' }, strong, 'proceed'],
    ['If-None-Match goes before If-Modified-Since', { ifNoneMatch: '"b"', ifModifiedSince: at }, strong, 'proceed'],
    ['If-Match goes before If-None-Match', { ifMatch: '"b"', ifNoneMatch: '"a"' }, strong, 'failed'],
    ['If-Match of what has no validator', { ifMatch: '"a"' }, null, 'failed'],
    ['If-Match * of what has no validator', { ifMatch: '*' }, null, 'proceed'],
    ['If-None-Match of what has no validator', { ifNoneMatch: '"a"' }, null, 'proceed'],
    ['If-None-Match * of what has no validator', { ifNoneMatch: '*' }, null, 'not-modified'],
    ['dates of what has none', { ifUnmodifiedSince: before, ifModifiedSince: at }, null, 'proceed'],
  ] as const)('%s', (_, fields, validators, outcome) => {
    expect(evaluatePreconditions({ ...none, ...fields }, validators, modifiedEpochSeconds + 60)).toBe(outcome);
  });
});

describe('rangeApplies', () => {
  it.each([
    ['no If-Range', undefined, strong, true],
    ['the strong tag', '"a"', strong, true],
    ['another tag', '"b"', strong, false],
    ['a weak tag', 'W/"a"', strong, false],
    ['a weak validator', '"a"', weak, false],
    ['a date, though it is the right one', at, strong, false],
    ['what cannot be read', 'a', strong, false],
  ] as const)('%s', (_, ifRange, validators, applies) => {
    expect(rangeApplies(ifRange, validators.entityTag)).toBe(applies);
  });
});
