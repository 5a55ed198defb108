import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { selectionOf } from '../../agents/fetch/expand.ts';
import { parseInput } from '../../agents/fetch/input-file.ts';
import { fits, inOrder, secondsToAskFor } from '../../agents/fetch/plan.ts';
import { parseAddress, parseSource } from '../../agents/fetch/source.ts';
import { freePort, runAgent } from '../support/agent.ts';
import { desk, noise, sha256 } from '../support/fetching.ts';
import { httpOrigin } from '../support/origin.ts';
import { serving } from '../support/serving.ts';

it('--help breaks no line in the middle of a word', async () => {
  const { stdout } = await runAgent('payload-fetch', ['--help']);
  const options = stdout.slice(stdout.indexOf('Options:')).trim().split('\n').slice(1);
  for (const line of options) expect(line).toMatch(/^ .*\]$/);
});

describe('parseSource', () => {
  it.each([
    ['http://10.2.1.8:10101/var/log/a', { host: '10.2.1.8', port: 10101 }, '/var/log/a', '/var/log/a'],
    ['http://[::1]:10101/a%20b?c#d', { host: '::1', port: 10101 }, '/a%20b?c', '/a b'],
    ['/var/log/my file', null, '/var/log/my%20file', '/var/log/my file'],
    ['/caf\u00e9', null, '/caf%C3%A9', '/caf\u00c3\u00a9'],
  ])('%s', (text, address, target, path) => expect(parseSource(text)).toEqual({ text, address, target, path }));

  it.each(['', 'a/b', 'ftp://h:10101/x', 'http://u:p@h:10101/x', 'http://h/x', 'http://h:10101/%zz', '/a\0b'])(
    'refuses %j',
    (text) => expect(() => parseSource(text)).toThrow(expect.objectContaining({ code: 'usage' })),
  );
});

describe('parseAddress', () => {
  it.each([
    ['10.2.1.8', { host: '10.2.1.8', port: 10101 }],
    ['sdr:12000', { host: 'sdr', port: 12000 }],
    ['[::1]:12000', { host: '::1', port: 12000 }],
  ])('%s', (text, address) => expect(parseAddress(text)).toEqual(address));
});

describe('selectionOf', () => {
  it.each([
    ['/var/log/*.log', false, { directory: '/var/log/', pattern: '*.log', depth: 1 }],
    ['/var/*/x.log', false, { directory: '/var/', pattern: '*/x.log', depth: 2 }],
    ['/var/**/x.log', false, { directory: '/var/', pattern: '**/x.log', depth: 32 }],
    ['/var/log/*.log', true, { directory: '/var/log/', pattern: '*.log', depth: 32 }],
    ['/var/log/', false, { directory: '/var/log/', pattern: null, depth: 1 }],
    ['/var/log', true, { directory: '/var/log/', pattern: null, depth: 32 }],
    ['/var/log/syslog', false, null],
    ['http://h:10101/x?a=*', false, null],
    ['http://h:10101/a%5B1%5D%3F%2A', false, null],
    ['http://h:10101/a%20*', false, { directory: '/', pattern: 'a *', depth: 1 }],
    ['http://h:10101/q%3Fd/*.txt', false, { directory: '/q?d/', pattern: '*.txt', depth: 1 }],
    ['http://h:10101/*%5b%3F', false, { directory: '/', pattern: '*[[][?]', depth: 1 }],
    ['/100%25/*', false, { directory: '/100%25/', pattern: '*', depth: 1 }],
    ['/%3F*', false, { directory: '/', pattern: '%3F*', depth: 1 }],
  ])('%s, recursive %s', (text, recursive, selection) =>
    expect(selectionOf(parseSource(text), recursive)).toEqual(selection),
  );
});

describe('parseInput', () => {
  it('reads a source a line, with what it has for itself', () => {
    const hash = 'a'.repeat(64);
    const text = `# wanted\n/a -o "#b" --priority 5 # soon\n\n"/two words" --sha256 ${hash.toUpperCase()}\r\nhttp://h:10101/x`;
    const none = { output: null, priority: 0, sha256: null };
    expect(parseInput(text, 'f')).toEqual([
      { ...none, source: parseSource('/a'), output: '#b', priority: 5 },
      { ...none, source: parseSource('/two words'), sha256: hash },
      { ...none, source: parseSource('http://h:10101/x') },
    ]);
  });

  it.each(['/a -o', '/a --sha256 xyz', '/a --priority high', '/a -x 1', 'a'])('names the line of %j', (line) =>
    expect(() => parseInput(`/ok\n${line}`, 'list')).toThrow(/^list:2: /),
  );
});

