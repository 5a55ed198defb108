import { describe, expect, test } from 'vitest';
import type { Flown } from '../../scripts/ground/review/flown.ts';
import { failuresOf, findPasses, traceTransfers } from '../../scripts/ground/review/pass.ts';
import { layOutTimeline } from '../../scripts/ground/review/timeline.ts';
import { evidenceOf, fetchFile, fetchReportOf, type Item, portTaken, report, serveReportOf } from './reports.ts';

const start = Date.UTC(2026, 11, 1, 6, 0, 0) / 1000;
const planned: Flown['planned'] = {
  sdr: { start, end: start + 60 },
  sabertooth: { start: start + 30, end: start + 90 },
};
const fetch = fetchReportOf([fetchFile()]);
/** The payload's clock is set right in mid-transfer: it starts at 1970. */
const line = (event: string, elapsedMs: number) =>
  JSON.stringify({
    level: 'info',
    time: elapsedMs < 3000 ? '1970-01-01T00:00:36.000Z' : '2026-12-01T06:00:40.000Z',
    elapsedMs,
    event,
    source: '/var/log/syslog',
    msg: '',
  });
const log: Item = {
  name: 'payload-fetch-log.ndjson',
  text: [line('TransferStarted', 1_000), line('AttemptFailed', 5_000), line('FileDelivered', 10_000), '{"torn'].join(
    '\n',
  ),
};

const lay = (items: readonly Item[], plan = planned) => {
  const [pass] = findPasses(evidenceOf(items));
  if (pass === undefined) throw new Error('no pass');
  return layOutTimeline(pass, plan);
};

describe('a pass laid out in time', () => {
  test('from the start of the first window, with plan, runs, overlap and transfers', () => {
    const timeline = lay([report(serveReportOf()), report(fetch), log]);
    expect(timeline).toMatchObject({
      lengthMs: 90_000,
      rows: [
        { planned: { startMs: 0, endMs: 60_000 }, ran: { startMs: 5_000, endMs: 60_000 } },
        { planned: { startMs: 30_000, endMs: 90_000 }, ran: { startMs: 35_000, endMs: 55_000 } },
      ],
      overlap: { startMs: 35_000, endMs: 55_000 },
      transfers: [
        { label: '/var/log/syslog', bar: { startMs: 36_000, endMs: 45_000 }, delivered: true, retriesMs: [40_000] },
      ],
      note: null,
    });
  });

  test('one report is enough', () => {
    expect(lay([report(fetch)])).toMatchObject({ rows: [{ ran: null }, { ran: {} }], overlap: null });
    expect(lay([report(serveReportOf())])).toMatchObject({ rows: [{ ran: {} }, { ran: null }], overlap: null });
  });

  test('a payload whose clock stands at 1970 is drawn where it must have been, and that is said', () => {
    const reset = fetchReportOf([fetchFile()], { startedAt: '1970-01-01T00:00:10.000Z' });
    const timeline = lay([report(serveReportOf()), report(reset)]);
    expect(timeline.rows[1]?.ran).toEqual({ startMs: 35_000, endMs: 55_000 });
    expect(timeline.note).toMatch(/clocks of the two payloads differ/);
  });

  test('a plan for another day is not drawn', () => {
    const other: Flown['planned'] = { sdr: { start: 1, end: 61 }, sabertooth: { start: 31, end: 91 } };
    expect(lay([report(serveReportOf()), report(fetch)], other).rows.map((row) => row.planned)).toEqual([null, null]);
  });
});

