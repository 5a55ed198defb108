import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { missionId } from '../../scripts/ground/deploy.ts';
import { parseMission } from '../../scripts/ground/mission.ts';
import { checkMission } from '../../scripts/ground/mission-check.ts';
import type { Evidence } from '../../scripts/ground/review/evidence.ts';
import type { Flown } from '../../scripts/ground/review/flown.ts';
import { reviewSatellite, unaccountedFiles } from '../../scripts/ground/review/review.ts';
import {
  evidenceOf,
  fetchFile,
  fetchReportOf,
  type Item,
  OTHER_SHA,
  portTaken,
  report,
  SHA,
  serveReportOf,
} from './reports.ts';

const written = { satellites: ['FM1'], files: [{ path: '/var/log/syslog', as: 'sdr_syslog' }] };
const flown: Flown = { mission: parseMission(written, 'm'), written, planned: null };
const review = (evidence: Evidence, what: Flown | null = flown) => reviewSatellite('FM1', evidence, what);
const of = (...items: readonly Item[]) => review(evidenceOf(items));
const arrived: Item = { name: 'sdr_syslog', sha256: SHA };

const failure = (code: 'link-lost' | 'refused' | 'unverified') => ({ code, reason: 'It is so.', advice: 'Do this.' });
const halfway = fetchFile({ state: 'fetching', fetchedBytes: 400_000, sha256: null, verified: null });
const nextWindow = { leftBytes: 600_000, seconds: null };
const cut = fetchReportOf([halfway], { state: 'running', ending: null, exitCode: null, nextWindow });

