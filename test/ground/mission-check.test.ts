import { describe, expect, test } from 'vitest';
import { parseMission } from '../../scripts/ground/mission.ts';
import { type BundleSizes, capacityBytes, checkMission, usableOverlap } from '../../scripts/ground/mission-check.ts';

const NOW = 1_800_000_000;
const IN_A_DAY = NOW + 86_400;
const bundles: BundleSizes = { serveBytes: 40_000, fetchBytes: 80_000 };
const least = { satellites: ['FM1'], files: [{ path: '/a', size: '1MB' }] };
const tutorial = parseMission(least, 'm');

const check = (members: object, sizes = bundles, start = IN_A_DAY) =>
  checkMission(parseMission({ ...least, ...members }, 'm'), sizes, start, NOW).filter((f) => f.severity !== 'note');

describe('a mission held against what the operator allows', () => {
  test('the tutorial has nothing against it', () => {
    expect(check({})).toEqual([]);
  });

  test.each([
    ['a window in the past', {}, NOW - 1, 'start', /is in the past/],
    ['a start before the SDR is up', {}, NOW + 119, 'start', /SDR needs 120 s/],
    ['a start before the SABERTOOTH is up', { offset: 0 }, NOW + 179, 'start', /SABERTOOTH needs 180 s/],
    ['a window under the minimum', { duration: 29 }, IN_A_DAY, 'window', /SDR window lasts 29 s.*under 30 s/],
    ['windows that do not overlap', { offset: 70 }, IN_A_DAY, 'overlap', /ends 10 s before the SABERTOOTH's/],
    [
      'an overlap that the boots use up',
      { offset: 55 },
      IN_A_DAY,
      'overlap',
      /overlap for 5 s, and the 5 s .* leave none/,
    ],
    ['more than the link moves', { linkRate: '10KB' }, IN_A_DAY, 'overlap', /moves 230 KB, and 1\.0 MB are wanted/],
    ['more than a day brings down', { files: [{ path: '/a', size: '101MB' }] }, IN_A_DAY, 'downlink', /100 MB a day/],
    ['more than the budget', { downlinkBudget: '1MB' }, IN_A_DAY, 'downlink', /the downlink budget is 1\.0 MB/],
    ['a budget above the day', { downlinkBudget: '200MB' }, IN_A_DAY, 'downlink', /budget is 200 MB/],
    [
      'two files of one name',
      { files: ['/a', '/b'].map((path) => ({ path, as: 'c', size: 1 })) },
      IN_A_DAY,
      'files',
      /named c/,
    ],
  ] as const)('%s is refused', (_, members, start, about, sentence) => {
    expect(check(members, bundles, start)).toContainEqual({
      severity: 'refusal',
      about,
      sentence: expect.stringMatching(sentence),
    });
  });

  test('a bundle over the upload limit is refused', () => {
    expect(check({}, { serveBytes: 10_000_001, fetchBytes: 1 })).toMatchObject([
      { severity: 'refusal', about: 'uplink' },
    ]);
    expect(check({}, { serveBytes: 10_000_000, fetchBytes: 1 })).toEqual([]);
  });

  test('a start before the next contact is warned of', () => {
    expect(check({}, bundles, NOW + 3600)).toMatchObject([{ severity: 'warning', about: 'start' }]);
  });

  test('files that may take several windows are warned of, with how many', () => {
    expect(check({ linkRate: '10KB', acrossWindows: true })).toMatchObject([
      { severity: 'warning', about: 'overlap', sentence: expect.stringMatching(/take 5 windows/) },
    ]);
  });

  test.each([
    ['the exact start-up of the SDR and the SABERTOOTH', {}, NOW + 150],
    ['the shortest window', { duration: 30, offset: 0 }, IN_A_DAY],
    ['the exact capacity', { files: [{ path: '/a', size: 230_000 }], linkRate: 10_000 }, IN_A_DAY],
  ])('%s is not refused', (_, members, start) => {
    expect(check(members, bundles, start).filter((f) => f.severity === 'refusal')).toEqual([]);
  });

  test('the uplink is told in bytes and days', () => {
    const notes = checkMission(tutorial, bundles, IN_A_DAY, NOW);
    expect(notes).toContainEqual(
      expect.objectContaining({ sentence: expect.stringMatching(/120 KB, take 1\.0 days/) }),
    );
  });
});

test('each payload is taken from its start-up to its shut-down', () => {
  const start = Date.UTC(2027, 0, 1, 12) / 1000;
  const [taken] = checkMission(tutorial, bundles, start, start - 86_400);
  expect(taken?.sentence).toBe(
    'With start-up and shut-down, the SDR from 2027-01-01T11:58:00Z to 2027-01-01T12:04:30Z and the SABERTOOTH from 2027-01-01T11:57:30Z to 2027-01-01T12:05:00Z can have no other window.',
  );
});

test('what an overlap moves', () => {
  const usable = usableOverlap(tutorial, IN_A_DAY);
  expect(usable).toEqual({ start: IN_A_DAY + 35, end: IN_A_DAY + 60 });
  expect(capacityBytes(tutorial, 25)).toBe(23 * tutorial.linkBytesPerSecond);
  expect(capacityBytes(tutorial, 1)).toBe(0);
});
