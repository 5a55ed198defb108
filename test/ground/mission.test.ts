import { describe, expect, test } from 'vitest';
import { GroundFailure } from '../../scripts/ground/failure.ts';
import { parseFileFlag, parseMission } from '../../scripts/ground/mission.ts';

const least = { satellites: ['FM1'], files: ['/var/log/syslog'] };

describe('a mission', () => {
  test('that says only what is wanted from whom is the tutorial', () => {
    expect(parseMission(least, 'm')).toMatchObject({
      satellites: ['FM1'],
      files: [{ path: '/var/log/syslog', outputName: null, sizeBytes: null }],
      start: { kind: 'in', seconds: 21_600 },
      sdrSeconds: 60,
      sabertoothSeconds: 60,
      offsetSeconds: 30,
      port: 10101,
      serve: { file: 'build/payload-serve', destination: '/persist/bin/payload-serve' },
      fetch: { file: 'build/payload-fetch', destination: '/persist/bin/payload-fetch' },
    });
  });

  test.each([
    ['duration', { duration: '2m' }, { sdrSeconds: 120, sabertoothSeconds: 120 }],
    ['one duration each', { duration: { sdr: 90, sabertooth: '45s' } }, { sdrSeconds: 90, sabertoothSeconds: 45 }],
    ['start as ISO 8601', { start: '2026-12-01T06:00:00Z' }, { start: { kind: 'at', epochSeconds: 1_796_104_800 } }],
    ['start with a zone', { start: '2026-12-01T07:00+01:00' }, { start: { kind: 'at', epochSeconds: 1_796_104_800 } }],
    ['start in epoch seconds', { start: 1_796_104_800 }, { start: { kind: 'at', epochSeconds: 1_796_104_800 } }],
    ['start from now', { start: '+90m' }, { start: { kind: 'in', seconds: 5400 } }],
    ['earliest', { start: 'earliest' }, { start: { kind: 'earliest' } }],
    [
      'sizes',
      { downlinkBudget: '20MB', linkRate: '1MiB' },
      { downlinkBudgetBytes: 20_000_000, linkBytesPerSecond: 1_048_576 },
    ],
    [
      'a file with its name',
      { files: [{ path: '/a/b', as: 'c', size: '2.5KB' }] },
      { files: [{ path: '/a/b', outputName: 'c', sizeBytes: 2500 }] },
    ],
    ["sizes as payload-fetch's --budget takes them", { downlinkBudget: '40M' }, { downlinkBudgetBytes: 40_000_000 }],
    ['a satellite named twice', { satellites: ['FM1', 'FM1'] }, { satellites: ['FM1'] }],
    [
      'another destination',
      { serve: { destination: '/persist/s' } },
      { serve: { file: 'build/payload-serve', destination: '/persist/s' } },
    ],
  ])('takes %s', (_, members, expected) => {
    expect(parseMission({ ...least, ...members }, 'm')).toMatchObject(expected);
  });

  test.each([
    ['no satellite', { satellites: [] }, 'satellites'],
    ['no file', { files: [] }, 'files'],
    ['a relative path', { files: ['var/log'] }, 'files.0.path: must be an absolute path'],
    ['an output that is a path', { files: [{ path: '/a', as: '../b' }] }, 'files.0.as: must be a plain'],
    ['an output that is a flag', { files: [{ path: '/a', as: '-b' }] }, 'files.0.as'],
    ['a size that is none', { files: [{ path: '/a', size: '40X' }] }, 'files.0.size: "40X" is not a size'],
    ['a member that is not known', { durations: 60 }, 'durations'],
    ['a port that the satellite does not pass', { port: 8080 }, 'port'],
    ['a date without a zone', { start: '2026-12-01T06:00:00' }, 'start'],
    ['a day that does not exist', { start: '2026-13-41T06:00:00Z' }, 'start'],
    ['a day that would be one of the next month', { start: '2027-02-30T06:00:00Z' }, 'start'],
    ['a rate of nothing', { linkRate: 0 }, 'linkRate'],
    ['a negative duration', { duration: -1 }, 'duration'],
  ])('refuses %s, and names the member', (_, members, named) => {
    const parse = () => parseMission({ ...least, ...members }, 'm.yaml');
    expect(parse).toThrow(GroundFailure);
    expect(parse).toThrow(new RegExp(`^m\\.yaml cannot be used\\. .*${named}.*[^.]\\.$`));
  });
});

test.each([
  ['/a', { path: '/a' }],
  ['/a,as=b', { path: '/a', as: 'b' }],
  ['/a,as=b,size=1KB', { path: '/a', as: 'b', size: '1KB' }],
])('the flag --file %s', (text, expected) => {
  expect(parseFileFlag(text)).toEqual(expected);
});
