import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ManifestLine, parseManifestLine } from '../../shared/manifest.ts';
import { decodePath, encodePath } from '../../shared/path.ts';
import { featurePath } from '../../shared/protocol.ts';
import { nodes } from '../support/agent.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { startServer, type TestServer } from './server.ts';
import { open } from './wire.ts';

async function manifest({ origin }: TestServer, rest: string): Promise<readonly (ManifestLine | null)[]> {
  const text = await (await fetch(`${origin}${featurePath('manifest')}${rest}`)).text();
  return text.trimEnd().split('\n').map(parseManifestLine);
}

const pathsIn = (lines: readonly (ManifestLine | null)[]): readonly (string | null)[] =>
  lines.flatMap((line) => (line !== null && line.kind !== 'end' ? [decodePath(line.path)] : [])).sort();

describe.each(nodes)('a manifest from payload-serve on %s', (_, node) => {
  it('lists a tree, whatever its names are, and what it lists can be fetched', async () => {
    const server = await startServer({ node });
    const { origin, root } = server;
    mkdirSync(join(root, 'a/b'), { recursive: true });
    const odd = 'odd \xff\xfe "\n\\%2F?#;';
    const files = new Map([
      ['a/b/deep.log', 'deep'],
      ['a/x.log', 'x'],
      [`a/${odd}`, 'odd'],
      ['top', ''],
    ]);
    for (const [path, content] of files) {
      writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]), content);
    }
    symlinkSync('a', join(root, 'link'));

    const lines = await manifest(server, '/');
    expect(pathsIn(lines)).toEqual(['a', 'a/b', ...files.keys(), 'link'].sort());
    expect(lines.at(-1)).toEqual({ kind: 'end', count: 7, complete: true, reason: null });
    for (const [path, content] of files) {
      const line = lines.find((entry) => entry?.kind === 'file' && entry.path === encodePath(path));
      const response = await fetch(`${origin}/${encodePath(path)}`);
      expect(await response.text()).toBe(content);
      expect(line).toMatchObject({ kind: 'file', sizeBytes: content.length });
      const opaque = (tag: string | null | undefined) => tag?.replace(/^W\//, '');
      expect(opaque(line?.kind === 'file' ? line.etag : null)).toBe(opaque(response.headers.get('etag')));
    }

    expect(pathsIn(await manifest(server, '/?glob=*.log'))).toEqual(['a/b/deep.log', 'a/x.log']);
    expect(pathsIn(await manifest(server, '/a?glob=*.log&depth=1'))).toEqual(['x.log']);
    expect((await manifest(server, '/?limit=2')).at(-1)).toEqual({
      kind: 'end',
      count: 2,
      complete: false,
      reason: 'limit',
    });
    expect((await manifest(server, '/?limit=7')).at(-1)).toMatchObject({ complete: true });
  });
});

it('a manifest has every file once, and one that nobody reads to its end leaves nothing open', async () => {
  const server = await startServer();
  const { root, port, child } = server;
  const names: string[] = [];
  for (let directory = 0; directory < 10; directory += 1) {
    mkdirSync(join(root, `dir${directory}`));
    names.push(`dir${directory}`);
    for (let file = 0; file < 500; file += 1) {
      const name = `dir${directory}/file-${file}.log`;
      writeFileSync(join(root, name), '');
      names.push(name);
    }
  }
  const openFiles = (): number => readdirSync(`/proc/${child.pid}/fd`).length;
  const lines = await manifest(server, '/');
  expect(pathsIn(lines)).toEqual([...names].sort());
  expect(lines.at(-1)).toEqual({ kind: 'end', count: names.length, complete: true, reason: null });
  const limited = await manifest(server, '/?limit=3000');
  expect(new Set(pathsIn(limited)).size).toBe(3000);
  expect(limited.at(-1)).toEqual({ kind: 'end', count: 3000, complete: false, reason: 'limit' });
  expect((await manifest(server, `/?limit=${names.length}`)).at(-1)).toMatchObject({ complete: true });

  const openBefore = openFiles();
  for (let time = 0; time < 5; time += 1) {
    const socket = await open(port, `GET ${featurePath('manifest', '/')} HTTP/1.1\r\nHost: sdr\r\n\r\n`);
    await once(socket, 'data');
    socket.destroy();
  }
  // Between requests of fetch, whose connections are kept, nothing else is open.
  await expect.poll(openFiles, { timeout: 10_000 }).toBeLessThanOrEqual(openBefore);
  expect(pathsIn(await manifest(server, '/dir3'))).toHaveLength(500);
});

