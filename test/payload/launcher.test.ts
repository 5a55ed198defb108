import { readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { startFailures } from '../../shared/start-failure.ts';
import { nodes } from '../support/agent.ts';
import { requires } from '../support/requirement.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { Payload, shells } from './launch.ts';

const started = { code: 0, stdout: `${packageJson.version}\n`, stderr: '', notice: null };

/** The first bytes of a program for the machine that this is, and for one that it is not. */
const elfHeader = (machine: number): Buffer => {
  const header = Buffer.alloc(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.set([2, 0, machine, 0, 1], 16);
  return header;
};
const X64 = 0x3e;
const ARM64 = 0xb7;
const [here, elsewhere] = process.arch === 'arm64' ? [ARM64, X64] : [X64, ARM64];

describe.each(nodes)('on %s, a bundle starts', (_, node) => {
  it.each(['payload-serve', 'payload-fetch'] as const)('as %s alone, from / with an empty environment', (agent) => {
    const payload = new Payload(agent);
    expect(payload.launch([payload.bundle, '--version'], { PAYLOAD_NODE: node })).toEqual(started);
  });

  for (const [name, shell, needs] of shells) {
    it(`under ${name}`, requires(needs), () => {
      const payload = new Payload('payload-serve');
      expect(payload.launch([...shell, payload.bundle, '--version'], { PAYLOAD_NODE: node })).toEqual(started);
    });

    it(`through a wrapper run by ${name}`, requires(needs), () => {
      const payload = new Payload('payload-fetch');
      const wrapper = payload.place(
        'entry.sh',
        'PATH=/usr/bin:/bin; HOME=/persist; TMPDIR=/tmp; export PATH HOME TMPDIR\n"$@" 2>&1 | tee "$PAYLOAD_ROOT/outbox/entry.log"\n',
      );
      const launch = payload.launch([...shell, wrapper, payload.bundle, '--version'], { PAYLOAD_NODE: node });
      expect(launch).toEqual(started);
    });
  }

  it('with the first node on the PATH where none is named', () => {
    const path = temporaryDirectory();
    symlinkSync(node, join(path, 'node'));
    const payload = new Payload('payload-serve');
    expect(payload.launch([payload.bundle, '--version'], { PATH: path })).toEqual(started);
  });

  it('by a relative name, from a directory with a blank in its own', () => {
    const payload = new Payload('payload-serve', 'a directory');
    const launch = payload.launch(
      ['sh', 'payload-serve', '--version'],
      { PAYLOAD_NODE: node },
      dirname(payload.bundle),
    );
    expect(launch).toEqual(started);
  });

  it('without its run bit, by sh and by node', () => {
    const payload = new Payload('payload-fetch');
    payload.place('payload-fetch', payload.read(), 0o644);
    expect(payload.launch(['sh', payload.bundle, '--version'], { PAYLOAD_NODE: node })).toEqual(started);
    expect(payload.launch([node, payload.bundle, '--version'])).toEqual(started);
  });

  it('beside a package.json that makes every file an ES module', () => {
    const payload = new Payload('payload-fetch');
    payload.place('package.json', '{"type":"module"}');
    expect(payload.launch([payload.bundle, '--version'], { PAYLOAD_NODE: node })).toEqual(started);
    expect(payload.launch(['sh', payload.bundle, '--version'], { PAYLOAD_NODE: node })).toEqual(started);
    // Node 16 refuses every file without an ending there, before it has read a byte of it.
    if (!node.includes('-16.')) expect(payload.launch([node, payload.bundle, '--version'])).toEqual(started);
  });

  it('with every argument as it was given', () => {
    const payload = new Payload('payload-serve');
    const { code, stderr } = payload.launch([payload.bundle, 'it\'s $HOME * "here"'], { PAYLOAD_NODE: node });
    expect(code).toBe(2);
    expect(stderr).toContain('it\'s $HOME * "here"');
  });
});

describe.each(shells)('under %s, a start that fails leaves its sentence', (_, shell, needs) => {
  const failsWith = (failure: keyof typeof startFailures, payload: Payload, env: Record<string, string>): void => {
    const { code, notice } = payload.launch([...shell, payload.bundle, '--version'], { PATH: '/nowhere', ...env });
    const { exitCode, sentence } = startFailures[failure];
    expect({ code, notice }).toEqual({ code: exitCode, notice: expect.stringContaining(opening(sentence)) });
    expect(notice?.trim().split('\n')).toHaveLength(1);
  };
  /** The words before the first that the launcher fills in. */
  const opening = (sentence: string): string => sentence.replace('{agent}', 'payload-fetch').split('{')[0] ?? '';

  it('where there is no Node', requires(needs), () => {
    failsWith('no-node', new Payload('payload-fetch'), {});
  });

  it('where what is there has no run bit', requires(needs), () => {
    const payload = new Payload('payload-fetch');
    failsWith('no-node', payload, { PAYLOAD_NODE: payload.place('node', elfHeader(here), 0o644) });
  });

  it('where Node is built for another machine', requires(needs), () => {
    const payload = new Payload('payload-fetch');
    failsWith('node-unusable', payload, { PAYLOAD_NODE: payload.place('node', elfHeader(elsewhere)) });
  });

  it('where the system cannot load Node', requires(needs), () => {
    const payload = new Payload('payload-fetch');
    // As with a Node for another libc: the machine is right, and its loader is not there.
    const program = readFileSync('/bin/true');
    program.write('/nowhere', program.indexOf('/lib'));
    failsWith('node-unusable', payload, { PAYLOAD_NODE: payload.place('node', program) });
  });

  it('where Node is too old', requires(needs), () => {
    const payload = new Payload('payload-fetch');
    payload.place('old.js', "Object.defineProperty(process, 'versions', { value: { node: '16.20.1' } })");
    const old = payload.place('node', `#!/bin/sh\nexec '${process.execPath}' -r '${payload.root}/old.js' "$@"\n`);
    failsWith('node-too-old', payload, { PAYLOAD_NODE: old });
  });

  it('where Node dies before it can speak', requires(needs), () => {
    const payload = new Payload('payload-fetch');
    const dying = payload.place('node', '#!/bin/sh\necho "libc.so.6: GLIBC_2.28 not found" >&2\nexit 1\n');
    const { code, notice } = payload.launch([...shell, payload.bundle], { PAYLOAD_NODE: dying });
    expect(code).toBe(1);
    expect(notice).toContain(`cannot run on ${dying}: `);
  });
});

describe('a start that fails', () => {
  it('speaks on stderr where there is no outbox', () => {
    const payload = new Payload('payload-serve');
    const { code, stderr, notice } = payload.launch(['/bin/sh', payload.bundle], {
      PATH: '/nowhere',
      PAYLOAD_ROOT: '/nowhere',
    });
    expect({ code, notice }).toEqual({ code: startFailures['no-node'].exitCode, notice: null });
    expect(stderr).toContain('payload-serve needs Node.js: put 16.20.2 for arm64 at /persist/bin/node');
  });

  it('goes on to the next Node where one is for another machine', () => {
    const payload = new Payload('payload-serve');
    const env = { PAYLOAD_NODE: payload.place('node', elfHeader(elsewhere)), PATH: dirname(process.execPath) };
    expect(payload.launch([payload.bundle, '--version'], env)).toEqual(started);
  });
});
