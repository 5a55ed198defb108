import { existsSync, mkdirSync, readdirSync as readdir, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { serveStatus } from '../../agents/fetch/status.ts';
import { formatDigest } from '../../shared/digest.ts';
import { freePort, listening, nodes, runAgent, startAgent } from '../support/agent.ts';
import { desk, noise, sha256 } from '../support/fetching.ts';
import { answerFile, httpOrigin, rawOrigin } from '../support/origin.ts';
import { startProgram } from '../support/program.ts';
import { program, requires } from '../support/requirement.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const python = program('python3');

describe.each(nodes)('payload-fetch on %s', (_, node) => {
  it('delivers from payload-serve, verified by SHA-256', async () => {
    const directory = temporaryDirectory();
    const content = noise(3_000_000);
    writeFileSync(join(directory, 'f'), content);
    const port = await freePort();
    startAgent('payload-serve', [String(port), '--bind', '127.0.0.1', '--directory', directory], { node });
    await listening(port);

    const { outbox, run, read, report } = desk();
    const exit = await run([`http://127.0.0.1:${port}/f`, '-o', 'sdr_f'], node);
    expect(exit).toMatchObject({ code: 0, stderr: '' });
    expect(read('sdr_f').equals(content)).toBe(true);
    expect(report()).toMatchObject({
      state: 'ended',
      ending: 'done',
      exitCode: 0,
      outbox,
      server: { answered: `127.0.0.1:${port}` },
      totals: { files: 1, delivered: 1, fetchedBytes: content.length },
      files: [
        {
          output: join(outbox, 'sdr_f'),
          state: 'delivered',
          sizeBytes: content.length,
          sha256: sha256(content),
          verified: 'sha-256',
        },
      ],
    });
  });

  it('delivers from python3 -m http.server, verified by length', requires(python), async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'var'));
    writeFileSync(join(directory, 'var', 'syslog'), 'one line\n');
    const port = await freePort();
    startProgram(python.path, ['-m', 'http.server', String(port), '--bind', '127.0.0.1', '--directory', directory]);
    await listening(port);

    const { run, read, report } = desk();
    const exit = await run(['/var/syslog', '--from', `127.0.0.1:${port}`], node);
    expect(exit.code).toBe(0);
    expect(read('var_syslog').toString()).toBe('one line\n');
    expect(report().files).toMatchObject([{ source: '/var/syslog', state: 'delivered', verified: 'length' }]);
  });

  it('takes a body without a length, and an empty one', async () => {
    const { url } = await httpOrigin((request, response) => {
      if (request.url === '/chunked') {
        for (let line = 0; line < 1000; line += 1) response.write(`${line}\n`);
      }
      response.end();
    });
    const { run, read } = desk();
    expect(await run([`${url}/chunked`, `${url}/empty`], node)).toMatchObject({ code: 0 });
    expect(read('chunked').toString().split('\n')).toHaveLength(1001);
    expect(read('empty')).toHaveLength(0);
  });
});

