import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serveReport } from '../../shared/report.ts';
import { freePort, nodes, runAgent } from '../support/agent.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { startServer } from './server.ts';

const readReport = (outbox: string, suffix = '') =>
  serveReport.parse(JSON.parse(readFileSync(join(outbox, `payload-serve-report${suffix}.json`), 'utf8')));

describe.each(nodes)('a run of payload-serve on %s', (_, node) => {
  it('ends by its duration with 0 and a whole report', async () => {
    const server = await startServer({ node, args: ['--duration', '3'] });
    writeFileSync(join(server.root, 'f'), 'content');
    expect(await (await fetch(`${server.origin}/f`)).text()).toBe('content');
    expect((await fetch(`${server.origin}/absent`)).status).toBe(404);
    expect(readReport(server.outbox).state).toBe('running');

    expect((await server.exit).code).toBe(0);
    const report = readReport(server.outbox);
    expect(report).toMatchObject({
      state: 'ended',
      ending: 'duration',
      exitCode: 0,
      failure: null,
      allowedMs: 3000,
      directory: server.root,
      listening: [{ address: '127.0.0.1', port: server.port }],
      files: [{ path: '/f', requests: 1, sentBytes: 7, clients: ['127.0.0.1'] }],
      refusals: { absent: 1 },
    });
    expect(report.elapsedMs).toBeLessThanOrEqual(3000);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('ends by %s with 0 and a whole report', async (signal) => {
    const server = await startServer({ node });
    server.child.kill(signal);
    expect((await server.exit).code).toBe(0);
    expect(readReport(server.outbox)).toMatchObject({ state: 'ended', ending: 'signal', exitCode: 0 });
  });

  it('says that the port is taken, with exit 8 and a report', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const outbox = temporaryDirectory();
    const exit = await runAgent('payload-serve', [String(port), '--bind', '127.0.0.1', '--outbox', outbox], { node });
    other.close();
    expect(exit.code).toBe(8);
    expect(exit.stderr).toContain(`port ${port}`);
    expect(readReport(outbox)).toMatchObject({ state: 'ended', exitCode: 8, failure: { code: 'address-unavailable' } });
  });
});

it('leaves a living run its report and its log', async () => {
  const server = await startServer();
  const { outbox } = server;
  await expect.poll(() => readdirSync(outbox)).toContain('payload-serve-report.json');
  const exit = await runAgent('payload-serve', [String(server.port), '--bind', '127.0.0.1', '--outbox', outbox]);
  expect(exit.code).toBe(8);
  expect(readReport(outbox)).toMatchObject({ state: 'running', process: { pid: server.child.pid } });
  server.child.kill('SIGTERM');
  await server.exit;
  expect(readReport(outbox)).toMatchObject({ state: 'ended', exitCode: 0 });
  expect(readReport(outbox, '-1')).toMatchObject({ state: 'ended', exitCode: 8 });
  const eventsIn = (name: string): string[] =>
    [...readFileSync(join(outbox, name), 'utf8').matchAll(/"event":"(\w+)"/g)].map(([, event = '']) => event);
  expect(eventsIn('payload-serve-log.ndjson')).toEqual(['Listening', 'WindowEnding', 'Closed']);
  expect(eventsIn('payload-serve-log-1.ndjson')).toEqual(['RunFailed', 'Closed']);
});

it('says where it looked for an outbox, and found none', async () => {
  const root = temporaryDirectory();
  const port = String(await freePort());
  const args = [port, '--bind', '127.0.0.1', '--directory', root, '--duration', '0.2'];
  const exit = await runAgent('payload-serve', args, { env: { PAYLOAD_ROOT: root } });
  expect(exit.stderr).toContain(`no outbox at ${join(root, 'outbox')}`);
});

describe('bad input', () => {
  it.each([
    [['--no-such-flag'], 'no-such-flag'],
    [['--bind', ''], '--bind'],
  ])('%j: one sentence, exit 2, nothing created', async (args, named) => {
    const outbox = temporaryDirectory();
    const exit = await runAgent('payload-serve', [...args, '--outbox', outbox]);
    expect(exit.code).toBe(2);
    expect(exit.stderr).toContain(named);
    expect(exit.stderr.trim().split('\n')).toHaveLength(1);
    expect(readdirSync(outbox)).toEqual([]);
  });

  it.each([
    ['--directory', '/no/such/directory'],
    ['--log', '/no/such/log'],
    ['--token-file', '/no/such/token'],
  ])('%s %s, which is not there: exit 7 and a report', async (...args) => {
    const outbox = temporaryDirectory();
    const port = String(await freePort());
    const exit = await runAgent('payload-serve', [port, ...args, '--outbox', outbox]);
    expect(exit.code).toBe(7);
    expect(exit.stderr).toContain(args[1]);
    expect(readReport(outbox)).toMatchObject({
      state: 'ended',
      ending: 'failure',
      exitCode: 7,
      failure: { code: 'disk-refused', reason: expect.stringContaining(args[1]) },
      listening: [],
    });
  });

  it('an outbox that is not there: exit 7', async () => {
    const port = String(await freePort());
    const exit = await runAgent('payload-serve', [port, '--outbox', '/no/such/outbox']);
    expect(exit.code).toBe(7);
    expect(exit.stderr).toContain('/no/such/outbox');
  });
});
