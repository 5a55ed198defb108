import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { projectRoot } from '../scripts/build/bundle.ts';
import { inSandbox, openSandbox, type Sandbox, upload } from '../scripts/simulate/sandbox.ts';
import { loopbackEnvironment, type OpenWindow, openWindow, type UserCommand } from '../scripts/simulate/window.ts';
import type { FetchEvent } from '../shared/event.ts';
import { type FetchReport, fetchReport, serveReport } from '../shared/report.ts';
import { freePort, listening, nodes } from './support/agent.ts';
import { long, rounds } from './support/effort.ts';
import { program, requires } from './support/requirement.ts';
import { temporaryDirectory } from './support/temporary.ts';

const python3 = program('python3');
const curl = program('curl');

/** Two payloads with both agents uploaded, on loopback. */
function satellite(node: string) {
  const home = temporaryDirectory();
  const payload = (name: string): Sandbox => {
    const sandbox = openSandbox(join(home, name));
    upload(sandbox, join(projectRoot, 'build', 'payload-serve'), '/persist/bin/payload-serve');
    upload(sandbox, join(projectRoot, 'build', 'payload-fetch'), '/persist/bin/payload-fetch');
    return sandbox;
  };
  const open = (sandbox: Sandbox, executable: string, ...words: string[]): OpenWindow => {
    const command: UserCommand = { executable, arguments: words };
    const environment = {
      PATH: process.env.PATH ?? '',
      ...loopbackEnvironment(sandbox, { own: '127.0.0.1', sdr: '127.0.0.1' }),
      PAYLOAD_NODE: node,
    };
    const window = openWindow(sandbox, command, { durationMs: 60_000, graceMs: 5000, environment });
    onTestFinished(async () => {
      window.cutPower();
      await window.ended;
    });
    return window;
  };
  return { sdr: payload('sdr'), sabertooth: payload('sabertooth'), open };
}

const serveOn = (port: number) => ['/persist/bin/payload-serve', String(port), '--bind', '0.0.0.0'] as const;

/** The tutorial's command, with our executable: the address is the SDR's own. */
const fetchFrom = (port: number) =>
  ['/persist/bin/payload-fetch', `http://10.2.1.8:${port}/var/log/syslog`, '-o', '/outbox/sdr_syslog'] as const;

const readFetchReport = ({ outbox }: Sandbox): FetchReport =>
  fetchReport.parse(JSON.parse(readFileSync(join(outbox, 'payload-fetch-report.json'), 'utf8')));

/** The line of payload-fetch's log that tells an event, once it does. */
function told({ outbox }: Sandbox, event: FetchEvent['event']): { readonly attempts?: number } | undefined {
  const log = join(outbox, 'payload-fetch-log.ndjson');
  const lines = existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(0, -1) : [];
  return lines.map((line) => JSON.parse(line)).find((line) => line.event === event);
}

function writeSyslog(sdr: Sandbox, sizeBytes: number): Buffer {
  const content = randomBytes(sizeBytes);
  writeFileSync(inSandbox(sdr, '/var/log/syslog'), content);
  return content;
}

