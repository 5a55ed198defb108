import assert from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { publishPart, SmallPublisher, sweepHiddenCopies } from '../../agents/fetch/publish.ts';
import { projectRoot } from '../../scripts/build/bundle.ts';
import { condition, requires } from '../support/requirement.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const MEMORY = '/dev/shm';
const device = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.dev;
const another = condition(
  `a file system at ${MEMORY} besides that of temporary files`,
  device(MEMORY) !== undefined && device(MEMORY) !== device(tmpdir()),
);

/** A directory on another file system than that of the state directory. */
function elsewhere(): string {
  const path = mkdtempSync(join(MEMORY, 'payload-link-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

describe('an outbox on another file system', requires(another), () => {
  it('has small files appear as they are, side by side, however alike their names begin', async () => {
    const [state, outbox] = [temporaryDirectory(), elsewhere()];
    const names = Array.from({ length: 40 }, (_, at) => `${'n'.repeat(150)}${at}`);
    const small = new SmallPublisher();
    await Promise.all(
      names.map((name) => small.publish(join(state, name), join(outbox, name), Buffer.from(name.repeat(100)))),
    );
    for (const name of names) expect(readFileSync(join(outbox, name), 'utf8')).toBe(name.repeat(100));
    expect(readdirSync(outbox)).toHaveLength(names.length);
    expect(readdirSync(state)).toEqual([]);
  });

  it('shows nothing of a copy that the end of the run interrupts', async () => {
    const [state, outbox] = [temporaryDirectory(), elsewhere()];
    const part = join(state, 'part');
    writeFileSync(part, Buffer.alloc(9_000_000));
    const ending = new AbortController();
    const copy = publishPart(part, join(outbox, 'f'), null, ending.signal);
    ending.abort(new Error('the end'));
    await expect(copy).rejects.toThrow('the end');
    expect(readdirSync(outbox)).toEqual([]);
    expect(statSync(part).size).toBe(9_000_000);
    await publishPart(part, join(outbox, 'f'), null, new AbortController().signal);
    expect(readdirSync(outbox)).toEqual(['f']);
    expect(statSync(join(outbox, 'f')).size).toBe(9_000_000);
  });

  it('shows nothing of a copy that is still under way as the process ends', () => {
    const [state, outbox] = [temporaryDirectory(), elsewhere()];
    const part = join(state, 'part');
    writeFileSync(part, Buffer.alloc(9_000_000));
    const script = `
      import { readdirSync, watch } from 'node:fs';
      import { publishPart } from '${join(projectRoot, 'agents/fetch/publish.ts')}';
      watch('${outbox}', () => process.exit(readdirSync('${outbox}').length));
      publishPart('${part}', '${outbox}/f', null, new AbortController().signal);`;
    const args = ['--import', 'tsx', '--input-type', 'module', '--eval', script];
    const { status } = spawnSync(process.execPath, args, { cwd: projectRoot });
    expect(status).toBe(1);
    expect(readdirSync(outbox)).toEqual([]);
  });
});

describe('SmallPublisher', () => {
  it('leaves nothing that it did not foresee to a promise that nobody awaits', async () => {
    const unsayable = { toString: () => assert.fail('unforeseen') } as unknown as string;
    await expect(new SmallPublisher().publish(unsayable, unsayable, new Uint8Array())).rejects.toThrow('unforeseen');
  });
});

describe('sweepHiddenCopies', () => {
  it('removes what dead runs have left, in a tree too, and nothing else', () => {
    const outbox = temporaryDirectory();
    const startTicks = readFileSync('/proc/self/stat', 'latin1').split(') ')[1]?.split(' ')[19];
    const [dead, live] = [
      '.payload-fetch-4194999-1-1.partial',
      `.payload-fetch-${process.pid}-${startTicks}-1.partial`,
    ];
    mkdirSync(join(outbox, 'var', 'log'), { recursive: true });
    for (const directory of ['', 'var/log']) {
      for (const name of [dead, live, 'syslog', '.hidden']) writeFileSync(join(outbox, directory, name), '');
    }
    sweepHiddenCopies(outbox, true);
    expect(readdirSync(outbox).sort()).toEqual([live, '.hidden', 'syslog', 'var'].sort());
    expect(readdirSync(join(outbox, 'var', 'log')).sort()).toEqual([live, '.hidden', 'syslog'].sort());
  });
});
