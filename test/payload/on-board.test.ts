import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { type AgentName, projectRoot } from '../../scripts/build/bundle.ts';
import { EMULATOR_PACKAGES, findEmulator, writeArm64Runner } from '../../scripts/runtime/emulator.ts';
import { officialNode } from '../../scripts/runtime/official-node.ts';
import { type FetchReport, fetchReport, serveReport } from '../../shared/report.ts';
import { freePort, listening, type RunningAgent, startAgent } from '../support/agent.ts';
import { long } from '../support/effort.ts';
import { condition, requires } from '../support/requirement.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/**
 * What must hold on the payloads, on the Node that runs there: as it is on this machine's processor, and the arm64 one
 * under an emulator, which takes many seconds for each start and so has its place in the long run.
 */
const emulated = [
  condition('npm run test:long', long),
  condition(`an emulator of arm64 (Debian packages ${EMULATOR_PACKAGES})`, findEmulator() !== null),
];
const arm64Runner = join(projectRoot, 'build', 'runtime', 'node-arm64-here');

describe.each([
  {
    on: 'Node 16.20.2',
    node: inject('node16') ?? '',
    needs: [condition('Node 16.20.2', inject('node16') !== null)],
    slow: 1,
  },
  { on: 'Node 16.20.2 for arm64', node: arm64Runner, needs: emulated, slow: 30 },
])('$on', ({ node, needs, slow }) => {
  /** Long enough to be killed in its midst. */
  const largeBytes = slow > 1 ? 16_000_000 : 64_000_000;
  const options = { ...requires(...needs), timeout: 20_000 * slow };

  beforeAll(async () => {
    if (slow > 1 && needs.every(({ met }) => met)) writeArm64Runner(arm64Runner, await officialNode('arm64'));
  }, 300_000);

  /** Two payloads, a file of the SDR's, and both agents as windows start them. */
  async function link(content: Buffer) {
    const root = temporaryDirectory();
    const port = await freePort();
    for (const name of ['sdr/outbox', 'sdr/var/log', 'saber/outbox', 'saber/persist'])
      mkdirSync(join(root, name), { recursive: true });
    writeFileSync(join(root, 'sdr/var/log/syslog'), content);
    const agent = (name: AgentName, payload: string, ...args: string[]): RunningAgent =>
      startAgent(name, args, {
        node,
        cwd: join(root, payload),
        env: { PAYLOAD_ROOT: join(root, payload), PAYLOAD_ADDRESS: '127.0.0.1', PAYLOAD_SDR: '127.0.0.1' },
      });
    const outbox = join(root, 'saber/outbox');
    return {
      root,
      outbox,
      url: `http://127.0.0.1:${port}/var/log/syslog`,
      async serve() {
        const running = agent('payload-serve', 'sdr', String(port), '--bind', '0.0.0.0');
        await listening(port, 20_000 * slow);
        return running;
      },
      fetch: (...args: string[]) =>
        agent('payload-fetch', 'saber', `http://10.2.1.8:${port}/var/log/syslog`, '-o', 'sdr_syslog', ...args),
      report: (): FetchReport =>
        fetchReport.parse(JSON.parse(readFileSync(join(outbox, 'payload-fetch-report.json'), 'utf8'))),
    };
  }

  /** Resolves once so many bytes are in the state directory: then there is something to lose. */
  async function staged(root: string, sizeBytes: number): Promise<string> {
    const state = join(root, 'saber/persist/payload-fetch');
    for (const until = performance.now() + 20_000 * slow; performance.now() < until; await delay(5)) {
      const files = existsSync(state) ? readdirSync(state, { recursive: true, encoding: 'utf8' }) : [];
      const found = files
        .map((name) => join(state, name))
        .find((path) => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) >= sizeBytes && statSync(path).isFile());
      if (found !== undefined) return found;
    }
    throw new Error('nothing was staged');
  }

  it('the tutorial delivers the whole file, verified, and both reports', options, async () => {
    const content = randomBytes(3_000_000);
    const { root, outbox, serve, fetch, report } = await link(content);
    const fetching = fetch('--duration', String(18 * slow));
    const serving = await serve();
    expect((await fetching.exit).code).toBe(0);
    serving.child.kill('SIGTERM');
    expect((await serving.exit).code).toBe(0);
    expect(readFileSync(join(outbox, 'sdr_syslog')).equals(content)).toBe(true);
    expect(report()).toMatchObject({
      exitCode: 0,
      files: [{ state: 'delivered', verified: 'sha-256' }],
      agent: { node: expect.stringMatching(/^v?16\.20\.2$/) },
    });
    serveReport.parse(JSON.parse(readFileSync(join(root, 'sdr/outbox/payload-serve-report.json'), 'utf8')));
  });

  it('ranges are answered as RFC 9110 says', options, async () => {
    const content = randomBytes(100_000);
    const { serve, url } = await link(content);
    const serving = await serve();
    const asked = async (range: string) => {
      const answer = await fetch(url, { headers: { range } });
      return [answer.status, answer.headers.get('content-range'), Buffer.from(await answer.arrayBuffer())] as const;
    };
    expect(await asked('bytes=100-199')).toEqual([206, 'bytes 100-199/100000', content.subarray(100, 200)]);
    expect(await asked('bytes=-5')).toEqual([206, 'bytes 99995-99999/100000', content.subarray(-5)]);
    expect((await asked('bytes=100000-')).slice(0, 2)).toEqual([416, 'bytes */100000']);
    serving.child.kill('SIGTERM');
    expect((await serving.exit).code).toBe(0);
  });

  it('a fetch that lost its power goes on from the bytes that it kept', options, async () => {
    const content = randomBytes(largeBytes);
    const { root, outbox, serve, fetch, report } = await link(content);
    await serve();
    const first = fetch();
    await staged(root, 4_000_000);
    first.child.kill('SIGKILL');
    await first.exit;
    expect(readdirSync(outbox)).not.toContain('sdr_syslog');
    expect((await fetch().exit).code).toBe(0);
    expect(readFileSync(join(outbox, 'sdr_syslog')).equals(content)).toBe(true);
    expect(report().files[0]).toMatchObject({ state: 'delivered', verified: 'sha-256' });
  });

  it('bytes that were damaged on the way are found and never delivered', options, async () => {
    const content = randomBytes(largeBytes);
    const { root, outbox, serve, fetch } = await link(content);
    await serve();
    const first = fetch();
    const kept = await staged(root, 4_000_000);
    first.child.kill('SIGKILL');
    await first.exit;
    const bytes = readFileSync(kept);
    bytes.writeUInt8(bytes.readUInt8(1_000_000) ^ 1, 1_000_000);
    writeFileSync(kept, bytes);
    const { code } = await fetch().exit;
    if (code === 0) expect(readFileSync(join(outbox, 'sdr_syslog')).equals(content)).toBe(true);
    else expect(readdirSync(outbox)).not.toContain('sdr_syslog');
  });

  it('a window that ends too early says so, and the next one finishes', options, async () => {
    const content = randomBytes(1_000_000);
    const { outbox, serve, fetch, report } = await link(content);
    expect((await fetch('--duration', String(slow > 1 ? 20 : 1.5)).exit).code).toBe(4);
    expect(report()).toMatchObject({ state: 'ended', exitCode: 4, ending: 'duration' });
    expect(readdirSync(outbox)).not.toContain('sdr_syslog');
    await serve();
    expect((await fetch().exit).code).toBe(0);
    expect(readFileSync(join(outbox, 'sdr_syslog')).equals(content)).toBe(true);
  });
});
