import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../../scripts/build/bundle.ts';
import { PATHS, UPLOAD_FIELD } from '../../scripts/tasking/api.ts';
import { mountNamespaces, networkNamespaces, program, requires } from '../support/requirement.ts';
import { concurrentDesk, inSeconds, type TestDesk, testDesk, windowBody } from './desk.ts';
import { delivered } from './objects.ts';

async function uploadBundle(desk: TestDesk, payload: string, name: string): Promise<void> {
  const form = new FormData();
  form.set(UPLOAD_FIELD, new Blob([readFileSync(join(projectRoot, 'build', name))]), name);
  const destination_path = `/persist/bin/${name}`;
  const query = new URLSearchParams({ satellite_id: 'FM1', payload, destination_path, executable: 'true' });
  await desk.ask('POST', `${PATHS.upload}?${query}`, form);
}

/** Two windows that overlap, as in the tutorial, at its real addresses. */
async function tutorial(desk: TestDesk, sdr: readonly string[], sabertooth: readonly string[]): Promise<void> {
  const start = inSeconds(2);
  const [server = '', ...serverWords] = sdr;
  const [client = '', ...clientWords] = sabertooth;
  await desk.ask('POST', PATHS.window, windowBody({ start, duration: 7 }, server, ...serverWords));
  const second = { type: 'PAYLOAD_SABERTOOTH', start: start + 3, duration: 4 } as const;
  await desk.ask('POST', PATHS.window, windowBody(second, client, ...clientWords));
}

const SERVE = ['10101', '--bind', '0.0.0.0'];
const FETCH = ['http://10.2.1.8:10101/var/log/syslog', '-o', '/outbox/sdr_syslog'];

const needs = requires(networkNamespaces(), mountNamespaces(), program('nft', 'nftables'));

describe.concurrent('a satellite of namespaces', needs, () => {
  const syslog = (desk: TestDesk) => readFileSync(join(desk.directory, 'FM1/sdr/var/log/syslog'));

  it.for<[string, string[], string[]]>([
    ["the tutorial's literal command lines", ['python3', '-m', 'http.server', ...SERVE], ['curl', ...FETCH]],
    [
      'ours, with only the executables changed',
      ['/persist/bin/payload-serve', ...SERVE],
      ['/persist/bin/payload-fetch', ...FETCH],
    ],
  ])('delivers the file at 10.2.1.8 by %s', async ([, sdr, sabertooth], context) => {
    const desk = await concurrentDesk(context, '--network', 'namespaces');
    await uploadBundle(desk, 'SDR', 'payload-serve');
    await uploadBundle(desk, 'SABERTOOTH', 'payload-fetch');
    await tutorial(desk, sdr, sabertooth);
    await desk.told(/Delivered: .*Z_sdr_syslog/);
    expect((await delivered(desk, 'sdr_syslog'))?.equals(syslog(desk))).toBe(true);
  });

  it('keeps the system read-only, and shows the payload no other root', async (context) => {
    const desk = await concurrentDesk(context, '--network', 'namespaces');
    const script = 'pwd; touch /usr/x 2>&1; touch /etc/x 2>&1; ls -d /home /root 2>/dev/null; ls /var/log';
    await desk.ask('POST', PATHS.window, windowBody({}, 'sh', '-c', `(${script}) >/outbox/seen`));
    await desk.told(/Delivered: .*Z_seen/);
    const lines = String(await delivered(desk, 'seen'))
      .trim()
      .split('\n');
    expect(lines).toEqual(['/', expect.stringMatching(/Read-only/), expect.stringMatching(/Read-only/), 'syslog']);
  });

  it('passes ports from 10000 on only', async (context) => {
    const desk = await concurrentDesk(context, '--network', 'namespaces');
    const url = 'http://10.2.1.12:9999/var/log/syslog';
    await tutorial(desk, ['python3', '-m', 'http.server', '9999'], ['curl', '-sS', url, '-o', '/outbox/never']);
    expect((await desk.told(/curl ended/)).message).toMatch(/exit code 7/);
  });

  it('breaks connections where the link is lossy', async (context) => {
    const desk = await concurrentDesk(context, '--network', 'namespaces', '--fault', 'FM1/SDR/link-lossy=50000');
    await tutorial(desk, ['python3', '-m', 'http.server', ...SERVE], ['curl', '-sS', ...FETCH]);
    expect((await desk.told(/curl ended/)).message).toMatch(/exit code 56/);
  });
});

it('leaves no namespace behind', needs, async () => {
  const desk = await testDesk('--network', 'namespaces');
  await desk.ask('POST', PATHS.window, windowBody({}, 'true'));
  await desk.told(/closes; 0 files/);
  const ours = () => String(execFileSync('ip', ['netns', 'list'])).includes(`payload-link-${process.pid}.`);
  expect(ours()).toBe(true);
  await desk.close();
  expect(ours()).toBe(false);
});