describe('the plan', () => {
  it('puts the higher priority first, then what finishes soonest, then what may have no end', () => {
    const files = [
      { priority: 0, leftBytes: null, isEndless: true },
      { priority: 0, leftBytes: 9, isEndless: false },
      { priority: 0, leftBytes: 1, isEndless: false },
      { priority: 5, leftBytes: 100, isEndless: false },
    ];
    expect([...files].sort(inOrder).map((file) => file.leftBytes)).toEqual([100, 1, 9, null]);
  });

  it.each([
    [{ leftMs: null, bytesPerSecond: 1 }, true],
    [{ leftMs: 1, bytesPerSecond: null }, true],
    [{ leftMs: 2000, bytesPerSecond: 1000 }, true],
    [{ leftMs: 900, bytesPerSecond: 1000 }, false],
  ])('admits what the measured rate lets end in time: %j', (room, expected) => {
    expect(fits({ priority: 0, leftBytes: 1000, isEndless: false }, room)).toBe(expected);
  });

  it('says what the next window should ask for', () => {
    expect(secondsToAskFor(1_000_000, 100_000, 2000)).toBe(18);
    expect(secondsToAskFor(0, 100_000, 2000)).toBeNull();
    expect(secondsToAskFor(1, null, 2000)).toBeNull();
  });
});

