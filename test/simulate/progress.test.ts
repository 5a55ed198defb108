import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { followProgress } from '../../scripts/simulate/progress.ts';
import type { FetchReport } from '../../shared/report.ts';

it('says how much has come over the link, and ends when it is told to', async () => {
  const report = (fetchedBytes: number): FetchReport => ({
    schema: 'payload-fetch-report/1',
    agent: { name: 'payload-fetch', version: '0.1.0', protocol: 1, node: '16.20.2' },
    revision: 0,
    state: 'running',
    startedAt: '1970-01-01T00:00:12.345Z',
    elapsedMs: 1,
    allowedMs: null,
    exitCode: null,
    failure: null,
    ending: null,
    outbox: '/outbox',
    process: { pid: 1, startTicks: '2' },
    stateDirectory: '/persist/payload-fetch',
    server: { tried: [], answered: null, waitedMs: null },
    totals: { files: 1, delivered: 0, fetchedBytes, reusedBytes: 0, mendedBytes: 0 },
    link: { bytesPerSecond: null, firstByteMs: null },
    nextWindow: null,
    filesOmitted: 0,
    files: [
      {
        source: '/f',
        output: '/outbox/f',
        state: 'fetching',
        sizeBytes: 4096,
        fetchedBytes,
        reusedBytes: 0,
        mendedBytes: 0,
        sha256: null,
        verified: null,
        attempts: 1,
        failure: null,
      },
    ],
  });
  const answers = ['not JSON', '{}', ...[0, 1024, 1024, 2048].map((bytes) => JSON.stringify(report(bytes)))];
  const server = createServer((_, response) => response.end(answers.shift() ?? 'no more')).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as { port: number };

  const said: string[] = [];
  const ending = new AbortController();
  await followProgress(`http://127.0.0.1:${port}/status`, ending.signal, (text) => {
    said.push(text);
    if (said.length === 2) ending.abort();
  });
  expect(said).toEqual(['1.0 KiB of 4.0 KiB have come over the link', '2.0 KiB of 4.0 KiB have come over the link']);
});
