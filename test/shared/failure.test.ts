import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  asFailure,
  diskFailure,
  Failure,
  type FailureCode,
  failureKinds,
  worstExitCode,
} from '../../shared/failure.ts';

describe('failures', () => {
  // The numbers are a fixed interface: the ground judges windows by them.
  it.each<[FailureCode, number]>([
    ['unforeseen', 1],
    ['usage', 2],
    ['time-ran-out', 3],
    ['link-lost', 3],
    ['server-busy', 3],
    ['no-server', 4],
    ['refused', 5],
    ['unverified', 6],
    ['changing', 6],
    ['bad-answer', 6],
    ['disk-full', 7],
    ['disk-refused', 7],
    ['state-in-use', 7],
    ['address-unavailable', 8],
  ])('%s exits %i', (code, exitCode) => {
    expect(new Failure(code, 'Something failed.').exitCode).toBe(exitCode);
  });

  it.each(Object.entries(failureKinds))('%s says in whole sentences what to do next', (_, kind) => {
    expect(kind.advice).toMatch(/^[A-Z].*\.$/);
  });

  it('keeps what was thrown', () => {
    const thrown = new TypeError('x is not a function');
    expect(asFailure(thrown)).toMatchObject({ code: 'unforeseen', message: thrown.message, cause: thrown });
    const failure = new Failure('refused', 'No.');
    expect(asFailure(failure)).toBe(failure);
    expect(asFailure('a string')).toMatchObject({ code: 'unforeseen', message: 'a string' });
  });

  it.each([
    ['ENOSPC', 'disk-full', 'The log cannot be written: no space is left.'],
    ['EROFS', 'disk-refused', 'The log cannot be written: the file system is read-only.'],
    ['ENEW', 'disk-refused', 'The log cannot be written: something new.'],
  ])('names what the disk refuses: %s', (errno, code, message) => {
    const thrown = Object.assign(new Error('something new'), { code: errno });
    expect(diskFailure('The log cannot be written', thrown)).toMatchObject({ code, message, cause: thrown });
  });
});

describe('worstExitCode', () => {
  it.each([
    [[], 0],
    [[0, 0], 0],
    [[0, 3], 3],
    [[3, 5, 0], 5],
    [[7, 3], 7],
    [[7, 1, 3], 1],
  ])('%j: %i', (exitCodes, worst) => {
    expect(worstExitCode(exitCodes)).toBe(worst);
  });

  it('is one of those given, whatever their order, and 0 only if all are', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 1 }), (exitCodes) => {
        const worst = worstExitCode(exitCodes);
        expect(exitCodes).toContain(worst);
        expect(worstExitCode([...exitCodes].reverse())).toBe(worst);
        expect(worst === 0).toBe(exitCodes.every((exitCode) => exitCode === 0));
      }),
    );
  });
});