describe('many sources', () => {
  it('are found through the manifest by a pattern, and a tree is kept where that is asked', async () => {
    const { directory, port } = await serving();
    mkdirSync(join(directory, 'log', 'old'), { recursive: true });
    for (const name of ['log/a.log', 'log/b.log', 'log/c.txt', 'log/old/d.log', 'log/caf\u00e9 [1].log']) {
      writeFileSync(join(directory, name), name);
    }
    const from = ['--from', `127.0.0.1:${port}`];
    const flat = desk();
    expect((await flat.run(['/log/*.log', ...from])).code).toBe(0);
    expect(flat.delivered().filter((name) => !name.startsWith('log_caf'))).toEqual(['log_a.log', 'log_b.log']);
    expect(flat.delivered()).toHaveLength(3);
    const tree = desk();
    expect((await tree.run(['/log', '--recursive', '--keep-tree', ...from])).code).toBe(0);
    expect(readdirSync(join(tree.outbox, 'log', 'old'))).toEqual(['d.log']);
    expect(tree.report().totals).toMatchObject({ files: 5, delivered: 5 });
    expect(tree.report().files[0]).toMatchObject({ verified: 'sha-256' });
    const none = desk();
    expect((await none.run(['/log/*.png', ...from])).code).toBe(5);
  });

  it('are links to files, too, and none that lead elsewhere', async () => {
    const { directory, url } = await serving({ real: 'content' });
    mkdirSync(join(directory, 'below'));
    const links = { latest: 'real', down: 'below', dangling: 'none', outside: '/etc/passwd' };
    for (const [name, to] of Object.entries(links)) symlinkSync(to, join(directory, name));
    const { run, read, delivered } = desk();
    expect((await run([`${url}/*`])).code).toBe(0);
    expect(delivered().sort()).toEqual(['latest', 'real']);
    expect(read('latest').toString()).toBe('content');
  });

  describe('that are not all listed are delivered as far as they are, and the report says so', () => {
    it('by a server whose listing of a directory is refused', async () => {
      const pages: Readonly<Record<string, string>> = {
        '/t/': '<a href="secret/">secret/</a> <a href="a">a</a> <a href="below/">below/</a>',
        '/t/below/': '<a href="b">b</a>',
        '/t/a': 'a',
        '/t/below/b': 'b',
      };
      const { url } = await httpOrigin((request, response) => {
        const page = pages[request.url ?? ''];
        if (page === undefined) response.writeHead(403);
        response.end(page);
      });
      const { run, delivered, report } = desk();
      expect((await run([`${url}/t/`, '--recursive'])).code).toBe(5);
      expect(delivered()).toEqual(['t_a', 't_below_b']);
      expect(report().files).toMatchObject([
        { source: `${url}/t/`, failure: { code: 'refused', reason: expect.stringContaining('/t/secret/') } },
        { state: 'delivered' },
        { state: 'delivered' },
      ]);
    });

    it('by a server whose links lead back', async () => {
      const { url, requests } = await httpOrigin((request, response) => {
        response.end(request.url?.endsWith('/') ? '<a href="a/">a/</a> <a href="b/">b/</a> <a href="f">f</a>' : 'x');
      });
      const { run, delivered, report } = desk();
      expect((await run([`${url}/t/`, '--recursive'])).code).toBe(5);
      expect(requests.filter(({ line }) => line.endsWith('/')).length).toBeLessThan(20);
      expect(delivered()).toContain('t_f');
      expect(report().files[0]?.failure?.reason).toContain('leads back');
    });

    it.each(['limit', 'unreadable'])('by a manifest that ends with %s', async (reason) => {
      const entry = { kind: 'file', path: 'a', sizeBytes: 1, modifiedMs: 0, etag: null };
      const lines = [entry, { kind: 'end', count: 1, complete: false, reason }];
      const { url } = await httpOrigin(
        (request, response) =>
          response.end(request.url === '/t/a' ? 'a' : lines.map((line) => `${JSON.stringify(line)}\n`).join('')),
        { features: ['manifest'] },
      );
      const { run, delivered, report } = desk();
      expect((await run([`${url}/t/`])).code).toBe(5);
      expect(delivered()).toEqual(['t_a']);
      expect(report().files.map((file) => file.failure?.code)).toEqual(['refused', undefined]);
    });
  });

  it('are read from a file, with expected digests that hold whatever the server states', async () => {
    const { url } = await httpOrigin((_, response) => response.end('content'));
    const { outbox, run, read, report, delivered } = desk();
    const list = join(outbox, '..', 'list');
    const [right, wrong] = [sha256(Buffer.from('content')), 'b'.repeat(64)];
    writeFileSync(list, `${url}/a -o first --sha256 ${right}\n${url}/b -o second --sha256 ${wrong}\n`);
    expect((await run(['--input', list])).code).toBe(6);
    expect(delivered()).toEqual(['first']);
    expect(read('first').toString()).toBe('content');
    expect(report().files).toMatchObject([{ verified: 'sha-256' }, { failure: { code: 'unverified' } }]);
    expect((await desk().run(['--input', join(outbox, 'none')])).code).toBe(7);
  });

  it('name an output, or a digest, of one file each, and no place among what is kept', async () => {
    const { outbox, state, run } = desk();
    const home = dirname(outbox);
    mkdirSync(state);
    symlinkSync(state, join(home, 'alias'));
    symlinkSync(outbox, join(home, 'out'));
    const list = join(home, 'list');
    writeFileSync(list, `/d/* --sha256 ${'a'.repeat(64)}\n`);
    const wrong = [
      ['--input', list],
      ['/d/', '-o', 'x'],
      ['/f', '-o', join(home, 'alias', 'journal')],
    ];
    for (const args of wrong) expect((await run(args)).code).toBe(2);
    const inside = ['/f', '--outbox', outbox, '--state', join(home, 'out', 'state')];
    expect((await runAgent('payload-fetch', inside)).code).toBe(2);
    const customary = ['/f', '--outbox', '/persist'];
    mkdirSync(join(home, 'persist'));
    expect((await runAgent('payload-fetch', customary, { env: { PAYLOAD_ROOT: home } })).code).toBe(2);
    expect([readdirSync(outbox), readdirSync(state), readdirSync(join(home, 'persist'))]).toEqual([[], [], []]);
  });

  it('are delivered once, however often they are named, and those of one path on several servers each', async () => {
    const origins = await Promise.all(['a', 'b', 'c'].map((text) => httpOrigin((_, response) => response.end(text))));
    const urls = origins.map(({ url }) => `${url}/f`);
    const { run, read, delivered } = desk();
    expect((await run([...urls, ...urls])).code).toBe(0);
    expect(
      delivered()
        .map((name) => read(name).toString())
        .sort(),
    ).toEqual(['a', 'b', 'c']);
    for (const { requests } of origins) expect(requests).toHaveLength(1);
  });

  it('of one flat name lie side by side, also when they come in several runs', async () => {
    const { url } = await httpOrigin((request, response) => response.end(request.url));
    const { run, read, delivered } = desk();
    const sources = ['/a/b_c', '/a_b/c', '/top?v=1', '/top?v=2', '/top'];
    for (const source of [...sources, ...sources]) expect((await run([`${url}${source}`])).code).toBe(0);
    expect(new Set(delivered().map((name) => read(name).toString()))).toEqual(new Set(sources));
    expect(delivered()).toHaveLength(sources.length);
    expect(read('a_b_c').toString()).toBe('/a/b_c');
    expect(read('top').toString()).toBe('/top');
  });

  it('do not wait for a directory whose server is not there', async () => {
    const { url } = await httpOrigin((_, response) => response.end('x'));
    const dead = await freePort();
    const { run, delivered, report } = desk();
    expect((await run([`http://127.0.0.1:${dead}/d/`, `${url}/f`, '--duration', '2'])).code).toBe(4);
    expect(delivered()).toEqual(['f']);
    expect(
      report()
        .files.map((file) => [file.state, file.failure?.code])
        .sort(),
    ).toEqual([
      ['delivered', undefined],
      ['resumable', 'no-server'],
    ]);
  });

  it('of a higher priority come first', async () => {
    const { url, requests } = await httpOrigin((_, response) => response.end(noise(300_000)));
    const { outbox, run } = desk();
    const list = join(outbox, '..', 'list');
    writeFileSync(list, `${url}/low\n${url}/high --priority 9\n${url}/middle --priority 1\n`);
    expect((await run(['--input', list])).code).toBe(0);
    expect(requests.map((request) => request.line)).toEqual(['GET /high', 'GET /middle', 'GET /low']);
  });
});