describe('what an outbox that lies would hold', () => {
  it('holds nothing that does not match the digest that the server states', async () => {
    const { url, requests } = await httpOrigin((_, response) => {
      response.setHeader('Repr-Digest', formatDigest(sha256(Buffer.from('right'))));
      response.end('wrong');
    });
    const { run, delivered, report } = desk();
    const exit = await run([`${url}/f`]);
    expect(exit.code).toBe(6);
    expect(exit.stderr).toContain('SHA-256');
    expect(delivered()).toEqual([]);
    expect(report().files).toMatchObject([{ state: 'failed', verified: null, failure: { code: 'unverified' } }]);
    expect(requests.length).toBeGreaterThan(1);
  });

  it('resumes a cut transfer under a strong validator, and only what is missing moves', async () => {
    const content = noise(2_000_000);
    const { url, requests } = await httpOrigin((request, response) => {
      const fault = requests.length === 1 ? { cutAfterBytes: 700_000 } : {};
      answerFile(request, response, { content, etag: '"v1"' }, fault);
    });
    const { run, read, report } = desk();
    expect((await run([`${url}/f`])).code).toBe(0);
    expect(read('f').equals(content)).toBe(true);
    expect(requests.map((request) => request.range)).toEqual([undefined, 'bytes=700000-']);
    expect(report().files).toMatchObject([{ attempts: 2, fetchedBytes: content.length, reusedBytes: 700_000 }]);
  });

  it('never joins two versions: a source that changed begins anew', async () => {
    const versions = [noise(1_000_000), noise(1_000_000)] as const;
    const { url, requests } = await httpOrigin((request, response) => {
      if (requests.length === 1) {
        answerFile(request, response, { content: versions[0], etag: '"v1"' }, { cutAfterBytes: 400_000 });
      } else answerFile(request, response, { content: versions[1], etag: '"v2"' });
    });
    const { run, read } = desk();
    expect((await run([`${url}/f`])).code).toBe(0);
    expect(read('f').equals(versions[1])).toBe(true);
  });

  it.each([
    ['under a strong tag', ''],
    ['under a weak one, as while it is written to', 'W/'],
  ])('gives up a source that is another one at every try, %s', async (_, weak) => {
    const content = noise(1_000_000);
    const { url, requests } = await httpOrigin((request, response) => {
      answerFile(request, response, { content, etag: `${weak}"v${requests.length}"` }, { cutAfterBytes: 400_000 });
    });
    const { run, delivered, report } = desk();
    expect((await run([`${url}/f`, '--duration', '20'])).code).toBe(6);
    expect(delivered()).toEqual([]);
    expect(report().files).toMatchObject([{ failure: { code: 'changing' } }]);
  });

  it.each([
    ['that grows', 100_000],
    ['that rests', 0],
  ])('does not take a log %s, on a link that breaks, for one that keeps changing', async (_, growthBytes) => {
    const content = noise(2_000_000);
    const { url, requests } = await httpOrigin((request, response) => {
      const sizeBytes = 1_000_000 + requests.length * growthBytes;
      const fault = requests.length < 7 ? { cutAfterBytes: 400_000 } : {};
      answerFile(request, response, { content: content.subarray(0, sizeBytes), etag: `W/"${sizeBytes}"` }, fault);
    });
    const { run } = desk();
    expect((await run([`${url}/f`, '--duration', '20'])).code).toBe(0);
  });
});

describe('running again', () => {
  it('moves nothing while what was delivered lies in the outbox and its source is the same', async () => {
    let etag = '"v1"';
    const { url } = await httpOrigin((request, response) => {
      response.setHeader('ETag', etag);
      if (request.headers['if-none-match'] === etag) response.statusCode = 304;
      response.end(etag);
    });
    const { run, read, report } = desk();
    expect((await run([`${url}/f`])).code).toBe(0);
    expect((await run([`${url}/f`])).code).toBe(0);
    expect(report().totals).toMatchObject({ delivered: 1, fetchedBytes: 0 });

    etag = '"v2"';
    expect((await run([`${url}/f`])).code).toBe(0);
    expect(read('f').toString()).toBe('"v2"');
  });

  it('fetches what has changed of many, small and large, side by side', async () => {
    const names = Array.from({ length: 12 }, (_, at) => `f${at}`);
    const version = (at: number): Map<string, Buffer> =>
      new Map(names.map((name, place) => [name, Buffer.alloc(place % 3 === 0 ? 700_000 : 3000, `${name} ${at}`)]));
    let now = version(1);
    let etag = '"1"';
    const { url } = await httpOrigin((request, response) => {
      answerFile(request, response, { content: now.get(request.url?.slice(1) ?? '') ?? Buffer.alloc(0), etag });
    });
    const { run, read } = desk();
    const sources = names.map((name) => `${url}/${name}`);
    expect((await run(sources)).code).toBe(0);
    now = version(2);
    etag = '"2"';
    expect((await run(sources)).code).toBe(0);
    for (const name of names) expect(read(name).equals(now.get(name) ?? Buffer.alloc(0)), name).toBe(true);
  });

  it('fetches afresh what is no longer in the outbox, or is not what was put there', async () => {
    const { url } = await httpOrigin((request, response) => {
      response.setHeader('ETag', '"v1"');
      if (request.headers['if-none-match'] === '"v1"') response.statusCode = 304;
      response.end('content');
    });
    const { outbox, run, read } = desk();
    await run([`${url}/f`]);
    writeFileSync(join(outbox, 'f'), 'changed');
    expect((await run([`${url}/f`])).code).toBe(0);
    expect(read('f').toString()).toBe('content');
  });

  it('does not take for good what is not the content that is expected now', async () => {
    const { url } = await httpOrigin((request, response) => {
      answerFile(request, response, { content: Buffer.from('content'), etag: '"v1"' });
    });
    const { outbox, run, report } = desk();
    expect((await run([`${url}/f`])).code).toBe(0);
    const list = join(outbox, '..', 'list');
    writeFileSync(list, `${url}/f --sha256 ${'b'.repeat(64)}\n`);
    expect((await run(['--input', list])).code).toBe(6);
    expect(report().files).toMatchObject([{ state: 'failed', failure: { code: 'unverified' } }]);
  });
});

