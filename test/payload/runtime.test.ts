import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ElfNeeds, readElfNeeds } from '../../scripts/runtime/elf.ts';
import { makeFlashArchive, makeParts } from '../../scripts/runtime/parcel.ts';
import { compareVersions, newestAsked, obstacles, payloadSystems } from '../../scripts/runtime/payload-system.ts';
import { program, requires } from '../support/requirement.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { shells } from './launch.ts';

const official: ElfNeeds = {
  machine: 183,
  interpreter: '/lib/ld-linux-aarch64.so.1',
  versions: new Map([
    ['libc.so.6', ['GLIBC_2.17']],
    ['libstdc++.so.6', ['GLIBCXX_3.4', 'GLIBCXX_3.4.9', 'GLIBCXX_3.4.18', 'CXXABI_1.3.5']],
    ['libgcc_s.so.1', ['GCC_3.0', 'GCC_4.2.0']],
  ]),
};

describe('what a program asks of a payload', () => {
  it.each([
    ['2.17', '2.27', -1],
    ['2.9', '2.17', -1],
    ['2.28', '2.27', 1],
    ['3.4', '3.4.0', 0],
    ['3.4.24', '3.4.9', 1],
  ])('%s against %s', (a, b, sign) => expect(Math.sign(compareVersions(a, b))).toBe(sign));

  it('is met for the official Node.js 16.20.2', () => {
    for (const system of payloadSystems) expect(obstacles(official, system)).toEqual([]);
    expect(Object.fromEntries(newestAsked(official))).toEqual({
      GLIBC: '2.17',
      GLIBCXX: '3.4.18',
      CXXABI: '1.3.5',
      GCC: '4.2.0',
    });
  });

  it.each<[string, Partial<ElfNeeds>, string]>([
    [
      'a newer glibc',
      { versions: new Map([['libc.so.6', ['GLIBC_2.17', 'GLIBC_2.28']]]) },
      'GLIBC_2.28, and the newest there is 2.27',
    ],
    ['a newer libstdc++', { versions: new Map([['libstdc++.so.6', ['GLIBCXX_3.4.26']]]) }, 'GLIBCXX_3.4.26'],
    ['a version of nobody', { versions: new Map([['libc.so.6', ['MUSL_1']]]) }, 'the newest there is none'],
    [
      'a library that is not there',
      { versions: new Map([['libatomic.so.1', ['LIBATOMIC_1.0']]]) },
      'libatomic.so.1, which is not there',
    ],
    ['another machine', { machine: 62 }, 'ELF machine 62'],
    ['another loader', { interpreter: '/lib/ld-musl-aarch64.so.1' }, '/lib/ld-musl-aarch64.so.1'],
  ])('is not met by %s', (_, change, reason) => {
    for (const system of payloadSystems)
      expect(obstacles({ ...official, ...change }, system).join(' ')).toContain(reason);
  });

  it('is read from a program as readelf reads it', requires(program('readelf', 'binutils')), () => {
    const needs = readElfNeeds(readFileSync(process.execPath));
    const { stdout } = spawnSync('readelf', ['-W', '-V', process.execPath], { encoding: 'utf8', maxBuffer: 2 ** 28 });
    const listed = stdout.slice(stdout.indexOf('Version needs section')).matchAll(/Name: (\S+)/g);
    expect([...needs.versions.values()].flat().sort()).toEqual([...listed].map(([, name]) => name).sort());
    const headers = spawnSync('readelf', ['-W', '-l', process.execPath], { encoding: 'utf8' }).stdout;
    expect(needs.interpreter).toBe(/interpreter: (\S+)\]/.exec(headers)?.[1]);
  });

  it('is not read from anything else', () => {
    expect(() => readElfNeeds(Buffer.from('#!/bin/sh\n'))).toThrow('no ELF file');
  });
});

/** Stands for Node: says its version, and is long enough for several parts. */
const stand = `#!/bin/sh\necho v16.20.2\nexit\n${Array.from({ length: 4000 }, (_, line) => Math.sin(line)).join('\n')}\n`;

