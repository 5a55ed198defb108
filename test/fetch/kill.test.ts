import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { nodes } from '../support/agent.ts';
import { long, rounds } from '../support/effort.ts';
import { desk, noise, sha256 } from '../support/fetching.ts';
import { relay } from '../support/relay/relay.ts';
import { serving } from '../support/serving.ts';

const MIB = 1024 * 1024;
const KILLS = rounds(500);
const SIZES: Readonly<Record<string, number>> = {
  big: (long ? 256 : 48) * MIB,
  ...Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`small-${at}`, 100 * 1024])),
};

describe.each(nodes.slice(-1))('killed at any moment, on %s', (_, node) => {
  it(
    `delivers whole files or none, and keeps what it has (${KILLS} kills)`,
    async () => {
      const content = new Map(Object.entries(SIZES).map(([name, sizeBytes]) => [name, noise(sizeBytes)]));
      const digests = new Map([...content].map(([name, bytes]) => [name, sha256(bytes)]));
      const { port } = await serving(Object.fromEntries(content));
      // Only to count what comes over the link, by somebody who is not killed.
      const link = await relay(port, null);
      const args = [...content.keys()].map((name) => `${link.url}/${name}`);

      let kills = 0;
      let batches = 0;
      let lastMs = 2000;
      while (kills < KILLS) {
        const { outbox, start, delivered, read } = desk();
        const checked = new Map<string, number>();
        batches += 1;
        for (;;) {
          const beganMs = performance.now();
          const { child, exit } = start(args, node);
          // Most are killed before they could be done; now and then one is left to end.
          const moment = delay(Math.random() * lastMs * (kills % 8 === 7 ? 2 : 0.8), 'kill' as const, { ref: false });
          // After as many as were to be, what is left of the last batch comes in one run.
          if (kills < KILLS && (await Promise.race([exit, moment])) === 'kill') child.kill('SIGKILL');
          const { code } = await exit;
          for (const name of delivered()) {
            const { mtimeMs } = statSync(join(outbox, name));
            if (checked.get(name) === mtimeMs) continue;
            expect(sha256(read(name)), name).toBe(digests.get(name));
            checked.set(name, mtimeMs);
          }
          if (code === null) kills += 1;
          else expect(code).toBe(0);
          if (code !== 0) continue;
          lastMs = Math.min(lastMs, performance.now() - beganMs);
          break;
        }
        expect(delivered().sort()).toEqual([...content.keys()].sort());
      }
      const batchBytes = Object.values(SIZES).reduce((sum, sizeBytes) => sum + sizeBytes, 0);
      console.log(
        `${kills} kills, ${batches} batches; ${(link.sentBytes() / batchBytes).toFixed(2)} batches of bytes came`,
      );
      expect(link.sentBytes()).toBeLessThan(batches * batchBytes * 1.15 + kills * 2 * MIB);
    },
    30 * 60_000,
  );
});