describe('the reports of both payloads', () => {
  test('that ran at the same time are one pass, the latest first', () => {
    const day = (n: number) => ({ startedAt: `2026-12-0${n}T06:00:05.000Z` });
    const evidence = evidenceOf([
      report(serveReportOf(day(1)), '20261201T060200Z'),
      report(serveReportOf(day(2)), '20261202T060200Z'),
      report(fetchReportOf([], day(2)), '20261202T090200Z'),
      report(fetchReportOf([], day(1)), '20261202T060100Z'),
    ]);
    const passes = findPasses(evidence).map((pass) => [pass.serve?.report.startedAt, pass.fetch?.report.startedAt]);
    expect(passes).toEqual([
      [day(2).startedAt, day(2).startedAt],
      [day(1).startedAt, day(1).startedAt],
    ]);
  });

  test('that are days apart are two', () => {
    const evidence = evidenceOf([
      report(serveReportOf({ startedAt: '2026-12-01T06:00:05.000Z' }), '20261201T060200Z'),
      report(fetchReportOf([], { startedAt: '2026-12-03T06:00:05.000Z' }), '20261203T060200Z'),
    ]);
    expect(findPasses(evidence)).toMatchObject([{ serve: null }, { fetch: null }]);
  });

  test('that ran at the same time by clocks which stand at 1970 are told apart by their stamps', () => {
    const at1970 = { startedAt: '1970-01-01T00:00:10.000Z' };
    const evidence = evidenceOf([
      report(serveReportOf({ ...at1970, revision: 1 }), '20261201T060200Z'),
      report(serveReportOf({ ...at1970, revision: 2 }), '20261203T060200Z'),
      report(fetchReportOf([], { ...at1970, revision: 2 }), '20261203T060200Z'),
    ]);
    expect(findPasses(evidence)).toMatchObject([
      { serve: { report: { revision: 2 } }, fetch: { report: { revision: 2 } } },
      { serve: { report: { revision: 1 } }, fetch: null },
    ]);
  });

  const waited = { answered: null, tried: ['10.2.1.12:10101'], waitedMs: null };

  test.each([
    ['was answered', fetch],
    ['was not', fetchReportOf([], { server: waited })],
  ])('a second payload-serve, whose port was taken, is told of beside the pair of a client that %s', (_, client) => {
    const passes = findPasses(evidenceOf([report(portTaken(), undefined, 1), report(serveReportOf()), report(client)]));
    expect(passes).toMatchObject([
      { serve: { report: { exitCode: 0 } }, fetch: {}, idle: [{ report: { exitCode: 8 } }] },
    ]);
    expect(passes.flatMap(failuresOf)).toMatchObject([{ agent: 'payload-serve', code: 'address-unavailable' }]);
  });

  test('a payload-serve that never listened is why a client was not answered, and nobody answered by it', () => {
    const alone = report(portTaken());
    const unanswered = report(fetchReportOf([], { server: waited }));
    expect(findPasses(evidenceOf([alone, unanswered]))).toMatchObject([
      { serve: { report: { exitCode: 8 } }, fetch: {}, idle: [] },
    ]);
    expect(findPasses(evidenceOf([alone, report(fetch)]))).toMatchObject([
      { serve: null, fetch: {}, idle: [{ report: { exitCode: 8 } }] },
    ]);
    expect(findPasses(evidenceOf([alone]))).toMatchObject([
      { serve: { report: { exitCode: 8 } }, fetch: null, idle: [] },
    ]);
  });

  test('several runs of payload-fetch in one window have one server, and the last of them comes first', () => {
    const first = fetchReportOf([], { startedAt: '2026-12-01T06:00:20.000Z', elapsedMs: 9_000 });
    const evidence = evidenceOf([report(first, '20261201T060201Z', 1), report(fetch), report(serveReportOf())]);
    const served = { report: { exitCode: 0 } };
    expect(findPasses(evidence)).toMatchObject([
      { serve: served, fetch: { report: { startedAt: fetch.startedAt } } },
      { serve: served, fetch: { report: { startedAt: first.startedAt } } },
    ]);
  });
});

describe('the log of a run', () => {
  const lineOf = (startedAt: string, elapsedMs: number, msg: string): string =>
    JSON.stringify({
      level: 'info',
      time: new Date(Date.parse(startedAt) + elapsedMs).toISOString(),
      elapsedMs,
      event: 'E',
      msg,
    });
  const saidBy = (runs: readonly { log: readonly { msg: string }[] }[]): readonly string[][] =>
    runs.map((run) => run.log.map(({ msg }) => msg));

  test('is its own part of one that several runs of a window wrote', () => {
    const first = fetchReportOf([], { startedAt: '2026-12-01T06:00:34.000Z' });
    const shared: Item = {
      name: 'payload-fetch-log.ndjson',
      text: [
        JSON.stringify({ level: 'warn', event: 'LogTrimmed', msg: 'trimmed' }),
        lineOf(first.startedAt, 200, 'first'),
        lineOf(first.startedAt, 260, 'first'),
        lineOf(fetch.startedAt, 300, 'second'),
      ].join('\n'),
    };
    const { fetch: runs } = evidenceOf([report(first, undefined, 1), report(fetch), shared]);
    expect(saidBy(runs)).toEqual([
      ['trimmed', 'first', 'first'],
      ['trimmed', 'second'],
    ]);
  });

  test('is the one with its number, where it ran beside another', () => {
    const text = (msg: string): string => lineOf('2026-12-01T06:00:40.000Z', 100, msg);
    const { serve } = evidenceOf([
      report(portTaken(), undefined, 1),
      report(serveReportOf()),
      { name: 'payload-serve-log-1.ndjson', text: text('taken') },
      { name: 'payload-serve-log.ndjson', text: text('served') },
    ]);
    expect(saidBy(serve)).toEqual([['taken'], ['served']]);
  });
});

test('a transfer that the log does not end is one without an end', () => {
  const evidence = evidenceOf([report(fetch), { ...log, text: line('TransferStarted', 1_000) }]);
  const [run] = evidence.fetch;
  if (run === undefined) throw new Error('no run');
  expect(traceTransfers(run)).toEqual([
    { source: '/var/log/syslog', startedMs: 1_000, endedMs: null, delivered: false, retriesMs: [] },
  ]);
});
