import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ManifestEnd } from '../../shared/manifest.ts';
import { featurePath } from '../../shared/protocol.ts';
import { nodes } from '../support/agent.ts';
import { rounds } from '../support/effort.ts';
import { program, requires, root } from '../support/requirement.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { startServer, type TestServer } from './server.ts';
import { open } from './wire.ts';

/** A whole GiB at full length. */
const LARGE_BYTES = rounds(1024) * 1024 * 1024;

/** Asks for a file, lets something happen to it once the first bytes are here, and then takes the rest. */
async function fetchWhile(
  server: TestServer,
  path: string,
  happen: () => void,
): Promise<{ promised: number; came: number }> {
  const socket = await open(server.port, `GET ${path} HTTP/1.1\r\nHost: sdr\r\nConnection: close\r\n\r\n`);
  const [first] = (await once(socket, 'data')) as [Buffer];
  socket.pause();
  happen();
  const headBytes = first.indexOf('\r\n\r\n') + 4;
  let came = first.length - headBytes;
  socket.on('data', (chunk: Buffer) => (came += chunk.length));
  socket.resume();
  await once(socket, 'close');
  return { promised: Number(/content-length: (\d+)/i.exec(first.toString('latin1'))?.[1]), came };
}

describe.each(nodes)('a file that changes while it is sent, on %s', (_, node) => {
  it('has exactly the length promised where it grows', async () => {
    const server = await startServer({ node });
    const path = join(server.root, 'log');
    writeFileSync(path, '');
    truncateSync(path, LARGE_BYTES);
    const sent = await fetchWhile(server, '/log', () => appendFileSync(path, 'one more line\n'));
    expect(sent).toEqual({ promised: LARGE_BYTES, came: LARGE_BYTES });
  });

  it('breaks the connection where it shrinks, and is never padded', async () => {
    const server = await startServer({ node });
    const path = join(server.root, 'log');
    writeFileSync(path, '');
    truncateSync(path, LARGE_BYTES);
    const { promised, came } = await fetchWhile(server, '/log', () => truncateSync(path, 64 * 1024 * 1024));
    expect(promised).toBe(LARGE_BYTES);
    expect(came).toBeLessThan(LARGE_BYTES);
    const served = await fetch(`${server.origin}/log`, { method: 'HEAD' });
    expect(served.headers.get('content-length')).toBe(String(64 * 1024 * 1024));
  });

  it('breaks the connection where it is changed in place: no body joins two states', async () => {
    const server = await startServer({ node });
    const path = join(server.root, 'data');
    writeFileSync(path, '');
    truncateSync(path, 64 * 1024 * 1024);
    const { promised, came } = await fetchWhile(server, '/data', () => {
      const fd = openSync(path, 'r+');
      writeSync(fd, 'x', 60 * 1024 * 1024);
      closeSync(fd);
    });
    expect(came).toBeLessThan(promised);
  });
});

describe.each(nodes)('what is not a plain file, on %s', (_, node) => {
  it('files of /proc and /sys have the content that reading them gives', async () => {
    const { origin } = await startServer({ node, root: '/' });
    const version = await fetch(`${origin}/proc/version`);
    expect(await version.text()).toBe(readFileSync('/proc/version', 'utf8'));
    expect(version.headers.get('etag')).toBeNull();
    expect(version.headers.get('accept-ranges')).toBe('none');
    const part = await fetch(`${origin}/proc/version`, { headers: { Range: 'bytes=0-1' } });
    expect(part.status).toBe(200);
    const status = async (path: string, headers = {}) => (await fetch(`${origin}${path}`, { headers })).status;
    // It has no state that a tag could name, and yet it is there.
    expect(await status('/proc/version', { 'If-Match': '"a"' })).toBe(412);
    expect(await status('/proc/version', { 'If-Match': '*' })).toBe(200);
    expect(await status('/proc/version', { 'If-None-Match': '*' })).toBe(304);
    expect(await status('/proc/version', { 'If-Unmodified-Since': 'Wed, 21 Oct 2015 07:28:00 GMT' })).toBe(200);
    expect(await status(featurePath('digest', '/proc/version'))).toBe(412);
    const size = '/sys/kernel/mm/transparent_hugepage/hpage_pmd_size';
    expect(await (await fetch(`${origin}${size}`)).text()).toBe(readFileSync(size, 'utf8'));
    expect(await status(featurePath('digest', size))).toBe(412);
    // Waits for a message without end: refused or empty, but answered.
    expect([200, 403]).toContain((await fetch(`${origin}/proc/kmsg`)).status);
    expect((await fetch(`${origin}/proc/self/mem`)).status).toBe(403);
  });

  it('FIFOs, devices and sockets are refused without being opened', async () => {
    const server = await startServer({ node });
    execFileSync('mkfifo', [join(server.root, 'fifo')]);
    const socket = createServer().listen(join(server.root, 'socket'));
    await once(socket, 'listening');
    for (const name of ['fifo', 'socket']) expect((await fetch(`${server.origin}/${name}`)).status).toBe(403);
    socket.close();
    const devices = await startServer({ node, root: '/dev' });
    for (const name of ['null', 'zero', 'random', 'tty']) {
      const response = await fetch(`${devices.origin}/${name}`);
      expect([403, 404]).toContain(response.status);
      expect(await response.json()).toMatchObject({ error: expect.stringMatching(/not-a-file|absent/) });
    }
  });
});