describe('the runtime for flashing', () => {
  it('unpacks to bin/node and its licence, and is the same bytes every time', () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'node'), stand);
    writeFileSync(join(directory, 'LICENSE'), 'MIT');
    const make = (name: string) =>
      makeFlashArchive(join(directory, 'node'), join(directory, 'LICENSE'), join(directory, name)).path;
    const archive = make('a');
    expect(readFileSync(make('b')).equals(readFileSync(archive))).toBe(true);
    const persist = join(directory, 'persist');
    mkdirSync(persist);
    expect(spawnSync('tar', ['-xzf', archive, '-C', persist]).status).toBe(0);
    expect(readdirSync(join(persist, 'bin')).sort()).toEqual(['node', 'node-LICENSE']);
    expect(spawnSync(join(persist, 'bin', 'node'), { encoding: 'utf8' }).stdout).toBe('v16.20.2\n');
  });
});

describe.each(shells)('under %s, the installer', (_, shell, needs) => {
  const needed = requires(needs, program('xz', 'xz-utils'));

  /** A payload's root, the parts as they are on the ground, and a way to run the installer that was uploaded. */
  function uplink() {
    const root = temporaryDirectory();
    const ground = temporaryDirectory();
    const board = join(root, 'persist', 'upload');
    mkdirSync(board, { recursive: true });
    mkdirSync(join(root, 'outbox'));
    writeFileSync(join(ground, 'node'), stand);
    const [installer = '', ...parts] = makeParts(join(ground, 'node'), join(ground, 'parts'), 10_000).map(
      ({ path }) => path,
    );
    const upload = (path: string) => copyFileSync(path, join(board, path.slice(path.lastIndexOf('/') + 1)));
    upload(installer);
    const run = () => {
      const { status, stdout } = spawnSync(shell[0] ?? '', [...shell.slice(1), join(board, 'install-node.sh')], {
        cwd: '/',
        env: { PAYLOAD_ROOT: root },
        encoding: 'utf8',
      });
      expect(readFileSync(join(root, 'outbox', 'install-node.txt'), 'utf8')).toContain(stdout.trim());
      return { status, said: stdout };
    };
    return { root, board, parts, upload, run, node: join(root, 'persist', 'bin', 'node') };
  }

  it('waits for all parts, in any order, and then places a Node that runs', needed, () => {
    const { parts, upload, run, node } = uplink();
    expect(parts.length).toBeGreaterThan(2);
    expect(run()).toEqual({ status: 3, said: expect.stringContaining(`0 of ${parts.length} parts`) });
    for (const part of parts.slice(1).reverse()) upload(part);
    expect(run()).toEqual({ status: 3, said: expect.stringMatching(/Still missing: node-16\.20\.2\.xz\.1-of-\d\.\n/) });
    expect(existsSync(node)).toBe(false);

    upload(parts[0] ?? '');
    expect(run()).toEqual({
      status: 0,
      said: expect.stringContaining('Node.js v16.20.2 is in place at /persist/bin/node'),
    });
    expect(readFileSync(node, 'utf8')).toBe(stand);
    expect(spawnSync(node, { encoding: 'utf8' }).stdout).toBe('v16.20.2\n');
    expect(run()).toEqual({ status: 0, said: 'Node.js 16.20.2 is in place at /persist/bin/node.\n' });
  });

  it('names a part that is damaged, and places nothing', needed, () => {
    const { board, parts, upload, run, node } = uplink();
    for (const part of parts) upload(part);
    const damaged = join(board, parts[1]?.slice(parts[1].lastIndexOf('/') + 1) ?? '');
    const content = readFileSync(damaged);
    content.writeUInt8(content.readUInt8(99) ^ 1, 99);
    writeFileSync(damaged, content);
    expect(run()).toEqual({
      status: 6,
      said: expect.stringMatching(/Upload again, they are damaged: node-16\.20\.2\.xz\.2-of-\d\.\n/),
    });
    expect(existsSync(node)).toBe(false);
  });

  it('takes up after a power cut in its midst', needed, () => {
    const { root, parts, upload, run, node } = uplink();
    for (const part of parts) upload(part);
    mkdirSync(join(root, 'persist', 'bin'));
    writeFileSync(`${node}.partial`, stand.slice(0, 1000));
    expect(run().status).toBe(0);
    expect(existsSync(`${node}.partial`)).toBe(false);
    expect(readFileSync(node, 'utf8')).toBe(stand);
  });
});
