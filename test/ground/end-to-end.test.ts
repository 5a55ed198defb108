import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { parse } from 'yaml';
import { projectRoot } from '../../scripts/build/bundle.ts';
import { type FetchReport, fetchReport } from '../../shared/report.ts';
import { type TestDesk, testDesk } from '../satellite/desk.ts';
import { freePort } from '../support/agent.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { type Run, runPayloadLink, spawnPayloadLink } from './command.ts';

/** The whole loop against the simulated satellite: its Tasking API and S3 over HTTP, the built bundles in its windows. */

interface Ground {
  readonly desk: TestDesk;
  readonly directory: string;
  /** Runs `payload-link` in the directory, with what the desk needs. */
  run(...words: string[]): Promise<Run>;
}

const review = ({ run, desk }: Ground): Promise<Run> =>
  run('review', 's3://customer-s3-bucket/a/directory', '--endpoint', desk.s3Endpoint);

/** Waiting takes no time here, and windows may be as short as a program takes. */
async function ground(...options: readonly string[]): Promise<Ground> {
  const loop = await spawnedGround(...options);
  const home = process.cwd();
  process.chdir(loop.directory);
  for (const [name, value] of Object.entries(loop.env)) vi.stubEnv(name, value);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    process.chdir(home);
  });
  return { ...loop, run: (...words) => runPayloadLink(words, process.env) };
}

/** The same with the command as an operator starts it, which takes a second each time. */
async function spawnedGround(...options: readonly string[]): Promise<Ground & { env: Record<string, string> }> {
  const desk = await testDesk('--time-scale', '100000', ...options);
  const directory = temporaryDirectory();
  const env = {
    PAYLOAD_LINK_API: desk.url,
    PAYLOAD_LINK_TOKEN: 'desk-token',
    AWS_ACCESS_KEY_ID: 'anybody',
    AWS_SECRET_ACCESS_KEY: 'at-all',
  };
  return { desk, directory, env, run: (...words) => spawnPayloadLink(words, { cwd: directory, env }) };
}

