import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freePort, nodes, runAgent } from '../support/agent.ts';
import { noise } from '../support/fetching.ts';
import { answerFile, httpOrigin } from '../support/origin.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { Payload } from './launch.ts';

/** A payload with a `/persist`, and a run of payload-serve that ends well at once. */
async function persistent(node: string) {
  const port = await freePort();
  const payload = new Payload('payload-serve');
  mkdirSync(join(payload.root, 'persist'));
  const path = join(payload.root, 'persist', '.payload-serve-v8-cache');
  const runWith = (env: Record<string, string>, ...args: string[]) => {
    const words = [String(port), '--bind', '127.0.0.1', '--duration', '0.1', ...args];
    return payload.launch([payload.bundle, ...words], { PAYLOAD_NODE: node, ...env }, payload.root).code;
  };
  const run = (...args: string[]) => runWith({}, ...args);
  return { payload, path, run, runWith, sizeBytes: () => statSync(path, { throwIfNoEntry: false })?.size };
}

describe.each(nodes)('on %s, what was compiled', (_, node) => {
  it('is kept by the second run that ends well, and stays as it is', async () => {
    const { path, run, sizeBytes } = await persistent(node);
    expect(run()).toBe(0);
    expect(sizeBytes()).toBe(0);
    expect(run()).toBe(0);
    expect(sizeBytes()).toBeGreaterThan(50_000);
    const kept = readFileSync(path);
    expect(run()).toBe(0);
    expect(readFileSync(path).equals(kept)).toBe(true);
  });

  it('is kept of payload-fetch too, which changes a flag of V8', async () => {
    const { url } = await httpOrigin((request, response) => answerFile(request, response, { content: noise(1) }));
    const root = temporaryDirectory();
    for (const name of ['outbox', 'persist']) mkdirSync(join(root, name));
    const path = join(root, 'persist', '.payload-fetch-v8-cache');
    const args = [`${url}/f`, '--state', join(root, 'state')];
    const run = async (): Promise<Buffer> => {
      const exit = await runAgent('payload-fetch', args, { node, env: { PAYLOAD_ROOT: root } });
      expect(exit).toMatchObject({ code: 0, stderr: '' });
      return readFileSync(path);
    };
    expect(await run()).toHaveLength(0);
    const kept = await run();
    expect(kept.length).toBeGreaterThan(50_000);
    expect((await run()).equals(kept)).toBe(true);
  });

  it('is not trusted when a bit of it is wrong, and made again', async () => {
    const { path, run } = await persistent(node);
    run();
    run();
    const whole = readFileSync(path);
    for (const at of [0, 31, 32, 40, whole.length >> 1, whole.length - 1]) {
      const damaged = Buffer.from(whole);
      damaged.writeUInt8(damaged.readUInt8(at) ^ 16, at);
      writeFileSync(path, damaged);
      expect(run()).toBe(0);
      expect(readFileSync(path).equals(damaged)).toBe(false);
    }
  });

  it('is not trusted when it is of another bundle', async () => {
    const { payload, path, run } = await persistent(node);
    writeFileSync(path, readFileSync(payload.bundle));
    expect(run()).toBe(0);
    expect(readFileSync(path).equals(readFileSync(payload.bundle))).toBe(false);
  });

  it('is not trusted when it was made for another machine', async () => {
    const { payload, path, run, runWith } = await persistent(node);
    const disguise = payload.place('disguise.cjs', "Object.defineProperty(process, 'arch', { value: 'another' })");
    for (let window = 0; window < 2; window += 1) runWith({ NODE_OPTIONS: `--require ${disguise}` });
    const kept = readFileSync(path);
    expect(kept.length).toBeGreaterThan(50_000);
    expect(run()).toBe(0);
    expect(readFileSync(path).equals(kept)).toBe(false);
  });

  it('is not kept by a run that fails, nor where there is no /persist', async () => {
    const { run, sizeBytes } = await persistent(node);
    expect(run('--no-such-flag')).toBe(2);
    expect(sizeBytes()).toBeUndefined();
    const payload = new Payload('payload-serve');
    expect(payload.launch([payload.bundle, '--version'], { PAYLOAD_NODE: node }).code).toBe(0);
  });
});
