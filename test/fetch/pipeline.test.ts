import { describe, expect, it } from 'vitest';
import { type Desk, desk, noise, sha256 } from '../support/fetching.ts';
import { answerFile, httpOrigin, rawOrigin } from '../support/origin.ts';

const MODIFIED = 'Mon, 06 Sep 2021 04:32:29 GMT';

/** An nginx-like listing, so that sizes are known and the files are asked for in a pipeline. */
const listing = (files: ReadonlyMap<string, Uint8Array>): string =>
  JSON.stringify([...files].map(([name, { length }]) => ({ name, type: 'file', mtime: MODIFIED, size: length })));

const files: ReadonlyMap<string, Buffer> = new Map(
  Array.from({ length: 100 }, (_, file) => [`f${file}`, noise(1000 + file)]),
);

const expectAll = ({ read }: Desk): void => {
  for (const [name, content] of files) expect(sha256(read(`d_${name}`))).toBe(sha256(content));
};

describe('small files, pipelined (RFC 9112, 9.3.2)', () => {
  it('come whole from a server that closes every connection after a few answers', async () => {
    const answered = new WeakMap<object, number>();
    const { url } = await httpOrigin((request, response) => {
      if (request.url === '/d/') {
        response.end(listing(files));
        return;
      }
      const before = answered.get(request.socket) ?? 0;
      answered.set(request.socket, before + 1);
      if (before === 6) response.setHeader('Connection', 'close');
      answerFile(request, response, { content: files.get(request.url?.slice(3) ?? '') ?? new Uint8Array() });
    });
    const here = desk();
    expect((await here.run([`${url}/d/`])).code).toBe(0);
    expectAll(here);
  });

  it('come whole when connections break in the middle of answers', async () => {
    let broken = 0;
    const { url } = await httpOrigin((request, response) => {
      if (request.url === '/d/') {
        response.end(listing(files));
        return;
      }
      const content = files.get(request.url?.slice(3) ?? '') ?? new Uint8Array();
      const fault = broken < 5 && /[0-9]7$/.test(request.url ?? '') ? { cutAfterBytes: 400 } : {};
      if (fault.cutAfterBytes !== undefined) broken += 1;
      answerFile(request, response, { content }, fault);
    });
    const here = desk();
    expect((await here.run([`${url}/d/`])).code).toBe(0);
    expectAll(here);
    expect(broken).toBe(5);
    const sizes = [...files.values()].reduce((sum, { length }) => sum + length, 0);
    // A connection that is reset may lose what was on its way.
    expect(here.report().totals.fetchedBytes).toBeGreaterThanOrEqual(sizes);
    expect(here.report().totals.fetchedBytes).toBeLessThanOrEqual(sizes + 5 * 400);
  });

  it('are asked for one at a time until an answer shows that the connection stays', async () => {
    const seen: number[] = [];
    const { url } = await rawOrigin((text, socket) => {
      if (text.includes('GET /d/ ')) {
        socket.end(`HTTP/1.0 200 OK\r\n\r\n${listing(files)}`);
        return;
      }
      seen.push(text.split('GET ').length - 1);
      const content = files.get(/GET \/d\/(\S+)/.exec(text)?.[1] ?? '') ?? new Uint8Array();
      socket.write(`HTTP/1.0 200 OK\r\nContent-Length: ${content.length}\r\n\r\n`);
      socket.end(content);
    });
    const here = desk();
    expect((await here.run([`${url}/d/`])).code).toBe(0);
    expectAll(here);
    expect(Math.max(...seen)).toBe(1);
  });

  it.each([
    ['chunked', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'],
    ['without a length', 'Connection: close\r\n\r\nabc'],
  ])('that come %s after all are taken by the other way', async (_, answer) => {
    const { url } = await rawOrigin((text, socket) => {
      if (text.includes('GET /d/ '))
        socket.end(`HTTP/1.0 200 OK\r\n\r\n${listing(new Map([['f', Buffer.from('abc')]]))}`);
      else socket.end(`HTTP/1.1 200 OK\r\n${answer}`);
    });
    const { run, read } = desk();
    expect((await run([`${url}/d/`])).code).toBe(0);
    expect(read('d_f').toString()).toBe('abc');
  });

  it('end with the answers that are wrong, and the others come', async () => {
    const { url } = await httpOrigin((request, response) => {
      const name = request.url?.slice(3) ?? '';
      if (name === '') response.end(listing(files));
      else if (name === 'f3') response.writeHead(404).end('absent');
      else if (name === 'f4') response.writeHead(403, { 'Content-Length': 200_000 }).end(Buffer.alloc(200_000));
      else answerFile(request, response, { content: files.get(name) ?? new Uint8Array() });
    });
    const here = desk();
    expect((await here.run([`${url}/d/`])).code).toBe(5);
    expect(here.delivered()).toHaveLength(files.size - 2);
  });

  it('that are named one by one are asked for their sizes in the same way', async () => {
    const sockets = new Set<object>();
    const { url } = await httpOrigin((request, response) => {
      sockets.add(request.socket);
      answerFile(request, response, { content: files.get(request.url?.slice(3) ?? '') ?? new Uint8Array() });
    });
    const here = desk();
    expect((await here.run([...files.keys()].map((name) => `${url}/d/${name}`))).code).toBe(0);
    expectAll(here);
    // Two for the sizes, two for the files.
    expect(sockets.size).toBeLessThanOrEqual(4);
  });

  it('come from a server that answers HEAD with content, which nobody can tell from the next answer', async () => {
    const { url } = await rawOrigin((text, socket) => {
      for (const name of text.matchAll(/(?:GET|HEAD) \/d\/(\S+)/g)) {
        const content = files.get(name[1] ?? '') ?? new Uint8Array();
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${content.length}\r\n\r\n`);
        socket.write(content);
      }
    });
    const { run, read } = desk();
    const some = [...files].slice(0, 10);
    expect((await run(some.map(([name]) => `${url}/d/${name}`))).code).toBe(0);
    for (const [name, content] of some) expect(sha256(read(`d_${name}`))).toBe(sha256(content));
  });
});
