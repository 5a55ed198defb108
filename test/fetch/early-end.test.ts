import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runAgent } from '../support/agent.ts';
import { desk } from '../support/fetching.ts';
import { httpOrigin } from '../support/origin.ts';

/** A run that cannot have all that it was given. */
describe('the report of a run', () => {
  it.each([
    ['a missing file of sources', (home: string) => ['--input', join(home, 'none')]],
    ['a log that cannot be written', (home: string) => ['/f', '--log', join(home, 'none', 'log')]],
  ])('with %s says so: exit 7', async (_, args) => {
    const { outbox, run, report } = desk();
    expect((await run(args(outbox))).code).toBe(7);
    const failure = { code: 'disk-refused', reason: expect.stringContaining(join(outbox, 'none')) };
    expect(report()).toMatchObject({ state: 'ended', ending: 'failure', exitCode: 7, failure });
  });

  it('with an output that is a directory says so, and the other files are delivered: exit 7', async () => {
    const { url } = await httpOrigin((_, response) => response.end('x'));
    const { outbox, run, report, delivered } = desk();
    mkdirSync(join(outbox, 'taken'));
    expect((await run([`${url}/a`, `${url}/b`, '-o', 'taken', '-o', 'b'])).code).toBe(7);
    expect(delivered().sort()).toEqual(['b', 'taken']);
    expect(report()).toMatchObject({ state: 'ended', exitCode: 7 });
    expect(
      report()
        .files.map(({ failure }) => failure?.code)
        .sort(),
    ).toEqual(['disk-refused', undefined]);
  });

  it('is not begun for two outputs that are the same, nor an outbox made: exit 2', async () => {
    const { outbox, state } = desk();
    const missing = join(outbox, 'new');
    const args = ['/a', '/b', '-o', 'x', '-o', 'x', '--outbox', missing, '--state', state];
    expect((await runAgent('payload-fetch', args)).code).toBe(2);
    expect([existsSync(missing), existsSync(state)]).toEqual([false, false]);
  });
});

it('--until months ahead ends nothing before that', async () => {
  const { url } = await httpOrigin((_, response) => response.end('x'));
  const { run, report } = desk();
  const until = new Date(Date.now() + 60 * 24 * 3600 * 1000).toISOString();
  expect((await run([`${url}/f`, '--until', until])).code).toBe(0);
  expect(report()).toMatchObject({ ending: 'done' });
});

it('a file that its server wants to be asked for later holds back none that is due sooner', async () => {
  const { url, requests } = await httpOrigin((request, response) => {
    const first = requests.filter(({ line }) => line === `GET ${request.url}`).length < 2;
    if (first) response.writeHead(503, { 'Retry-After': request.url === '/late' ? 2 : 1 });
    response.end('x');
  });
  const { run } = desk();
  expect((await run([`${url}/late`, `${url}/soon`])).code).toBe(0);
  expect(requests.map(({ line }) => line)).toEqual(['GET /late', 'GET /soon', 'GET /soon', 'GET /late']);
});