describe.each(nodes)('the tutorial on %s', (_, node) => {
  it('with only its executables changed delivers the file, and both windows explain themselves', async () => {
    const { sdr, sabertooth, open } = satellite(node);
    const content = writeSyslog(sdr, 300_000);
    const port = await freePort();
    const serving = open(sdr, ...serveOn(port));
    await listening(port);
    const fetching = open(sabertooth, ...fetchFrom(port));
    expect(await fetching.exited).toEqual({ code: 0, signal: null });
    serving.abort();
    expect(await serving.ended).toEqual({ code: 0, signal: null });

    expect(readFileSync(join(sabertooth.outbox, 'sdr_syslog')).equals(content)).toBe(true);
    expect(readdirSync(sabertooth.outbox).sort()).toEqual([
      'payload-fetch-log.ndjson',
      'payload-fetch-report.json',
      'sdr_syslog',
    ]);
    expect(readFetchReport(sabertooth)).toMatchObject({ state: 'ended', exitCode: 0, files: [{ state: 'delivered' }] });
    const served = JSON.parse(readFileSync(join(sdr.outbox, 'payload-serve-report.json'), 'utf8'));
    expect(serveReport.parse(served)).toMatchObject({ state: 'ended', ending: 'signal', exitCode: 0 });
  });

  it('with payload-fetch alone takes what python3 serves', requires(python3), async () => {
    const { sdr, sabertooth, open } = satellite(node);
    const content = writeSyslog(sdr, 300_000);
    const port = await freePort();
    open(sdr, 'python3', '-m', 'http.server', String(port), '--bind', '127.0.0.1');
    await listening(port);
    const fetching = open(sabertooth, ...fetchFrom(port));
    expect(await fetching.exited).toEqual({ code: 0, signal: null });
    expect(readFileSync(join(sabertooth.outbox, 'sdr_syslog')).equals(content)).toBe(true);
    expect(readFetchReport(sabertooth).files).toMatchObject([{ state: 'delivered', verified: 'length' }]);
  });

  it('with payload-serve alone gives curl what it asks for', requires(curl), async () => {
    const { sdr, sabertooth, open } = satellite(node);
    const content = writeSyslog(sdr, 300_000);
    const port = await freePort();
    open(sdr, ...serveOn(port));
    await listening(port);
    const url = `http://127.0.0.1:${port}/var/log/syslog`;
    const fetching = open(sabertooth, 'curl', url, '-o', 'outbox/sdr_syslog');
    expect(await fetching.exited).toEqual({ code: 0, signal: null });
    expect(readFileSync(join(sabertooth.outbox, 'sdr_syslog')).equals(content)).toBe(true);
  });

  it('delivers when the SDR window opens after the SABERTOOTH one', async () => {
    const { sdr, sabertooth, open } = satellite(node);
    const content = writeSyslog(sdr, 300_000);
    const port = await freePort();
    const fetching = open(sabertooth, ...fetchFrom(port));
    await expect.poll(() => told(sabertooth, 'WaitingForServer'), { timeout: 10_000 }).toBeDefined();
    expect(readFetchReport(sabertooth).state).toBe('running');
    open(sdr, ...serveOn(port));
    expect(await fetching.exited).toEqual({ code: 0, signal: null });
    expect(told(sabertooth, 'ServerFound')?.attempts).toBeGreaterThan(1);
    expect(readFileSync(join(sabertooth.outbox, 'sdr_syslog')).equals(content)).toBe(true);
  });

  it('shows the outbox a whole file or none when the power goes off at any moment', { timeout: 300_000 }, async () => {
    const { sdr, sabertooth, open } = satellite(node);
    const content = writeSyslog(sdr, (long ? 32 : 8) * 1024 * 1024);
    const output = join(sabertooth.outbox, 'sdr_syslog');
    const port = await freePort();
    open(sdr, ...serveOn(port));
    await listening(port);
    const run = async (cutAfterMs: number): Promise<void> => {
      const fetching = open(sabertooth, ...fetchFrom(port));
      await Promise.race([fetching.exited, delay(cutAfterMs)]);
      fetching.cutPower();
      await fetching.ended;
      if (existsSync(output)) expect(readFileSync(output).equals(content)).toBe(true);
      if (existsSync(join(sabertooth.outbox, 'payload-fetch-report.json'))) readFetchReport(sabertooth);
    };
    const startedAt = performance.now();
    await run(60_000);
    const wholeRunMs = performance.now() - startedAt;
    for (let round = 0; round < rounds(50); round += 1) {
      rmSync(output, { force: true });
      await run(randomInt(Math.ceil(wholeRunMs)));
    }
    await run(60_000);
    expect(existsSync(output)).toBe(true);
    expect(readFetchReport(sabertooth)).toMatchObject({ state: 'ended', exitCode: 0 });
  });
});
