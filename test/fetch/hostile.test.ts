import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readListing } from '../../agents/fetch/expand.ts';
import { parseHead } from '../../agents/fetch/http-message.ts';
import type { FailureCode } from '../../shared/failure.ts';
import { desk, noise } from '../support/fetching.ts';
import { answerFile, httpOrigin, rawOrigin } from '../support/origin.ts';

const HEAD_OK = 'HTTP/1.1 200 OK\r\nETag: "v"\r\nContent-Length: 1000000\r\n\r\n';

/** What a server may say to a GET, and what it is taken for. */
const ANSWERS: readonly (readonly [name: string, answer: string, code: FailureCode])[] = [
  ['no HTTP at all', '220 mail ready\r\n', 'bad-answer'],
  ['two lengths that differ', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef', 'bad-answer'],
  [
    'two lengths that are equal',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nabcde',
    'bad-answer',
  ],
  ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabcde', 'bad-answer'],
  [
    'a part that was not asked for',
    'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-9/10\r\nContent-Length: 5\r\n\r\nabcde',
    'bad-answer',
  ],
  ['an encoding', 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde', 'bad-answer'],
  ['a malformed digest', 'HTTP/1.1 200 OK\r\nRepr-Digest: sha-256=?\r\nContent-Length: 5\r\n\r\nabcde', 'unverified'],
  [
    'a digest of something else',
    `HTTP/1.1 200 OK\r\nRepr-Digest: sha-256=:${'A'.repeat(43)}=:\r\nContent-Length: 5\r\n\r\nabcde`,
    'unverified',
  ],
  [
    'a redirect to another server',
    'HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/x\r\nContent-Length: 0\r\n\r\n',
    'refused',
  ],
  [
    'a redirect to a file',
    'HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n',
    'refused',
  ],
  [
    'a redirect to the page of a directory',
    'HTTP/1.1 301 Moved Permanently\r\nLocation: /f/\r\nContent-Length: 0\r\n\r\n',
    'refused',
  ],
  ['a redirect to itself', 'HTTP/1.1 302 Found\r\nLocation: /f\r\nContent-Length: 0\r\n\r\n', 'bad-answer'],
  ['304 to a plain request', 'HTTP/1.1 304 Not Modified\r\n\r\n', 'bad-answer'],
  ['a header without an end', `HTTP/1.1 200 OK\r\n${'X-Filler: xxxxxxxxxxxxxxxx\r\n'.repeat(4000)}`, 'bad-answer'],
];

describe('a hostile server', () => {
  it('is told of by what it answers: nothing of it appears, and the other file is delivered', async () => {
    const good = await httpOrigin((_request, response) => response.end('good'));
    const told = ANSWERS.map(async ([name, answer, code]) => {
      const { url } = await rawOrigin((request, socket) => {
        // A plain refusal of HEAD: it is the GET that is hostile.
        if (request.startsWith('HEAD')) socket.write('HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n');
        else socket.write(answer, 'latin1');
      });
      return { source: `${url}/f`, name, code };
    });
    const bad = await Promise.all(told);
    const { outbox, run, delivered, report } = desk();
    const { code, stderr } = await run([...bad.map(({ source }) => source), `${good.url}/good`, '--duration', '20']);
    expect(code).toBe(6);
    for (const { source } of bad) expect(stderr).toContain(`${source}: `);
    const failures = new Map(report().files.map((file) => [file.source, file.failure?.code]));
    expect(bad.map(({ source, name }) => [name, failures.get(source)])).toEqual(
      bad.map(({ name, code }) => [name, code]),
    );
    expect(delivered()).toEqual(['good']);
    expect(readdirSync(outbox).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('that hangs up on whoever calls first is asked again', async () => {
    let calls = 0;
    const origin = await httpOrigin((_, response) => response.end('content'));
    const door = createTcpServer((socket) => {
      calls += 1;
      // Of the first two calls one is the knock at the door, the other the first that undici makes.
      if (calls <= 2) socket.destroy();
      else socket.pipe(connect(origin.port, '127.0.0.1')).pipe(socket);
      socket.on('error', () => {});
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void door.close());
    await once(door, 'listening');
    const { port } = door.address() as AddressInfo;
    const { run, read } = desk();
    expect(await run([`http://127.0.0.1:${port}/f`])).toMatchObject({ code: 0 });
    expect(read('f').toString()).toBe('content');
  });

  it('whose clock is a day ahead is asked again when it says, by that clock', async () => {
    const tomorrow = (ms: number): string => new Date(Date.now() + 86_400_000 + ms).toUTCString();
    let asked = 0;
    const { url } = await httpOrigin((request, response) => {
      if (request.method === 'GET') asked += 1;
      response.setHeader('Date', tomorrow(0));
      if (asked === 1) response.writeHead(503, { 'Retry-After': tomorrow(1000) });
      response.end('content');
    });
    const { run, read } = desk();
    expect((await run([`${url}/f`, '--duration', '20'])).code).toBe(0);
    expect(read('f').toString()).toBe('content');
  });

  it('that promises more than it sends keeps what came, and says that the link was lost', async () => {
    const { url } = await rawOrigin((request, socket) => {
      if (request.startsWith('HEAD')) socket.write(HEAD_OK);
      else socket.end(`${HEAD_OK}${'x'.repeat(700)}`);
    });
    const { run, delivered, report } = desk();
    expect((await run([`${url}/f`, '--duration', '2'])).code).toBe(3);
    expect(delivered()).toEqual([]);
    expect(report().files).toMatchObject([{ state: 'resumable' }]);
  });

  describe('that is asked for the rest of a file', () => {
    const content = noise(1_000_000);
    const head = 'ETag: "v"\r\n';
    const part = (fields: string, bytes: Uint8Array): Buffer =>
      Buffer.concat([
        Buffer.from(`HTTP/1.1 206 Partial\r\n${head}Content-Range: bytes 500000-999999/1000000\r\n${fields}\r\n`),
        bytes,
      ]);
    const chunked = (bytes: Uint8Array): Buffer =>
      part(
        'Transfer-Encoding: chunked\r\n',
        Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n0\r\n\r\n')]),
      );
    const rest = content.subarray(500_000);

    it.each<[string, number, Buffer]>([
      ['and says that it has not changed', 6, Buffer.from(`HTTP/1.1 304 Not Modified\r\n${head}\r\n`)],
      ['and sends less of it, in chunks', 3, chunked(rest.subarray(0, 1000))],
      [
        'and dies, which nothing but the end of the connection says',
        3,
        part('Connection: close\r\n', rest.subarray(0, 1000)),
      ],
      ['and sends more than it, in chunks', 0, chunked(Buffer.concat([rest, Buffer.from('more')]))],
      ['and sends it in chunks', 0, chunked(rest)],
    ])('%s: exit %i', async (_, code, answer) => {
      let bodies = 0;
      const { url } = await rawOrigin((request, socket) => {
        const whole = `HTTP/1.1 200 OK\r\n${head}Content-Length: 1000000\r\n\r\n`;
        if (request.startsWith('HEAD')) return void socket.write(whole);
        if (/^range: bytes=500000-/im.test(request)) return void socket.end(answer);
        if (/^range:/im.test(request)) return void socket.destroy();
        bodies += 1;
        socket.write(whole);
        if (bodies === 1) socket.write(content.subarray(0, 500_000), () => socket.destroySoon());
        else socket.write(content);
      });
      const { run, delivered, read, outbox } = desk();
      expect((await run([`${url}/f`, '--duration', '3'])).code).toBe(code);
      if (code === 0) expect(read('f').equals(content)).toBe(true);
      else expect(delivered(), outbox).toEqual([]);
    });
  });

  it('whose body has another length than it said beforehand is not believed', async () => {
    const { url } = await httpOrigin((request, response) => {
      if (request.method === 'HEAD') return void response.writeHead(200, { 'Content-Length': 100 }).end();
      response.write('short');
      response.end();
    });
    const { run, delivered } = desk();
    expect((await run([`${url}/f`, '--duration', '10'])).code).toBe(6);
    expect(delivered()).toEqual([]);
  });

  it('that states the length of a large file twice is taken for no better than with a small one', async () => {
    const { url } = await rawOrigin((request, socket) => {
      const length = 'Content-Length: 300000\r\n';
      if (request.startsWith('HEAD')) socket.write(`HTTP/1.1 200 OK\r\n${length}\r\n`);
      else socket.write(`HTTP/1.1 200 OK\r\n${length}${length}\r\n${'x'.repeat(300_000)}`);
    });
    const { run, delivered } = desk();
    expect((await run([`${url}/f`])).code).toBe(6);
    expect(delivered()).toEqual([]);
  });

  it('that redirects to another scheme is quoted with it', async () => {
    const { url } = await httpOrigin((_, response) => response.writeHead(302, { Location: 'file:///etc' }).end());
    expect((await desk().run([`${url}/f`])).stderr).toContain('redirects to file://,');
  });

  it('that sends without end what it said was small is given up', async () => {
    const { url } = await httpOrigin((request, response) => {
      if (request.method === 'HEAD') response.setHeader('Content-Length', 1000);
      if (request.method === 'HEAD') return void response.end();
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', more);
      more();
    });
    const { run, report, delivered } = desk();
    expect((await run([`${url}/f`, '--duration', '10'])).code).toBe(6);
    expect(delivered()).toEqual([]);
    expect(report().files).toMatchObject([{ failure: { code: 'bad-answer' } }]);
  });

  it('that sends one body without end keeps no other file waiting, and none of it is kept', async () => {
    const { url } = await httpOrigin((request, response) => {
      if (request.url !== '/endless') return void answerFile(request, response, { content: Buffer.alloc(2_000_000) });
      if (request.method === 'HEAD') return void response.end();
      const timer = setInterval(() => response.write('more'), 20);
      response.on('close', () => clearInterval(timer));
    });
    const { run, state, delivered } = desk();
    expect((await run([`${url}/endless`, `${url}/good`, '--duration', '4'])).code).toBe(3);
    expect(delivered()).toEqual(['good']);
    expect(readdirSync(join(state, 'parts'))).toEqual([]);
  });

  it('that only ends the connection has its file published when two bodies in a row are alike', async () => {
    const content = 'x'.repeat(5000);
    let bodies = 0;
    const { url } = await rawOrigin((request, socket) => {
      if (request.startsWith('HEAD')) return void socket.end('HTTP/1.0 200 OK\r\n\r\n');
      bodies += 1;
      // The first time the server dies on the way.
      socket.end(`HTTP/1.0 200 OK\r\n\r\n${bodies === 1 ? content.slice(0, 2000) : content}`);
    });
    const { run, read, report } = desk();
    expect((await run([`${url}/f`])).code).toBe(0);
    expect(read('f').toString()).toBe(content);
    expect(report().files).toMatchObject([{ verified: 'length', attempts: 3 }]);
  });

  it('that sends more than it promises gives what it promised', async () => {
    const { url } = await rawOrigin((request, socket) => {
      const head = 'HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n';
      if (request.startsWith('HEAD')) socket.write(head);
      else socket.end(`${head}${'x'.repeat(400_000)}`);
    });
    const { run, read } = desk();
    expect((await run([`${url}/f`])).code).toBe(0);
    expect(read('f')).toHaveLength(300_000);
  });

  it('that lists names which lead elsewhere is not followed out of the outbox', async () => {
    const names = ['../../etc/passwd', '%2e%2e/x', 'a%00b', '/abs', `${'n'.repeat(300)}`, 'ok.log', '.', 'sub/deeper'];
    const { url } = await httpOrigin((request, response) => {
      if (request.url !== '/d/') return void response.end('x');
      response.end(names.map((name) => `<a href="${name}">x</a>`).join('\n'));
    });
    const { outbox, run, delivered } = desk();
    expect((await run([`${url}/d/`])).code).toBe(0);
    expect(delivered()).toHaveLength(2);
    for (const name of delivered()) expect(name.length).toBeLessThan(200);
    expect(readdirSync(join(outbox, '..')).sort()).toEqual(['outbox', 'state']);
  });
});

describe('parseHead', () => {
  it.each([
    '',
    'HTTP/2 200',
    'HTTP/1.1 2000 OK',
    'HTTP/1.1 200 OK\r\nA : b',
    'HTTP/1.1 200 OK\r\nA: b\r\n folded',
    'HTTP/1.1 200 OK\r\nA: \0',
  ])('refuses %j', (text) => expect(parseHead(text)).toBeNull());

  it('reads fields of any case, and joins those that come twice', () => {
    const head = parseHead('HTTP/1.1 206 Partial Content\r\nETag:"v"\r\nVary: a \r\nvary: b');
    expect(head?.status).toBe(206);
    expect([...(head?.fields ?? [])]).toEqual([
      ['etag', '"v"'],
      ['vary', 'a, b'],
    ]);
  });
});

describe('readListing', () => {
  it.each([
    [
      'nginx JSON',
      '[{"name":"a b","type":"file","mtime":"x","size":3},{"name":"d","type":"directory","mtime":"x"}]',
      ['a b', 'd'],
    ],
    ['nginx', '<a href="../">../</a>\n<a href="a%20b">a b</a> 3\n<a href="d/">d/</a>', ['a b', 'd']],
    [
      'Apache',
      '<th><a href="?C=N;O=D">Name</a></th><td><a href="/up/">Parent</a></td><td><a href="x&amp;y">x</a></td>',
      ['x&y'],
    ],
    ['python', '<li><a href="a.txt">a.txt</a></li><li><a href="d/">d/</a></li>', ['a.txt', 'd']],
    ['Caddy', '<a href="./data:1.txt">data:1.txt</a><a href="https://caddyserver.com">Caddy</a>', ['data:1.txt']],
    ['webfs', '<a href="log:1.txt">log:1.txt</a><a href="mailto:a@b">a</a>', ['log:1.txt']],
    ['absolute links below it', '<a href="/t/a">a</a><a href="http://127.0.0.1/t/b">b</a>', ['a']],
  ])('%s', (_, text, names) => expect(readListing(text, '/t/').map((entry) => entry.name)).toEqual(names));
});
