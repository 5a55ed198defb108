import { describe, expect, it } from 'vitest';
import { type FetchReport, fetchReport, type ServeReport, serveReport } from '../../shared/report.ts';

const run = {
  agent: { name: 'payload-fetch', version: '0.1.0', protocol: 1, node: '16.20.2' },
  revision: 3,
  state: 'ended',
  startedAt: '1970-01-01T00:00:12.345Z',
  elapsedMs: 1234,
  allowedMs: null,
  exitCode: 0,
  failure: null,
  process: { pid: 1, startTicks: '2' },
} as const;

const served: ServeReport = {
  schema: 'payload-serve-report/1',
  ...run,
  ending: 'signal',
  directory: '/',
  listening: [{ address: '0.0.0.0', port: 10101 }],
  totals: { connections: 1, requests: 2, sentBytes: 2568, clients: ['10.2.1.10'] },
  files: [{ path: '/var/log/syslog', requests: 1, sentBytes: 2568, clients: ['10.2.1.10'] }],
  filesOmitted: 0,
  refusals: { absent: 1 },
};

const fetched: FetchReport = {
  schema: 'payload-fetch-report/1',
  ...run,
  ending: 'done',
  outbox: '/outbox',
  stateDirectory: '/persist/payload-fetch',
  server: { tried: ['10.2.1.12:10101'], answered: '10.2.1.12:10101', waitedMs: 5 },
  totals: { files: 1, delivered: 1, fetchedBytes: 2568, reusedBytes: 0, mendedBytes: 0 },
  link: { bytesPerSecond: null, firstByteMs: null },
  nextWindow: null,
  filesOmitted: 0,
  files: [
    {
      source: 'http://10.2.1.12:10101/var/log/syslog',
      output: '/outbox/sdr_syslog',
      state: 'delivered',
      sizeBytes: 2568,
      fetchedBytes: 2568,
      reusedBytes: 0,
      mendedBytes: 0,
      sha256: 'a'.repeat(64),
      verified: 'sha-256',
      attempts: 1,
      failure: null,
    },
  ],
};

describe('the reports', () => {
  it('are read as they were written', () => {
    expect(serveReport.parse(JSON.parse(JSON.stringify(served)))).toEqual(served);
    expect(fetchReport.parse(JSON.parse(JSON.stringify(fetched)))).toEqual(fetched);
  });

  it('of a newer agent are read without what is new in them', () => {
    expect(fetchReport.parse({ ...fetched, mood: 'good' })).toEqual(fetched);
  });

  it.each([
    ['another schema', { ...fetched, schema: 'payload-fetch-report/2' }],
    ['a file in no known state', { ...fetched, files: [{ ...fetched.files[0], state: 'gone' }] }],
    ['a failure of no known code', { ...fetched, failure: { code: 'bad-luck', reason: 'x', advice: 'y' } }],
    ['a size below nothing', { ...fetched, totals: { ...fetched.totals, fetchedBytes: -1 } }],
    ['a member left out', { ...fetched, outbox: undefined }],
    ['a time that is none', { ...fetched, startedAt: 'yesterday' }],
  ])('with %s are not taken', (_, report) => {
    expect(fetchReport.safeParse(JSON.parse(JSON.stringify(report))).success).toBe(false);
  });
});