it('an index.html stands for its directory only where that was asked for', async () => {
  const plain = await startServer();
  const indexed = await startServer({ args: ['--index'] });
  const withoutLinks = await startServer({ args: ['--index', '--links', 'none'] });
  for (const { root } of [plain, indexed, withoutLinks]) writeFileSync(join(root, 'index.html'), 'the index');
  expect(await (await fetch(`${plain.origin}/`)).text()).toContain('href="./index.html"');
  expect(await (await fetch(`${indexed.origin}/`)).text()).toBe('the index');
  expect(await (await fetch(`${withoutLinks.origin}/`)).text()).toBe('the index');
});

describe('links', () => {
  it.each([
    ['all', 200, 200],
    ['inside', 200, 403],
    ['none', 403, 403],
  ])('--links %s: inside %i, outside %i', async (policy, inside, outside) => {
    const server = await startServer({ args: ['--links', policy] });
    mkdirSync(join(server.root, 'dir'));
    writeFileSync(join(server.root, 'dir/f'), 'inside');
    writeFileSync(join(server.root, '../secret'), 'outside');
    symlinkSync('dir/f', join(server.root, 'file'));
    symlinkSync('dir', join(server.root, 'directory'));
    symlinkSync('../secret', join(server.root, 'out'));
    symlinkSync('/', join(server.root, 'all'));
    symlinkSync('loop', join(server.root, 'loop'));
    const status = async (path: string): Promise<number> => (await fetch(`${server.origin}${path}`)).status;
    expect(await status('/dir/f')).toBe(200);
    expect(await status('/file')).toBe(inside);
    expect(await status('/directory/f')).toBe(inside);
    expect(await status('/out')).toBe(outside);
    expect(await status('/all/etc/passwd')).toBe(outside);
    expect(await status('/loop')).toBe(404);
  });
});

/** A Node that may read no more than the permissions say, though root starts it. */
function withoutPrivileges(): string {
  const path = join(temporaryDirectory(), 'node');
  const drop = root.met ? `setpriv --bounding-set=-dac_override,-dac_read_search -- ` : '';
  writeFileSync(path, `#!/bin/sh\nexec ${drop}'${process.execPath}' "$@"\n`, { mode: 0o755 });
  return path;
}

it('what may not be read is a 403', requires(program('setpriv', 'util-linux')), async () => {
  const server = await startServer({ node: withoutPrivileges() });
  writeFileSync(join(server.root, 'f'), 'x', { mode: 0 });
  mkdirSync(join(server.root, 'dir'), { mode: 0 });
  for (const path of ['/f', '/dir/f', '/dir/']) {
    const response = await fetch(`${server.origin}${path}`);
    expect(response.status, path).toBe(403);
    expect(await response.json()).toMatchObject({ error: 'unreadable' });
  }
  const manifest = await (await fetch(`${server.origin}${featurePath('manifest', '/')}`)).text();
  const end: ManifestEnd = { kind: 'end', count: 2, complete: false, reason: 'unreadable' };
  expect(manifest.trimEnd().split('\n').at(-1)).toBe(JSON.stringify(end));
});
