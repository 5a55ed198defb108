import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { featurePath } from '../../shared/protocol.ts';
import { serveReport } from '../../shared/report.ts';
import { freePort, nodes, runAgent } from '../support/agent.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { startServer } from './server.ts';
import { open } from './wire.ts';

const TOKEN = 'a-Token.that~nobody_guesses==';

function tokenFile(content: string): string {
  const path = join(temporaryDirectory(), 'token');
  writeFileSync(path, content);
  return path;
}

describe.each(nodes)('who may come in, on %s', (_, node) => {
  it.each([
    [['--allow', '127.0.0.1'], 200],
    [['--allow', '127.0.0.0/8'], 200],
    [['--allow', '10.2.1.0/24', '--allow', '127.0.0.1/32'], 200],
    [['--allow', '10.2.1.10'], 403],
    [['--allow', '::1'], 403],
  ])('%j: %i', async (args, status) => {
    const server = await startServer({ node, args });
    writeFileSync(join(server.root, 'f'), 'content');
    expect((await fetch(`${server.origin}/f`)).status).toBe(status);
    expect((await fetch(`${server.origin}/.well-known/payload-link`)).status).toBe(status);
  });

  it('only who has the token, which is told to nobody', async () => {
    const server = await startServer({ node, args: ['--token-file', tokenFile(`${TOKEN}\n`)] });
    writeFileSync(join(server.root, 'f'), 'content');
    const status = async (authorization?: string): Promise<number> => {
      const headers = authorization === undefined ? {} : { Authorization: authorization };
      return (await fetch(`${server.origin}/f?token=${TOKEN}`, { headers })).status;
    };
    expect(await status()).toBe(401);
    expect(await status(`Bearer ${TOKEN}x`)).toBe(401);
    expect(await status(`Basic ${TOKEN}`)).toBe(401);
    expect(await status(`bearer ${TOKEN}`)).toBe(200);
    const refused = await fetch(`${server.origin}/f`);
    expect(refused.headers.get('www-authenticate')).toBe('Bearer');
    expect(await refused.json()).toMatchObject({ error: 'token-needed' });

    server.child.kill('SIGTERM');
    const exit = await server.exit;
    const told = ['payload-serve-report.json', 'payload-serve-log.ndjson'].map((name) =>
      readFileSync(join(server.outbox, name), 'utf8'),
    );
    for (const text of [...told, exit.stdout, exit.stderr]) expect(text).not.toContain(TOKEN);
    expect(serveReport.parse(JSON.parse(told[0] ?? '')).refusals).toEqual({ 'token-needed': 4 });
  });
});

describe('bad input', () => {
  it.each([
    [['--allow', '10.2.1'], '10.2.1'],
    [['--allow', '10.2.1.0/33'], '10.2.1.0/33'],
    [['--allow', 'sabertooth'], 'sabertooth'],
    [['--links', 'some'], 'some'],
    [['--until', 'noon'], 'noon'],
    [['--until', '2000-01-01T00:00:00Z'], 'past'],
    [['--until', '2100-01-01T00:00:00'], '2100'],
    [['--log-budget', '1'], '--log-budget'],
    [['--max-connections', '0'], '--max-connections'],
    [['--idle-timeout', '-1'], 'idle-timeout'],
    [['--token-file', tokenFileArgument('two words')], 'token'],
    [['--token-file', tokenFileArgument('')], 'token'],
  ])('%j: one sentence, exit 2', async (args, named) => {
    const made = args.map((word) => (word.startsWith('token:') ? tokenFile(word.slice(6)) : word));
    const exit = await runAgent('payload-serve', [...made, '--outbox', temporaryDirectory()]);
    expect(exit.code).toBe(2);
    expect(exit.stderr).toContain(named);
    expect(exit.stderr.trim().split('\n')).toHaveLength(1);
  });

  it('a token file that is not there: exit 7', async () => {
    const port = String(await freePort());
    const exit = await runAgent('payload-serve', [port, '--token-file', '/no/token', '--outbox', temporaryDirectory()]);
    expect(exit.code).toBe(7);
    expect(exit.stderr).toContain('/no/token');
  });
});

/** Stands for a file of this content, which is made when the test runs. */
function tokenFileArgument(content: string): string {
  return `token:${content}`;
}

describe.each(nodes)('when the window ends, on %s', (_, node) => {
  const reportIn = (outbox: string) =>
    serveReport.parse(JSON.parse(readFileSync(join(outbox, 'payload-serve-report.json'), 'utf8')));

  it('--until, as seconds and as a moment', async () => {
    const until = Date.now() + 3000;
    const servers = await Promise.all([
      startServer({ node, args: ['--until', String(until / 1000)] }),
      startServer({ node, args: ['--until', new Date(until).toISOString()] }),
    ]);
    for (const server of servers) {
      expect((await server.exit).code).toBe(0);
      expect(reportIn(server.outbox)).toMatchObject({ state: 'ended', ending: 'duration', exitCode: 0 });
    }
    expect(Date.now()).toBeGreaterThan(until - 1000);
  });

  it('--exit-when-done: when the client says so, and what is under way is finished', async () => {
    const server = await startServer({ node, args: ['--exit-when-done'] });
    writeFileSync(join(server.root, 'large'), '');
    truncateSync(join(server.root, 'large'), 300_000_000);
    const reader = await open(server.port, 'GET /large HTTP/1.1\r\nHost: sdr\r\nConnection: close\r\n\r\n');
    expect((await fetch(`${server.origin}${featurePath('done')}`, { method: 'POST' })).status).toBe(204);
    let receivedBytes = 0;
    for await (const chunk of reader) receivedBytes += (chunk as Buffer).length;
    expect(receivedBytes).toBeGreaterThan(300_000_000);
    expect((await server.exit).code).toBe(0);
    expect(reportIn(server.outbox)).toMatchObject({ ending: 'done', exitCode: 0 });
  });

  it('without it the server stays', async () => {
    const server = await startServer({ node });
    writeFileSync(join(server.root, 'f'), 'content');
    expect((await fetch(`${server.origin}${featurePath('done')}`, { method: 'POST' })).status).toBe(204);
    expect((await fetch(`${server.origin}/f`)).status).toBe(200);
  });
});

it('names the program that holds the port', async () => {
  const server = await startServer();
  const outbox = temporaryDirectory();
  const exit = await runAgent('payload-serve', [String(server.port), '--bind', '127.0.0.1', '--outbox', outbox]);
  expect(exit.code).toBe(8);
  expect(exit.stderr).toContain(`pid ${server.child.pid}`);

  // TEST-NET-1, which no machine has.
  const elsewhere = await runAgent('payload-serve', [String(server.port), '--bind', '192.0.2.1', '--outbox', outbox]);
  expect(elsewhere.code).toBe(8);
  expect(elsewhere.stderr).toContain('no such address');
  expect(elsewhere.stderr).not.toContain('pid');
});