describe('exit codes', () => {
  it.each([
    ['an unknown flag', ['/x', '--fast']],
    ['an output outside the outbox', ['/x', '-o', '../b']],
    ['one output for two sources', ['/x', '/y', '-o', 'a', '-o', 'a']],
  ])('2 for %s, and nothing is created', async (_, args) => {
    const { outbox, state, run } = desk();
    const exit = await run(args);
    expect(exit).toMatchObject({ code: 2, stdout: '' });
    expect(exit.stderr).toMatch(/^payload-fetch: .+\.\n$/);
    expect(readdir(outbox)).toEqual([]);
    expect(existsSync(state)).toBe(false);
  });

  it('2 for what would have the outbox hold something else than whole files', async () => {
    const { outbox, state, run } = desk();
    expect((await run(['/x', '-o', join(outbox, 'payload-fetch-log.ndjson')])).code).toBe(2);
    const below = ['/x', '--outbox', outbox, '--state', join(outbox, 'state')];
    expect(await runAgent('payload-fetch', below)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('would be downlinked'),
    });
    expect(readdir(outbox)).toEqual([]);
    expect(existsSync(state)).toBe(false);
  });

  it('3 when the window ends in mid-transfer: the bytes are kept, and the next run continues', async () => {
    const content = noise(1_000_000);
    let slow = true;
    const { url, requests } = await httpOrigin((request, response) => {
      answerFile(request, response, { content, etag: '"v1"' }, slow ? { stallAfterBytes: 300_000 } : {});
    });
    const { run, read, delivered, report } = desk();
    expect((await run([`${url}/f`, '--duration', '3'])).code).toBe(3);
    expect(delivered()).toEqual([]);
    expect(report()).toMatchObject({
      ending: 'duration',
      files: [{ state: 'resumable', failure: { code: 'time-ran-out' } }],
    });
    slow = false;
    expect((await run([`${url}/f`])).code).toBe(0);
    expect(requests.at(-1)?.range).toBe('bytes=300000-');
    expect(read('f').equals(content)).toBe(true);
  });

  it('4 when no server answered in time', async () => {
    const { run, report } = desk();
    expect((await run(['/x', '--from', `127.0.0.1:${await freePort()}`, '--duration', '0.5'])).code).toBe(4);
    expect(report()).toMatchObject({ ending: 'duration', server: { answered: null } });
    expect(report().files).toMatchObject([{ failure: { code: 'no-server' } }]);
  });

  it.each([401, 403, 404, 410])('5 for %i, and the other files are delivered', async (status) => {
    const { url } = await httpOrigin((request, response) => {
      if (request.url === '/gone') response.statusCode = status;
      response.end('x');
    });
    const { run, delivered, report } = desk();
    expect((await run([`${url}/gone`, `${url}/f`])).code).toBe(5);
    expect(delivered()).toEqual(['f']);
    expect(report().files.map((file) => file.state)).toEqual(['refused', 'delivered']);
  });

  it('7 for an outbox that is not there, and nothing is created', async () => {
    const { outbox, state, run } = desk();
    const missing = join(temporaryDirectory(), 'no', 'outbox');
    const exit = await runAgent('payload-fetch', ['/x', '--outbox', missing, '--state', state]);
    expect(exit.code).toBe(7);
    expect(existsSync(state)).toBe(false);
    expect((await run(['/x', '-o', join(missing, 'x')])).code).toBe(7);
    expect((await run(['/x', '-o', 'n'.repeat(300)])).code).toBe(7);
    expect(await run(['/x', '-o', outbox])).toMatchObject({
      code: 7,
      stderr: expect.stringContaining('is a directory'),
    });
  });

  it('0 beside directories that are not ours where we sweep', async () => {
    const { url } = await httpOrigin((_, response) => response.end('x'));
    const { outbox, state, run, delivered } = desk();
    const foreign = [join(outbox, '.payload-fetch-1-1-1.partial'), join(state, 'parts', 'foreign')];
    for (const directory of foreign) mkdirSync(directory, { recursive: true });
    expect(await run([`${url}/f`])).toMatchObject({ code: 0, stderr: '' });
    expect(delivered()).toContain('f');
    expect(foreign.every(existsSync)).toBe(true);
  });

  it('7 when another run works in the state directory, whose files stay as they are', async () => {
    const { url } = await httpOrigin((_, response) => {
      response.setHeader('Content-Length', 10);
      response.write('12345');
    });
    const { outbox, start, run } = desk();
    const first = start([`${url}/f`]);
    await reading(join(outbox, 'payload-fetch-report.json'), (text) => text.includes('"fetching"'));
    const exit = await run([`${url}/f`]);
    expect(exit.code).toBe(7);
    expect(exit.stderr).toContain(`process ${first.child.pid}`);
    first.child.kill('SIGTERM');
    expect((await first.exit).code).toBe(3);
  });
});

