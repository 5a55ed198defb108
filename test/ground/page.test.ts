import { describe, expect, test } from 'vitest';
import { parseMission } from '../../scripts/ground/mission.ts';
import { html } from '../../scripts/ground/review/html.ts';
import { renderPage } from '../../scripts/ground/review/page.ts';
import { reviewSatellite } from '../../scripts/ground/review/review.ts';
import {
  evidenceOf,
  fetchFile,
  fetchReportOf,
  type Item,
  OTHER_SHA,
  portTaken,
  report,
  serveReportOf,
} from './reports.ts';

const written = { satellites: ['FM1'], files: ['/var/log/syslog'] };
const flown = { mission: parseMission(written, 'm'), written, planned: null };

const pageOf = (...items: readonly Item[]): string => {
  const review = reviewSatellite('FM1', evidenceOf(items), flown);
  const text = 'satellites: [FM1]\n';
  return renderPage({
    bucket: 's3://customer-s3-bucket/a/directory',
    reviewedAtEpochSeconds: 1_800_000_000,
    css: 'body { color: red }',
    reviews: [review],
    nextMissions: new Map(review.next === null ? [] : [['FM1', { path: 'review/next-FM1.yaml', text }]]),
  });
};

describe('the page', () => {
  test('needs nothing beside it, and runs nothing', () => {
    const page = pageOf(report(serveReportOf()), report(fetchReportOf([fetchFile()])));
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).toContain('<style>body { color: red }</style>');
    expect(page).not.toMatch(/<script|<link|<img|<iframe|\ssrc=|\shref="(?!#)|url\(|@import/);
  });

  test('shows every file, the windows, and what to do next', () => {
    const half = fetchFile({ state: 'resumable', fetchedBytes: 400_000, sha256: null, verified: null });
    const page = pageOf(report(serveReportOf()), report(fetchReportOf([half], { state: 'running', ending: null })));
    expect(page).toContain('0 of 1 file arrived and verified. The next window finishes 1 file.');
    expect(page).toContain('/var/log/syslog');
    expect(page).toContain('cut off, by loss of power or a kill');
    expect(page).toContain('payload-link deploy review/next-FM1.yaml');
    expect(page).toMatch(/<svg [^>]*role="img" aria-label="Timeline of both windows\./);
  });

  test('tells of a second payload-serve beside the one that served', () => {
    const page = pageOf(
      report(portTaken(), undefined, 1),
      report(serveReportOf()),
      report(fetchReportOf([fetchFile()])),
    );
    expect(page.match(/<h3>Pass of/g)).toHaveLength(1);
    expect(page).toContain('payload-serve ran for 55.0 s and ended by its duration');
    expect(page).toContain('payload-serve ran for 0.1 s. The port is taken. Choose another.');
  });

  test('says what the agents warned of, that a log was trimmed too', () => {
    const warnings = [
      { level: 'warn', event: 'LogTrimmed', dropped: 7, msg: '7 lines of this log were dropped.' },
      { level: 'warn', elapsedMs: 5, event: 'SourceChanged', msg: 'It is not what it was.' },
    ];
    const text = warnings.map((line) => JSON.stringify(line)).join('\n');
    const page = pageOf(report(fetchReportOf([fetchFile()])), { name: 'payload-fetch-log.ndjson', text });
    for (const { msg } of warnings) expect(page).toContain(`<li>${msg}</li>`);
  });

  test('whatever a satellite sends is text', () => {
    const hostile = '/<script>alert("1")</script>';
    const page = pageOf(
      report(fetchReportOf([fetchFile({ source: hostile, output: `/outbox/${hostile}` })])),
      { name: `x"><script>`, sha256: OTHER_SHA },
      { name: 'payload-serve-did-not-start.txt', text: '<b>bold</b>' },
    );
    expect(page).not.toMatch(/<script|<b>/);
    expect(page).toContain('&#60;script&#62;');
  });
});

test('a template escapes what is not HTML already', () => {
  const list = ['<', '"'].map((text) => html`<li>${text}</li>`);
  expect(html`<ul title="${`'"`}">${list}${null}${1}</ul>`.text).toBe(
    '<ul title="&#39;&#34;"><li>&#60;</li>\n<li>&#34;</li>1</ul>',
  );
});