describe('what came of a file', () => {
  test.each([
    ['it arrived as reported', [report(fetchReportOf([fetchFile()])), arrived], 'verified', 0],
    [
      'it arrived, and nobody stated a digest on board',
      [report(fetchReportOf([fetchFile({ verified: 'length' })])), arrived],
      'verified',
      0,
    ],
    [
      'it arrived otherwise than reported',
      [report(fetchReportOf([fetchFile()])), { ...arrived, sha256: OTHER_SHA }],
      'altered',
      6,
    ],
    ['it has not been downlinked', [report(fetchReportOf([fetchFile()]))], 'on-the-way', 3],
    ['it was to stay on board', [report(fetchReportOf([fetchFile({ output: '/persist/x.iq' })]))], 'on-board', 0],
    ['power was cut in mid-transfer', [report(cut)], 'resumable', 3],
    [
      'the link was lost',
      [report(fetchReportOf([fetchFile({ state: 'resumable', failure: failure('link-lost') })]))],
      'resumable',
      3,
    ],
    ['it was held back', [report(fetchReportOf([fetchFile({ state: 'held back' })]))], 'resumable', 3],
    [
      'the SDR has no such file',
      [report(fetchReportOf([fetchFile({ state: 'refused', failure: failure('refused') })]))],
      'refused',
      5,
    ],
    [
      'it could not be verified on board',
      [report(fetchReportOf([fetchFile({ state: 'failed', failure: failure('unverified') })]))],
      'failed',
      6,
    ],
    ['only the SDR reports', [report(serveReportOf())], 'unreported', 3],
    ['nothing arrived', [], 'unreported', 3],
  ] as const)('%s', (_, items, kind, exitCode) => {
    const result = of(...items);
    expect(result.outcomes.map((outcome) => outcome.kind)).toEqual([kind]);
    expect(result.exitCode).toBe(exitCode);
  });

  test('a name that begins with two dots is one of the outbox', () => {
    const dotted = report(fetchReportOf([fetchFile({ output: '/outbox/..rc' })]));
    expect(of(dotted).outcomes).toMatchObject([{ kind: 'on-the-way', name: '..rc' }]);
    const beside = report(fetchReportOf([fetchFile({ output: '/persist/rc' })]));
    expect(of(beside).outcomes).toMatchObject([{ kind: 'on-board' }]);
  });

  test('a URL and the path that it names are one file', () => {
    const source = 'http://10.2.1.8:10101/var/log/syslog';
    expect(of(report(fetchReportOf([fetchFile({ source })])), arrived).outcomes).toMatchObject([
      { kind: 'verified', path: '/var/log/syslog' },
    ]);
  });

  test('the latest pass that speaks of it counts', () => {
    const failed = fetchReportOf([fetchFile({ state: 'resumable' })], { startedAt: '2026-12-02T06:00:00.000Z' });
    const result = of(report(failed, '20261202T060000Z'), report(fetchReportOf([fetchFile()])), arrived);
    expect(result.outcomes).toMatchObject([{ kind: 'resumable' }]);
  });

  test('the last run of a window counts, whichever report was stamped first', () => {
    const first = fetchReportOf([halfway], { startedAt: '2026-12-01T06:00:20.000Z' });
    const result = of(report(first, '20261201T060205Z', 1), report(fetchReportOf([fetchFile()])), arrived);
    expect(result.outcomes).toMatchObject([{ kind: 'verified' }]);
  });

  test.each([
    ['a serve report whose fetch report is still to come', serveReportOf({ startedAt: '2026-12-02T06:00:00.000Z' })],
    ['a payload-serve that failed', portTaken({ startedAt: '2026-12-02T06:00:00.000Z' })],
    ['a payload-fetch that came to no file', fetchReportOf([], { startedAt: '2026-12-02T06:00:00.000Z' })],
  ])('%s does not hide what was fetched before', (_, later) => {
    const result = review(
      evidenceOf([report(later, '20261202T060200Z'), report(fetchReportOf([fetchFile()])), arrived]),
      null,
    );
    expect(result).toMatchObject({ exitCode: 0, outcomes: [{ kind: 'verified' }] });
  });

  test.each([
    [
      'is told by what payload-fetch says is left',
      { fetchedBytes: 1_500_000, attempts: 3 },
      900_000,
      '97.7 KiB of 977 KiB had come',
    ],
    [
      'does not count twice what was resumed',
      { fetchedBytes: 700_000, reusedBytes: 400_000, attempts: 2 },
      300_000,
      '684 KiB of 977 KiB had come',
    ],
    [
      'is all that came, where nothing is said',
      { fetchedBytes: 400_000, reusedBytes: 100_000 },
      null,
      '488 KiB of 977 KiB had come',
    ],
    [
      'is not known of what came again',
      { fetchedBytes: 700_000, attempts: 2 },
      null,
      '684 KiB had come over the link for a file of 977 KiB.',
    ],
    [
      'is not known of what came more than once',
      { fetchedBytes: 1_500_000, attempts: 2 },
      null,
      '1.4 MiB had come over the link for a file of 977 KiB, some of it more than once.',
    ],
    ['has no share of a size not known', { fetchedBytes: 2048, sizeBytes: null }, null, '2.0 KiB of it had come'],
  ])('how much of it had come %s', (_, changes, leftBytes, sentence) => {
    const next = leftBytes === null ? null : { leftBytes, seconds: null };
    const result = of(report({ ...cut, files: [{ ...halfway, ...changes }], nextWindow: next }));
    expect(result.outcomes[0]?.sentence).toContain(`when ${sentence}`);
  });

  test('a file that an earlier pass delivered is there, when the latest was about another', () => {
    const other = fetchFile({ source: '/b', output: '/outbox/b', sha256: OTHER_SHA });
    const latest = fetchReportOf([other], { startedAt: '2026-12-02T06:00:00.000Z' });
    const result = of(
      report(latest, '20261202T060000Z'),
      { name: 'b', sha256: OTHER_SHA, stamp: '20261202T060000Z' },
      report(fetchReportOf([fetchFile()])),
      arrived,
    );
    expect(result.outcomes.map((outcome) => [outcome.path, outcome.kind])).toEqual([
      ['/b', 'verified'],
      ['/var/log/syslog', 'verified'],
    ]);
  });

  test("yesterday's file of the same name does not make today's altered", () => {
    const yesterday = fetchReportOf([fetchFile({ sha256: OTHER_SHA })], { startedAt: '2026-11-30T06:00:00.000Z' });
    const result = of(
      report(yesterday, '20261130T060200Z'),
      { name: 'sdr_syslog', sha256: OTHER_SHA, stamp: '20261130T060200Z' },
      report(fetchReportOf([fetchFile()])),
    );
    expect(result.outcomes).toMatchObject([{ kind: 'on-the-way' }]);
  });

  test('a program that did not start says why', () => {
    const text = 'payload-fetch did not start: no Node.';
    const result = of({ name: 'payload-fetch-did-not-start.txt', text });
    expect(result.outcomes).toMatchObject([{ kind: 'unreported', sentence: text }]);
  });

  test('what kept it from being fetched is told of the latest run', () => {
    const note = { name: 'payload-fetch-did-not-start.txt', text: 'No Node.', stamp: '20261130T060000Z' };
    const sentenceBy = (changes: Parameters<typeof fetchReportOf>[1]) =>
      of(note, report(fetchReportOf([], changes))).outcomes[0]?.sentence;
    expect(sentenceBy({})).toBe('No report of payload-fetch speaks of it.');
    expect(sentenceBy({ failure: failure('unverified') })).toBe('payload-fetch failed before it came to it.');
    expect(sentenceBy({ filesOmitted: 7 })).toContain('leaves out 7 files');
  });

  test.each(['{"schema":', '{"schema":"payload-fetch-report/9"}'])(
    'a report that cannot be read is named: %s',
    (text) => {
      const result = of({ name: 'payload-fetch-report.json', text });
      expect(result.evidence.unreadable).toHaveLength(1);
      expect(result.exitCode).toBe(3);
    },
  );

  test('a pattern and a directory stand for the files that were found by them', () => {
    const many = { satellites: ['FM1'], files: ['/var/log/*.log', '/data/', '/empty/'] };
    const a = fetchFile({ source: '/var/log/a.log', output: '/outbox/var_log_a.log' });
    const b = fetchFile({ source: '/data/deep/b', output: '/outbox/data_deep_b', state: 'resumable' });
    const evidence = evidenceOf([report(fetchReportOf([a, b])), { name: 'var_log_a.log', sha256: SHA }]);
    const result = review(evidence, { mission: parseMission(many, 'm'), written: many, planned: null });
    expect(result.outcomes.map((outcome) => [outcome.path, outcome.kind])).toEqual([
      ['/var/log/a.log', 'verified'],
      ['/data/deep/b', 'resumable'],
      ['/empty/', 'unreported'],
    ]);
    expect(parseMission(result.next?.written, 'next').files.map((file) => file.path)).toEqual([
      '/data/deep/b',
      '/empty/',
    ]);
  });

  test('the full report beside a report that had no room for every file counts', () => {
    const all = fetchReportOf([fetchFile({ source: '/b', output: '/outbox/b' }), fetchFile()]);
    const short = { ...all, files: all.files.slice(0, 1), filesOmitted: 1 };
    const full: Item = { name: 'payload-fetch-full-report.json.gz', text: gzipSync(JSON.stringify(all)) };
    expect(of(report(short), full, arrived).outcomes.map((outcome) => outcome.path)).toEqual(['/b', '/var/log/syslog']);
    const damaged = { ...full, text: 'damaged' };
    expect(of(report(short), damaged, arrived).outcomes.map((outcome) => outcome.kind)).toEqual([
      'on-the-way',
      'unreported',
    ]);
  });

  test('without a mission, what the reports speak of is reviewed', () => {
    const result = review(evidenceOf([report(fetchReportOf([fetchFile()])), arrived]), null);
    expect(result).toMatchObject({ exitCode: 0, outcomes: [{ kind: 'verified' }] });
  });

  test('what no report accounts for is listed', () => {
    const result = of(report(fetchReportOf([fetchFile()])), arrived, { name: 'entry.log', sha256: OTHER_SHA });
    expect(unaccountedFiles(result).map((file) => file.name)).toEqual(['entry.log']);
  });
});