describe('rendezvous', () => {
  it('knocks so often that it begins within 0.3 s of the first accept of a server that comes up later', async () => {
    const port = await freePort();
    const { outbox, start, read } = desk();
    const { exit } = start([`http://127.0.0.1:${port}/f`, '--duration', '20']);
    const log = join(outbox, 'payload-fetch-log.ndjson');
    await reading(log, (text) => text.includes('WaitingForServer'));
    // Long enough for a client that knocks once a second, or ever more rarely, to be told from this one.
    await desk().run([`http://127.0.0.1:${await freePort()}/f`, '--duration', '1.5']);
    await httpOrigin((_, response) => response.end('late'), { port });
    expect((await exit).code).toBe(0);
    expect(read('f').toString()).toBe('late');
    const lines = readFileSync(log, 'utf8').trim().split('\n');
    const { waitedMs, attempts } = lines.map((line) => JSON.parse(line)).find(({ event }) => event === 'ServerFound');
    expect(waitedMs).toBeGreaterThan(1000);
    expect(waitedMs / attempts).toBeLessThan(300);
  });
  it('is not held up by an address that accepts and is silent', async () => {
    const silent = await rawOrigin(() => {}, { known: false });
    const { port } = await httpOrigin((_, response) => response.end('x'));
    const { run, report } = desk();
    const from = ['--from', `127.0.0.1:${silent.port}`, '--from', `127.0.0.1:${port}`];
    expect((await run(['/f', ...from, '--duration', '15'])).code).toBe(0);
    const { answered, waitedMs } = report().server;
    expect(answered).toBe(`127.0.0.1:${port}`);
    // Less than what the silent one is given to answer.
    expect(waitedMs).toBeLessThan(2500);
  });

  it('takes the first of several addresses that answers', async () => {
    const { port } = await httpOrigin((_, response) => response.end('x'));
    const { run, report } = desk();
    const dead = await freePort();
    expect((await run(['/f', '--from', `127.0.0.1:${dead}`, '--from', `127.0.0.1:${port}`])).code).toBe(0);
    expect(report().server).toMatchObject({
      tried: [`127.0.0.1:${dead}`, `127.0.0.1:${port}`],
      answered: `127.0.0.1:${port}`,
    });
  });
});

describe('--status-port', () => {
  it('tells the live report', async () => {
    const port = await freePort();
    const { url } = await httpOrigin((_, response) => {
      response.setHeader('Content-Length', 10);
      response.write('12345');
    });
    const { outbox, start } = desk();
    const { child } = start([`${url}/f`, '--status-port', String(port)]);
    await reading(join(outbox, 'payload-fetch-report.json'), (text) => text.includes('"fetchedBytes":5'));
    const status = await (await fetch(`http://127.0.0.1:${port}/status`)).json();
    expect(status).toMatchObject({ state: 'running', files: [{ state: 'fetching', fetchedBytes: 5, sizeBytes: 10 }] });
    child.kill('SIGTERM');
  });

  it('tells every event, also when hundreds of small files are done at one moment', async () => {
    const port = await freePort();
    const { tell, close } = await serveStatus('127.0.0.1', port, () => null);
    const answer = await fetch(`http://127.0.0.1:${port}/events`);
    for (let at = 0; at < 800; at += 1) tell({ event: 'FileDelivered', source: `/var/log/${at}` });
    let told = '';
    for await (const piece of answer.body ?? []) {
      told += Buffer.from(piece).toString();
      if ((told.match(/\n\n/g) ?? []).length === 800) break;
    }
    close();
    expect(told.match(/"FileDelivered"/g)).toHaveLength(800);
  });
});

/** Resolves once the file's text is as wanted; the agent writes it, and nothing else tells when. */
async function reading(path: string, wanted: (text: string) => boolean): Promise<void> {
  for (let tries = 0; tries < 1000; tries += 1) {
    if (existsSync(path) && wanted(readFileSync(path, 'utf8'))) return;
    await delay(10);
  }
  throw new Error(`${path} never became what was expected`);
}