function writeMission(directory: string, members: object): string {
  const build = join(projectRoot, 'build');
  const mission = {
    satellites: ['FM1'],
    start: '+190s',
    duration: 6,
    minimumWindow: 1,
    offset: 1,
    boot: 1,
    serve: { file: join(build, 'payload-serve') },
    fetch: { file: join(build, 'payload-fetch') },
    ...members,
  };
  // JSON is YAML.
  writeFileSync(join(directory, 'mission.yaml'), JSON.stringify(mission));
  return 'mission.yaml';
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What arrived under a name, oldest first, as the review brought it here. */
function arrived(ground: Ground, listing: string, name: string): readonly Buffer[] {
  const keys = [...listing.matchAll(new RegExp(`^.* (\\S+Z_${name})$`, 'gm'))].map((match) => match[1] ?? '');
  return keys.map((key) => readFileSync(join(ground.directory, 'review', 'FM1', key)));
}

function reports(ground: Ground, listing: string): readonly FetchReport[] {
  return arrived(ground, listing, 'payload-fetch-report.json').map((text) =>
    fetchReport.parse(JSON.parse(text.toString())),
  );
}

describe('the loop of the ground', () => {
  test("plan, deploy, status and review bring the tutorial's file down, its digest checked", async () => {
    const loop = await spawnedGround();
    const mission = writeMission(loop.directory, { files: [{ path: '/var/log/syslog', as: 'sdr_syslog' }] });
    expect(await loop.run('plan', mission)).toMatchObject({ code: 0 });
    expect(await loop.run('deploy', mission)).toMatchObject({ code: 0, stderr: '' });
    expect(await loop.run('status', '--watch', '--interval', '1s')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/UPLOADED[\s\S]*SYNCED/),
    });
    await loop.desk.told(/Delivered: .*_sdr_syslog/);
    await loop.desk.told(/Delivered: .*_payload-fetch-report/);

    const reviewed = await review(loop);
    expect(reviewed).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Complete: 1 file arrived and verified.'),
    });
    expect(reviewed.stdout).toMatch(/^a\/directory\/FM1\/downlink\/:\n.* 0 \d{4}\/\n.* 0 \d{4}\/\d\d\/\n/);
    const source = readFileSync(join(loop.desk.directory, 'FM1/sdr/var/log/syslog'));
    expect(arrived(loop, reviewed.stdout, 'sdr_syslog').map(sha256)).toEqual([sha256(source)]);
    const page = readFileSync(join(loop.directory, 'review/review.html'), 'utf8');
    expect(page).toContain('Complete: 1 file arrived and verified.');
    expect(page).toMatch(/SDR window as planned/);
    expect(page).toMatch(/Both programs ran/);

    expect(await loop.run('deploy', mission)).toMatchObject({ stdout: expect.stringContaining('Deployed already') });
  }, 120_000);

  test('a power cut in mid-transfer: the next window finishes the file, and moves nothing twice', async () => {
    const loop = await ground('--fault', 'FM1/SABERTOOTH/power-cut=3', '--fault', 'FM1/SDR/link-slow=2000000');
    const sizeBytes = 8_000_000;
    const content = randomBytes(sizeBytes);
    mkdirSync(join(loop.desk.directory, 'FM1/sdr/persist'), { recursive: true });
    writeFileSync(join(loop.desk.directory, 'FM1/sdr/persist/samples.iq'), content);
    const mission = writeMission(loop.directory, { files: [{ path: '/persist/samples.iq', size: sizeBytes }] });
    expect(await loop.run('deploy', mission)).toMatchObject({ code: 0, stderr: '' });
    await loop.desk.told(/The power is cut/);
    await loop.desk.told(/Delivered: .*_payload-fetch-report/);

    const missing = await review(loop);
    expect(missing).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(/samples\.iq .*cut off, by loss of power/),
    });
    const [cut] = reports(loop, missing.stdout);
    expect(cut).toMatchObject({ state: 'running' });
    expect(parse(readFileSync(join(loop.directory, 'review/next-FM1.yaml'), 'utf8'))).toMatchObject({
      files: [{ path: '/persist/samples.iq', size: sizeBytes }],
      kept: sizeBytes - (cut?.nextWindow?.leftBytes ?? 0),
    });

    expect(await loop.run('deploy', 'review/next-FM1.yaml')).toMatchObject({ code: 0, stderr: '' });
    await loop.desk.told(/Delivered: .*_persist_samples\.iq/);
    const complete = await review(loop);
    expect(complete).toMatchObject({ code: 0, stdout: expect.stringContaining('Complete: 1 file') });
    expect(arrived(loop, complete.stdout, 'persist_samples.iq').map(sha256)).toEqual([sha256(content)]);
    const last = reports(loop, complete.stdout).at(-1);
    expect(last?.totals.reusedBytes).toBeGreaterThan(0);
    expect(last?.totals).toMatchObject({ fetchedBytes: sizeBytes - (last?.totals.reusedBytes ?? 0) });
  }, 120_000);

  test.each([
    ['an unknown satellite', { satellites: ['FM9'] }, 5, /FM9 is not among .*: FM1/],
    ['a window in the past', { start: '2021-09-06T04:32:29Z' }, 2, /in the past/],
  ])('%s: one sentence, and its exit code', async (_, members, code, sentence) => {
    const loop = await ground();
    const mission = writeMission(loop.directory, { files: ['/var/log/syslog'], ...members });
    const run = await loop.run('deploy', mission);
    expect(run.code).toBe(code);
    expect(run.stderr).toMatch(sentence);
  });

  test('a bucket that nobody answers for: exit 4; one that is not there: exit 5', async () => {
    const loop = await ground();
    const nowhere = await loop.run('review', 's3://no-such-bucket', '--endpoint', loop.desk.s3Endpoint);
    expect(nowhere).toMatchObject({ code: 5, stderr: expect.stringMatching(/NoSuchBucket/) });
    const silent = await loop.run('review', 's3://a-bucket', '--endpoint', `http://127.0.0.1:${await freePort()}`);
    expect(silent).toMatchObject({ code: 4, stderr: expect.stringMatching(/ECONNREFUSED/) });
  });
});
