import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../agents/fetch/delivery.ts';
import { Journal } from '../../agents/fetch/journal.ts';
import { LinkRate } from '../../agents/fetch/link-rate.ts';
import { Scheduler } from '../../agents/fetch/scheduler.ts';
import { Failure } from '../../shared/failure.ts';
import { runAgent } from '../support/agent.ts';
import { desk, noise, staged } from '../support/fetching.ts';
import { answerFile, httpOrigin } from '../support/origin.ts';
import { relay } from '../support/relay/relay.ts';
import { slow } from '../support/relay/slow.ts';
import { serving } from '../support/serving.ts';

const FILES = 20;
const FILE_BYTES = 300_000;

async function slowServer(bytesPerSecond: number) {
  const files = Object.fromEntries(Array.from({ length: FILES }, (_, at) => [`f${at}`, noise(FILE_BYTES)]));
  const { port } = await serving(files);
  const link = await relay(port, slow({ bytesPerSecond }));
  return { files, link, sources: Object.keys(files).map((name) => `${link.url}/${name}`) };
}

describe('--duration and --margin', () => {
  it('ends before the margin with the files that fit, whole, and the rest resumable', async () => {
    const { files, link, sources } = await slowServer(700_000);
    const { run, delivered, read, report } = desk();
    const { code } = await run([...sources, '--duration', '5', '--margin', '2']);
    expect(code).toBe(3);
    const { elapsedMs, totals, nextWindow, link: measured, files: told } = report();
    // Its own clock, which has no other process in it.
    expect(elapsedMs).toBeLessThan(4000);
    expect(totals.delivered).toBeGreaterThanOrEqual(2);
    expect(totals.delivered).toBeLessThan(FILES);
    expect(delivered()).toHaveLength(totals.delivered);
    for (const name of delivered()) expect(read(name).equals(files[name] ?? Buffer.alloc(0))).toBe(true);
    for (const file of told) if (file.state !== 'delivered') expect(file.state).toBe('resumable');
    expect(measured.bytesPerSecond).toBeGreaterThan(100_000);
    expect(nextWindow?.seconds).toBeGreaterThan(1);

    link.inject(null);
    expect((await run(sources)).code).toBe(0);
    expect(delivered()).toHaveLength(FILES);
  });

  it('takes a margin that leaves nothing of the window for a mistake', async () => {
    expect(await desk().run(['/x', '--duration', '2', '--margin', '5'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--margin 5'),
    });
  });

  it('has --until mean the same by the clock', async () => {
    const { sources } = await slowServer(100_000);
    const { run, report } = desk();
    // Long enough for a busy machine to begin within it.
    const until = new Date(Date.now() + 6000).toISOString();
    expect((await run([...sources, '--until', until])).code).toBe(3);
    expect(report()).toMatchObject({ ending: 'duration' });
    const seconds = String(Math.ceil(Date.now() / 1000) + 2);
    expect((await desk().run(['http://127.0.0.1:19999/x', '--until', seconds])).code).toBe(4);
    expect((await desk().run(['/x', '--until', '2021-09-06T04:32:29Z'])).code).toBe(2);
  });

  it('ends within a second of SIGTERM, with a true report', async () => {
    const { sources } = await slowServer(100_000);
    const { state, start, report } = desk();
    const { child, exit } = start([...sources, '--json']);
    await staged(state, 50_000);
    child.kill('SIGTERM');
    const { code, stdout } = await exit;
    expect(code).toBe(3);
    expect(report()).toMatchObject({ state: 'ended', ending: 'signal', exitCode: 3 });
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const ending = events.find(({ event }) => event === 'WindowEnding');
    // Its own clock, which has no other process in it.
    expect(report().elapsedMs - ending.elapsedMs).toBeLessThan(1000);
  });

  it('waits for no file that does not heed the end', async () => {
    const ending = new AbortController();
    const failures: string[] = [];
    // As one whose large part is being hashed.
    const deaf = {
      lane: 'bulk',
      priority: 0,
      leftBytes: 1,
      isEndless: false,
      settled: false,
      notBeforeMs: 0,
      item: { peer: { current: {} } },
      step: () => new Promise<void>(() => ending.abort(new Failure('time-ran-out', 'The end.'))),
      fail: ({ code }: Failure) => failures.push(code),
    };
    const scheduler = new Scheduler(new LinkRate(() => 0), null, ending.signal, 1);
    scheduler.add([deaf as unknown as Delivery]);
    await scheduler.run(Promise.resolve());
    expect(failures).toEqual(['time-ran-out']);
  });

  it('keeps durably what came until then', async () => {
    const { url } = await httpOrigin((request, response) => {
      answerFile(request, response, { content: noise(1_000_000), etag: '"v"' }, { stallAfterBytes: 300_000 });
    });
    const { state, run } = desk();
    expect((await run([`${url}/f`, '--duration', '3'])).code).toBe(3);
    const journal = new Journal(state);
    journal.close();
    expect([...journal.marks.values()]).toMatchObject([{ bytes: 300_000 }]);
  });
});

describe('--budget', () => {
  it('keeps the outbox below it, what already lies there included, and says what was held back', async () => {
    const files = Object.fromEntries(Array.from({ length: FILES }, (_, at) => [`f${at}`, noise(FILE_BYTES)]));
    const { url } = await serving(files);
    const { outbox, run, delivered, report } = desk();
    writeFileSync(join(outbox, 'other'), noise(1_000_000));
    expect((await run([...Object.keys(files).map((name) => `${url}/${name}`), '--budget', '3MB'])).code).toBe(3);
    const bytes = readdirSync(outbox).reduce((total, name) => total + statSync(join(outbox, name)).size, 0);
    expect(bytes).toBeLessThanOrEqual(3_000_000);
    expect(delivered().length).toBeGreaterThanOrEqual(5);
    const held = report().files.filter((file) => file.state === 'held back');
    expect(held.length).toBe(FILES - (delivered().length - 1));
    expect(held[0]?.failure?.code).toBe('over-budget');
  });

  it('counts a body without a length, and one that an earlier window has kept whole', async () => {
    const content = noise(400_000);
    const { url } = await httpOrigin((request, response) => {
      if (request.url === '/kept') return void answerFile(request, response, { content, etag: '"v"' });
      response.write(content);
      response.end();
    });
    const { outbox, run, delivered, report } = desk();
    mkdirSync(join(outbox, 'kept'));
    expect((await run([`${url}/kept`])).code).toBe(7);
    rmSync(join(outbox, 'kept'), { recursive: true });
    const sources = ['a', 'b', 'c'].map((name) => `${url}/${name}`);
    expect((await run([...sources, '--budget', '1MB'])).code).toBe(3);
    expect(delivered()).toHaveLength(2);
    expect((await run([`${url}/kept`, '--budget', '1MB'])).code).toBe(3);
    expect(report().files).toMatchObject([{ state: 'held back' }]);
    expect(delivered()).toHaveLength(2);
  });

  it('counts what the run tells of itself, and no more than that', async () => {
    const names = Array.from({ length: 300 }, () => noise(20).toString('hex'));
    const { url } = await httpOrigin((_, response) => response.end(noise(500)));
    const { outbox, run, delivered } = desk();
    expect((await run([`${url}/small`, '--budget', '64KiB'])).code).toBe(0);
    const sources = names.map((name) => `${url}/${name}`);
    expect((await run([...sources, '--budget', '150kB', '--full-report'])).code).toBe(3);
    const bytes = readdirSync(outbox).reduce((total, name) => total + statSync(join(outbox, name)).size, 0);
    expect(bytes).toBeLessThanOrEqual(150_000);
    expect(delivered().length).toBeGreaterThan(50);
  });

  it('bounds a body without an end', async () => {
    const { url } = await httpOrigin((request, response) => {
      if (request.method === 'HEAD') return void response.end();
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', more);
      more();
    });
    const { run, delivered, report } = desk();
    expect((await run([`${url}/endless`, '--budget', '5MB'])).code).toBe(3);
    expect(delivered()).toEqual([]);
    expect(report().totals.fetchedBytes).toBeLessThan(6_000_000);
  });
});

describe('the report', () => {
  it('stays under 4 KiB for ten files, and is bounded for many, with every one in the full report', async () => {
    const names = Array.from({ length: 200 }, (_, at) => `file-${at}`);
    const { url } = await httpOrigin((request, response) => {
      if (request.url === '/file-7') response.statusCode = 404;
      response.end('x');
    });
    const ten = desk();
    expect((await ten.run(names.slice(20, 30).map((name) => `${url}/${name}`))).code).toBe(0);
    const reportBytes = statSync(join(ten.outbox, 'payload-fetch-report.json')).size;
    expect(reportBytes).toBeLessThan(4096);

    const long = desk();
    const longNames = names.slice(0, 10).map((name) => name.padEnd(240, 'x'));
    expect((await long.run(longNames.map((name) => `${url}/${name}`))).code).toBe(0);
    expect(statSync(join(long.outbox, 'payload-fetch-report.json')).size).toBeLessThan(4096);
    const { files, filesOmitted } = long.report();
    expect(files.length).toBeGreaterThan(2);
    expect(files.length + filesOmitted).toBe(10);

    const { outbox, run, read, report } = desk();
    expect((await run([...names.map((name) => `${url}/${name}`), '--full-report'])).code).toBe(5);
    expect(statSync(join(outbox, 'payload-fetch-report.json')).size).toBeLessThanOrEqual(12 * 1024);
    expect(report()).toMatchObject({ totals: { files: 200, delivered: 199 } });
    expect(report().files[0]).toMatchObject({ source: `${url}/file-7`, state: 'refused' });
    const full = JSON.parse(gunzipSync(read('payload-fetch-full-report.json.gz')).toString());
    expect(full.files).toHaveLength(200);
  });

  it('of an earlier run in the same window is kept', async () => {
    const { url } = await httpOrigin((_, response) => response.end('x'));
    const { outbox, run, report } = desk();
    for (const name of ['a', 'b', 'c']) await run([`${url}/${name}`, '--full-report']);
    expect(report().files[0]?.source).toBe(`${url}/c`);
    for (const kind of ['report', 'full-report']) {
      const earlier = new RegExp(`^payload-fetch-${kind}-\\d\\.json`);
      expect(readdirSync(outbox).filter((name) => earlier.test(name))).toHaveLength(2);
    }
  });

  it('of every run that begins at the same moment is kept', async () => {
    const { url } = await httpOrigin((_, response) => response.end('x'));
    const { outbox, state, run, delivered } = desk();
    await run([`${url}/earlier`]);
    const runs = ['a', 'b', 'c'].map((name) => {
      const args = [`${url}/${name}`, '--outbox', outbox, '--state', `${state}-${name}`, '--full-report'];
      return runAgent('payload-fetch', args);
    });
    expect((await Promise.all(runs)).map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(delivered().sort()).toEqual(['a', 'b', 'c', 'earlier']);
    const names = readdirSync(outbox).filter((name) => /^payload-fetch-report.*\.json$/.test(name));
    const sources = names.map((name) => JSON.parse(readFileSync(join(outbox, name), 'utf8')).files[0].source);
    expect(sources.sort()).toEqual(['a', 'b', 'c', 'earlier'].map((name) => `${url}/${name}`));
    expect(readdirSync(outbox).filter((name) => name.endsWith('.gz'))).toHaveLength(3);
  });
});