it('manifests take turns: one whose reader has stopped holds up no other, and lets go when he leaves', async () => {
  const server = await startServer();
  const { root, port, child } = server;
  // Names as long on the wire as can be: more than the buffers of two sockets hold.
  const long = Buffer.alloc(245, 0xff);
  const deep = Buffer.concat([Buffer.from(`${root}/flat/`), long, Buffer.from('/'), long, Buffer.from('/')]);
  mkdirSync(deep, { recursive: true });
  for (let file = 0; file < 8000; file += 1) {
    writeFileSync(Buffer.concat([deep, long, Buffer.from(String(file))]), '');
  }
  mkdirSync(join(root, 'other'));
  for (let file = 0; file < 3000; file += 1) writeFileSync(join(root, `other/${file}`), '');
  await manifest(server, '/other');

  const openFiles = (): number => readdirSync(`/proc/${child.pid}/fd`).length;
  const openBefore = openFiles();
  const stopped = [];
  for (let reader = 0; reader < 4; reader += 1) {
    const socket = await open(port, `GET ${featurePath('manifest', '/flat')} HTTP/1.1\r\nHost: sdr\r\n\r\n`);
    await once(socket, 'readable');
    stopped.push(socket);
  }
  // Each of them holds its connection, and a directory by two handles.
  await expect.poll(openFiles, { timeout: 10_000 }).toBe(openBefore + 4 * 3);
  const others = await Promise.all(Array.from({ length: 4 }, () => manifest(server, '/other')));
  for (const lines of others) {
    expect(new Set(pathsIn(lines)).size).toBe(3000);
    expect(lines.at(-1)).toEqual({ kind: 'end', count: 3000, complete: true, reason: null });
  }
  for (const socket of stopped) socket.destroy();
  await expect.poll(openFiles, { timeout: 10_000 }).toBeLessThanOrEqual(openBefore + 3);
});

/** A Node whose threads run out of memory in a directory that is called `deadly`. */
function mortal(node: string): string {
  const home = temporaryDirectory();
  const module = join(home, 'mortal.cjs');
  writeFileSync(
    module,
    `const fs = require('fs'), { isMainThread } = require('worker_threads'), { readlinkSync } = fs;
     if (!isMainThread) fs.readlinkSync = (...args) => {
       const path = readlinkSync(...args);
       for (const held = []; path.endsWith('/deadly'); ) held.push(Array(1000).fill({}));
       return path;
     };`,
  );
  const path = join(home, 'node');
  const script = `#!/bin/sh\nNODE_OPTIONS='--require "${module}"' exec '${node}' "$@"\n`;
  writeFileSync(path, script, { mode: 0o755 });
  return path;
}

it.each(nodes)(
  'a thread that dies breaks off its manifest, and neither the process nor the next one: %s',
  async (_, node) => {
    const server = await startServer({ node: mortal(node) });
    mkdirSync(join(server.root, 'fine'));
    mkdirSync(join(server.root, 'deadly/below'), { recursive: true });
    for (let time = 0; time < 3; time += 1) {
      await expect(manifest(server, '/')).rejects.toThrow('terminated');
      expect((await manifest(server, '/fine')).at(-1)).toMatchObject({ count: 0, complete: true });
    }
  },
);

it('a manifest never enters a link that leads out', async () => {
  const server = await startServer();
  const outside = mkdtempSync(join(server.root, '../outside-'));
  writeFileSync(join(outside, 'secret'), 'secret');
  symlinkSync(outside, join(server.root, 'link'));
  expect(pathsIn(await manifest(server, '/'))).toEqual(['link']);
  expect((await fetch(`${server.origin}${featurePath('manifest', '/link')}`)).status).toBe(403);
});

it.each(['?depth=0', '?depth=x', '?glob=[a', '?other'])('a manifest is refused for %s', async (query) => {
  const { origin } = await startServer();
  expect((await fetch(`${origin}${featurePath('manifest', '/')}${query}`)).status).toBe(400);
});
