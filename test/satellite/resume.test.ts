import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fetchReport } from '../../shared/report.ts';
import { testDesk } from './desk.ts';
import { delivered } from './objects.ts';

it('finishes in the next window what a power cut broke off, without moving again what was moved', async () => {
  const options = ['--fault', 'FM1/SDR/link-slow=60000', '--fault', 'FM1/SABERTOOTH/power-cut=3'];
  const desk = await testDesk(...options);
  const report = async () => fetchReport.parse(JSON.parse(String(await delivered(desk, 'payload-fetch-report.json'))));
  const tutorial = async (): Promise<void> => {
    const order = { satellite_id: 'FM1', with: 'agents', source: '/var/log/syslog', output: 'sdr_syslog' };
    const body = JSON.stringify({ ...order, duration: 6, offset: 1 });
    expect(await desk.ask('POST', '/desk/orders/tutorial', body)).toMatchObject({ status: 200 });
  };

  await tutorial();
  await desk.told(/Delivered: .*Z_payload-fetch-report/);
  const first = await report();
  expect(first).toMatchObject({ state: 'running', totals: { delivered: 0, reusedBytes: 0 } });
  expect(first.totals.fetchedBytes).toBeGreaterThan(0);
  expect(await delivered(desk, 'sdr_syslog')).toBeUndefined();

  await tutorial();
  await desk.told(/Delivered: .*Z_sdr_syslog/);
  const source = readFileSync(join(desk.directory, 'FM1/sdr/var/log/syslog'));
  expect((await delivered(desk, 'sdr_syslog'))?.equals(source)).toBe(true);
  const second = await report();
  expect(second).toMatchObject({ state: 'ended', totals: { delivered: 1 } });
  expect(second.totals.reusedBytes).toBeGreaterThan(0);
  expect(second.totals.fetchedBytes).toBe(source.length - second.totals.reusedBytes);
});
