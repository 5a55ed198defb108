import { parseArrival } from '../../scripts/ground/review/arrival.ts';
import type { Collected } from '../../scripts/ground/review/collect.ts';
import { type Evidence, sortEvidence } from '../../scripts/ground/review/evidence.ts';
import type { FetchReport, ServeReport } from '../../shared/report.ts';

/** Reports and arrivals for the tests of the review: one pass in order, of which a test changes what it is about. */

export const SHA = 'a'.repeat(64);
export const OTHER_SHA = 'b'.repeat(64);

type FetchFile = FetchReport['files'][number];

export function fetchFile(changes: Partial<FetchFile> = {}): FetchFile {
  return {
    source: '/var/log/syslog',
    output: '/outbox/sdr_syslog',
    state: 'delivered',
    sizeBytes: 1_000_000,
    fetchedBytes: 1_000_000,
    reusedBytes: 0,
    mendedBytes: 0,
    sha256: SHA,
    verified: 'sha-256',
    attempts: 1,
    failure: null,
    ...changes,
  };
}

export function fetchReportOf(files: readonly FetchFile[], changes: Partial<FetchReport> = {}): FetchReport {
  return {
    schema: 'payload-fetch-report/1',
    agent: { name: 'payload-fetch', version: '0.1.0', protocol: 1, node: '16.20.2' },
    revision: 2,
    state: 'ended',
    startedAt: '2026-12-01T06:00:35.000Z',
    elapsedMs: 20_000,
    allowedMs: 55_000,
    exitCode: 0,
    failure: null,
    ending: 'done',
    outbox: '/outbox',
    process: { pid: 1, startTicks: '2' },
    stateDirectory: '/persist/payload-fetch',
    server: { tried: ['10.2.1.12:10101'], answered: '10.2.1.12:10101', waitedMs: 100 },
    totals: {
      files: files.length,
      delivered: files.filter((file) => file.state === 'delivered').length,
      fetchedBytes: files.reduce((sum, file) => sum + file.fetchedBytes, 0),
      reusedBytes: files.reduce((sum, file) => sum + file.reusedBytes, 0),
      mendedBytes: 0,
    },
    link: { bytesPerSecond: null, firstByteMs: null },
    nextWindow: null,
    filesOmitted: 0,
    files: [...files],
    ...changes,
  };
}

export function serveReportOf(changes: Partial<ServeReport> = {}): ServeReport {
  return {
    schema: 'payload-serve-report/1',
    agent: { name: 'payload-serve', version: '0.1.0', protocol: 1, node: '16.20.2' },
    revision: 2,
    state: 'ended',
    startedAt: '2026-12-01T06:00:05.000Z',
    elapsedMs: 55_000,
    allowedMs: 55_000,
    exitCode: 0,
    failure: null,
    ending: 'duration',
    process: { pid: 1, startTicks: '2' },
    directory: '/',
    listening: [{ address: '0.0.0.0', port: 10101 }],
    totals: { connections: 1, requests: 1, sentBytes: 1_000_000, clients: ['10.2.1.10'] },
    files: [],
    filesOmitted: 0,
    refusals: {},
    ...changes,
  };
}

/** One thing that arrived: its name in the outbox, when it was stamped, and its content or just its digest. */
export interface Item {
  readonly name: string;
  readonly stamp?: string;
  readonly text?: string | Buffer;
  readonly sha256?: string;
}

/** A report as it arrives; `number` is that of one beside which another run holds the plain name. */
export const report = (value: FetchReport | ServeReport, stamp?: string, number?: number): Item => ({
  name: `${value.agent.name}-report${number === undefined ? '' : `-${number}`}.json`,
  text: JSON.stringify(value),
  ...(stamp === undefined ? {} : { stamp }),
});

/** The report of a payload-serve that found its port taken. */
export const portTaken = (changes: Partial<ServeReport> = {}): ServeReport =>
  serveReportOf({
    startedAt: '2026-12-01T06:00:40.000Z',
    elapsedMs: 130,
    exitCode: 8,
    ending: 'failure',
    failure: { code: 'address-unavailable', reason: 'The port is taken.', advice: 'Choose another.' },
    listening: [],
    totals: { connections: 0, requests: 0, sentBytes: 0, clients: [] },
    ...changes,
  });

/** What arrived, sorted as the review sorts it. */
export function evidenceOf(items: readonly Item[]): Evidence {
  const contents = new Map<string, Buffer>();
  const objects = items.map(({ name, stamp = '20261201T060200Z', text = '', sha256 = SHA }): Collected => {
    const arrival = parseArrival(`a/directory/FM1/downlink/2026/12/01/${stamp}_${name}`, text.length);
    if (arrival === null) throw new Error(`${stamp}_${name} is no arrival`);
    contents.set(arrival.key, Buffer.from(text));
    return { ...arrival, sha256, path: `/review/${arrival.listedAs}` };
  });
  return sortEvidence(objects, (object) => contents.get(object.key) ?? Buffer.alloc(0));
}