describe('the next window', () => {
  test('is not proposed when there is nothing to finish', () => {
    expect(of(report(fetchReportOf([fetchFile()])), arrived).next).toBeNull();
    expect(of(report(fetchReportOf([fetchFile({ state: 'refused', failure: failure('refused') })]))).next).toBeNull();
  });

  test('after a power cut it asks for the same file under the same name, and for what is not there yet', () => {
    const { next } = of(report(cut));
    expect(next).toMatchObject({ files: 1, remainingBytes: 600_000 });
    expect(parseMission(next?.written, 'next')).toMatchObject({
      files: [{ path: '/var/log/syslog', outputName: 'sdr_syslog', sizeBytes: 1_000_000 }],
      keptBytes: 400_000,
    });
    // Under the old name it would pass for what is deployed already.
    expect(missionId(parseMission({ ...next?.written, linkRate: '10MB' }, 'next'))).not.toBe(missionId(flown.mission));
  });

  test('leaves out what has arrived, and keeps what the mission said', () => {
    const files = ['/a', '/b'].map((path) => ({ path, size: 10 }));
    const mission = { satellites: ['FM1', 'FM2'], files, wrapper: '/persist/bin/entry.sh', port: 10102 };
    const two: Flown = { mission: parseMission(mission, 'm'), written: mission, planned: null };
    const a = fetchFile({ source: '/a', output: '/outbox/a' });
    const b = fetchFile({ source: '/b', output: '/outbox/b', state: 'resumable', fetchedBytes: 4, sizeBytes: 10 });
    const told = fetchReportOf([a, b], { nextWindow: { leftBytes: 6, seconds: null } });
    const evidence = evidenceOf([report(told), { name: 'a', sha256: SHA }]);
    expect(parseMission(review(evidence, two).next?.written, 'next')).toMatchObject({
      satellites: ['FM1'],
      files: [{ path: '/b', outputName: null, sizeBytes: 10 }],
      keptBytes: 4,
      wrapper: '/persist/bin/entry.sh',
      port: 10102,
    });
  });

  test('is as long as what remains needs, at four fifths of the rate that was measured', () => {
    const big = { ...halfway, sizeBytes: 50_400_000 };
    const link = { bytesPerSecond: 20_000, firstByteMs: 5 };
    const { next } = of(report({ ...cut, files: [big], link, nextWindow: { leftBytes: 50_000_000, seconds: 2757 } }));
    const mission = parseMission(next?.written, 'next');
    expect(mission.linkBytesPerSecond).toBe(16_000);
    const fits = (mission.sdrSeconds - 30 - mission.bootSeconds - 2) * mission.linkBytesPerSecond;
    expect(fits).toBeGreaterThanOrEqual(50_000_000);
    expect(fits - 10 * mission.linkBytesPerSecond).toBeLessThan(50_000_000);
  });

  test('is for what payload-fetch says is left, however much came over the link', () => {
    const again = { ...halfway, sizeBytes: 100_000_000, fetchedBytes: 150_000_000 };
    const link = { bytesPerSecond: 10_000_000, firstByteMs: 5 };
    const { next } = of(report({ ...cut, files: [again], link, nextWindow: { leftBytes: 90_000_000, seconds: 42 } }));
    expect(next?.remainingBytes).toBe(90_000_000);
    const mission = parseMission(next?.written, 'next');
    expect(mission).toMatchObject({ files: [{ sizeBytes: 100_000_000 }], keptBytes: 10_000_000 });
    expect(mission.sdrSeconds - mission.offsetSeconds - mission.bootSeconds).toBeGreaterThanOrEqual(42);
  });

  test('counts what is kept against the downlink, and not against the overlap', () => {
    const big = { ...halfway, sizeBytes: 90_000_000, fetchedBytes: 80_000_000 };
    const link = { bytesPerSecond: 1_000_000, firstByteMs: 5 };
    const { next } = of(report({ ...cut, files: [big], link, nextWindow: { leftBytes: 10_000_000, seconds: 18 } }));
    const findings = (mission: object) =>
      checkMission(parseMission(mission, 'next'), { serveBytes: null, fetchBytes: null }, 1e9, 0)
        .filter(({ severity }) => severity === 'refusal')
        .map(({ about }) => about);
    expect(findings({ ...next?.written })).toEqual([]);
    expect(findings({ ...next?.written, downlinkBudget: '20MB' })).toEqual(['downlink']);
  });
});
