import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ManifestLine, parseManifestLine } from '../../shared/manifest.ts';
import { decodePath, encodePath } from '../../shared/path.ts';
import { featurePath } from '../../shared/protocol.ts';
import { nodes } from '../support/agent.ts';
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
  expect((await manifest(server, '/?limit=3000')).at(-1)).toMatchObject({ count: 3000, reason: 'limit' });

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

it('a manifest never enters a link that leads out', async () => {
  const server = await startServer();
  const outside = mkdtempSync(join(server.root, '../outside-'));
  writeFileSync(join(outside, 'secret'), 'secret');
  symlinkSync(outside, join(server.root, 'link'));
  expect(pathsIn(await manifest(server, '/'))).toEqual(['link']);
  expect((await fetch(`${server.origin}${featurePath('manifest', '/link')}`)).status).toBe(403);
});

it('a manifest never enters a directory that a link takes the place of meanwhile', async () => {
  const server = await startServer();
  const outside = mkdtempSync(join(server.root, '../outside-'));
  writeFileSync(join(outside, 'secret'), 'secret');
  const [place, aside] = [join(server.root, 'a/b'), join(server.root, 'aside')];
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'f'), '');
  for (let file = 0; file < 300; file += 1) writeFileSync(join(server.root, `a/${file}`), '');
  let running = true;
  const swapping = (async () => {
    while (running) {
      renameSync(place, aside);
      symlinkSync(outside, place);
      await new Promise(setImmediate);
      unlinkSync(place);
      renameSync(aside, place);
      await new Promise(setImmediate);
    }
  })();
  for (let round = 0; round < 100; round += 1) {
    const lines = await manifest(server, '/');
    expect(lines.at(-1)).toMatchObject({ kind: 'end' });
    expect(pathsIn(lines).filter((path) => path?.includes('secret'))).toEqual([]);
  }
  running = false;
  await swapping;
});

it('two manifests at once are both whole, and a flat directory comes in steps', async () => {
  const server = await startServer();
  const names = Array.from({ length: 5000 }, (_, file) => `file-${file}`);
  for (const name of names) writeFileSync(join(server.root, name), '');
  const both = await Promise.all([manifest(server, '/'), manifest(server, '/')]);
  for (const lines of both) {
    expect(pathsIn(lines)).toEqual([...names].sort());
    expect(lines.at(-1)).toMatchObject({ count: names.length, complete: true });
  }
  expect((await manifest(server, '/?limit=4999')).at(-1)).toMatchObject({ count: 4999, reason: 'limit' });
});

it.each(['?depth=0', '?depth=x', '?glob=[a', '?other'])('a manifest is refused for %s', async (query) => {
  const { origin } = await startServer();
  expect((await fetch(`${origin}${featurePath('manifest', '/')}${query}`)).status).toBe(400);
});