describe('--once', () => {
  it('counts what an earlier window delivered as done, although its outbox was cleared', async () => {
    const { url, requests } = await httpOrigin((_, response) => response.end('x'));
    const { outbox, run, delivered } = desk();
    expect((await run([`${url}/f`, '--once'])).code).toBe(0);
    rmSync(join(outbox, 'f'));
    expect((await run([`${url}/f`, '--once'])).code).toBe(0);
    expect(delivered()).toEqual([]);
    expect(requests).toHaveLength(1);
    // Without it, the same command fetches afresh.
    expect((await run([`${url}/f`])).code).toBe(0);
    expect(delivered()).toEqual(['f']);
  });

  it('needs no server for that', async () => {
    const { url, close } = await httpOrigin((_, response) => response.end('x'));
    const { outbox, run, report } = desk();
    expect((await run([`${url}/f`, '--once'])).code).toBe(0);
    rmSync(join(outbox, 'f'));
    close();
    expect((await run([`${url}/f`, '--once', '--duration', '9'])).code).toBe(0);
    expect(report()).toMatchObject({ server: { answered: null }, files: [{ state: 'delivered', attempts: 0 }] });
  });

  it('does not count a delivery that did not come about', async () => {
    const { url, write } = await serving({ f: noise(400_000) });
    const { outbox, run, read } = desk();
    // Its place is taken by a directory: whole and verified, it cannot appear.
    mkdirSync(join(outbox, 'f'));
    expect((await run([`${url}/f`])).code).toBe(7);
    rmSync(join(outbox, 'f'), { recursive: true });
    const now = noise(300_000);
    write('f', now);
    expect((await run([`${url}/f`, '--once'])).code).toBe(0);
    expect(read('f').equals(now)).toBe(true);
  });
});

describe('the end', () => {
  it('is told to a server that waits for it', async () => {
    const told: string[] = [];
    const waiting = await httpOrigin(
      (request, response) => {
        if (request.url?.endsWith('/done')) told.push(request.method ?? '');
        response.end('x');
      },
      { features: ['done'] },
    );
    expect((await desk().run([`${waiting.url}/f`])).code).toBe(0);
    expect(told).toEqual(['POST']);
  });

  it('of each step is told on stdout with --json', async () => {
    const { url } = await httpOrigin((_, response) => response.end('x'));
    const { stdout } = await desk().run([`${url}/f`, '--json']);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map((event) => event.event)).toEqual([
      'WaitingForServer',
      'ServerFound',
      'TransferStarted',
      'FileDelivered',
    ]);
  });
});
