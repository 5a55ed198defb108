import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Journal } from '../../agents/fetch/journal.ts';
import { projectRoot } from '../../scripts/build/bundle.ts';
import { runAgent } from '../support/agent.ts';
import { desk, noise } from '../support/fetching.ts';
import { httpOrigin } from '../support/origin.ts';
import { condition, program, requires, root } from '../support/requirement.ts';
import { serving } from '../support/serving.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const SIZE_BYTES = 12_000_000;
const setpriv = program('setpriv', 'util-linux');

/** A small file system of the test's own; gone when it is over. */
function smallDisk(sizeMiB: number): { path: string; grow: (sizeMiB: number) => void } {
  const path = join(temporaryDirectory(), 'disk');
  mkdirSync(path);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMiB}m`, 'payload-link-test', path]);
  onTestFinished(() => void execFileSync('umount', ['--lazy', path]));
  const grow = (to: number): void => void execFileSync('mount', ['-o', `remount,size=${to}m`, path]);
  return { path, grow };
}

const names = (directory: string): string[] =>
  readdirSync(directory).filter((name) => !name.startsWith('payload-fetch-'));

describe('a full disk', requires(root), () => {
  it('under the state directory: exit 7, a clean outbox, other files delivered, and the next run with space finishes', async () => {
    const content = noise(SIZE_BYTES);
    const { url } = await serving({ big: content, small: 'x' });
    const disk = smallDisk(4);
    const { outbox, read, report } = desk();
    const places = ['--outbox', outbox, '--state', join(disk.path, 'state')];
    const run = () => runAgent('payload-fetch', [`${url}/big`, `${url}/small`, ...places]);
    expect(await run()).toMatchObject({ code: 7, stderr: expect.stringContaining('no space is left') });
    expect(names(outbox)).toEqual(['small']);
    expect(report().files).toMatchObject([{ failure: { code: 'disk-full' } }, { state: 'delivered' }]);
    disk.grow(64);
    expect((await run()).code).toBe(0);
    expect(read('big').equals(content)).toBe(true);
    expect(report().totals.reusedBytes).toBeGreaterThan(1_000_000);
  });

  it('under the state directory keeps no small file from an outbox that has room', async () => {
    const { url } = await serving({ small: noise(100_000) });
    const disk = smallDisk(1);
    const state = join(disk.path, 'state');
    mkdirSync(join(state, 'parts'), { recursive: true });
    writeFileSync(join(disk.path, 'others'), noise(1_000_000));
    const { outbox } = desk();
    const args = [`${url}/small`, '-o', 'below/small', '--outbox', outbox, '--state', state];
    expect(await runAgent('payload-fetch', args)).toMatchObject({ code: 0 });
    expect(names(join(outbox, 'below'))).toEqual(['small']);
    expect(readdirSync(join(state, 'parts'))).toEqual([]);
  });

  it('under the journal tears one line of it, and none that follows', async () => {
    const disk = smallDisk(1);
    const journal = new Journal(disk.path);
    const part = (key: string) =>
      ({ kind: 'part', key, name: key, source: '/x', etag: null, sizeBytes: 1, boot: 'b' }) as const;
    expect(() => {
      for (let at = 0; ; at += 1) journal.append(part(`key ${at}`));
    }).toThrow(expect.objectContaining({ code: 'disk-full' }));
    disk.grow(4);
    journal.append(part('after'));
    journal.close();
    const again = new Journal(disk.path);
    again.close();
    expect(again.parts.has('after')).toBe(true);
  });

  it('under the outbox: the same, and no hidden copy stays behind', async () => {
    const content = noise(SIZE_BYTES);
    const { url } = await serving({ big: content });
    const disk = smallDisk(4);
    const { state } = desk();
    const run = () => runAgent('payload-fetch', [`${url}/big`, '--outbox', disk.path, '--state', state]);
    expect((await run()).code).toBe(7);
    expect(names(disk.path)).toEqual([]);
    disk.grow(64);
    expect((await run()).code).toBe(0);
    expect(statSync(join(disk.path, 'big')).size).toBe(SIZE_BYTES);
    expect(names(disk.path)).toEqual(['big']);
  });
});

describe('a directory that may not be written', () => {
  const unprivileged = condition('root and setpriv (Debian package util-linux)', root.met && setpriv.met);

  it('is said at once, with exit 7', requires(unprivileged), async () => {
    const { url } = await httpOrigin((_, response) => response.end('x'));
    const home = temporaryDirectory();
    chmodSync(home, 0o755);
    mkdirSync(join(home, 'outbox'), { mode: 0o755 });
    const agent = join(home, 'payload-fetch');
    copyFileSync(join(projectRoot, 'build', 'payload-fetch'), agent);
    const done = spawnSync(
      setpriv.path,
      ['--reuid=65534', '--regid=65534', '--clear-groups', agent, `${url}/f`, '--outbox', join(home, 'outbox')],
      { env: { ...process.env, PAYLOAD_NODE: process.execPath }, encoding: 'utf8' },
    );
    expect(done).toMatchObject({ status: 7, stderr: expect.stringContaining('permission is denied') });
    expect(readdirSync(join(home, 'outbox'))).toEqual([]);
  });
});
