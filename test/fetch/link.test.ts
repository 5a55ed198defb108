import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { listening, startAgent } from '../support/agent.ts';
import { rounds } from '../support/effort.ts';
import { desk, noise, sha256 } from '../support/fetching.ts';
import { cut } from '../support/relay/cut.ts';
import { type Fault, seeded } from '../support/relay/fault.ts';
import { relay } from '../support/relay/relay.ts';
import { reorder } from '../support/relay/reorder.ts';
import { slow } from '../support/relay/slow.ts';
import { stall } from '../support/relay/stall.ts';
import { serving } from '../support/serving.ts';

const SEED = Number(process.env.PAYLOAD_LINK_SEED ?? Date.now() % 1_000_000);
const BIG_BYTES = 8_000_000;
const files = { big: noise(BIG_BYTES), a: noise(100_000), b: noise(100_000), c: noise(300_000), empty: noise(0) };

const FAULTS: readonly (readonly [name: string, fault: Fault])[] = [
  ['cuts', cut({ leastBytes: 50_000, mostBytes: 3_000_000 })],
  ['stalls', stall({ leastBytes: 1000, mostBytes: 4_000_000, stallMs: 700 })],
  ['is slow', slow({ bytesPerSecond: 6_000_000 })],
  ['reorders', reorder({ leastBytes: 500_000, mostBytes: 4_000_000, stretchBytes: 700 })],
];

describe('a link', () => {
  it.each(FAULTS)(
    `that %s delivers everything all the same, as it is (seed ${SEED})`,
    async (_, fault) => {
      const { port } = await serving(files);
      for (let round = 0; round < rounds(20); round += 1) {
        const link = await relay(port, fault, seeded(SEED + round));
        const { run, read, delivered } = desk();
        const { code, stderr } = await run([
          ...Object.keys(files).map((name) => `${link.url}/${name}`),
          '--duration',
          '25',
        ]);
        expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
        expect(delivered().sort()).toEqual(Object.keys(files).sort());
        for (const [name, content] of Object.entries(files)) expect(sha256(read(name))).toBe(sha256(content));
        // What a cut link cost is what it cut, not what had come before.
        if (fault === FAULTS[0]?.[1]) expect(link.sentBytes()).toBeLessThan(BIG_BYTES * 2.5);
      }
    },
    300_000,
  );

  it('whose server is killed and comes back, again and again, delivers everything', async () => {
    const { directory, port, agent } = await serving(files);
    const link = await relay(port, slow({ bytesPerSecond: 4_000_000 }));
    const { start, read, report } = desk();
    const { exit } = start([...Object.keys(files).map((name) => `${link.url}/${name}`), '--duration', '28']);
    let server = agent;
    for (let kills = 0; kills < rounds(30); kills += 1) {
      await delay(150 + Math.random() * 300);
      server.child.kill('SIGKILL');
      await server.exit;
      server = startAgent('payload-serve', [String(port), '--bind', '127.0.0.1', '--directory', directory]);
      await listening(port);
    }
    expect(await exit).toMatchObject({ code: 0, stderr: '' });
    for (const [name, content] of Object.entries(files)) expect(sha256(read(name))).toBe(sha256(content));
    expect(report().totals.fetchedBytes).toBeLessThan(BIG_BYTES * 1.5);
  }, 60_000);
});
