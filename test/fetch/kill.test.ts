import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { freePort, listening, nodes, startAgent } from '../support/agent.ts';
import { rounds } from '../support/effort.ts';
import { desk, noise, sha256 } from '../support/fetching.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const long = process.env.PAYLOAD_LINK_LONG === '1';
const MIB = 1024 * 1024;
const BIG_BYTES = (long ? 256 : 64) * MIB;
const SMALL_FILES = 50;
const SMALL_BYTES = 100 * 1024;
const KILLS = rounds(500);

describe.each(nodes.slice(-1))('killed at any moment, on %s', (_, node) => {
  it(
    `delivers whole files or none, and keeps what it has (${KILLS} kills)`,
    async () => {
      const directory = temporaryDirectory();
      const content = new Map<string, Buffer>();
      const make = (name: string, sizeBytes: number): void => {
        content.set(name, noise(sizeBytes));
        writeFileSync(join(directory, name), content.get(name) ?? '');
      };
      make('big', BIG_BYTES);
      for (let file = 0; file < SMALL_FILES; file += 1) make(`small-${file}`, SMALL_BYTES);
      const digests = new Map([...content].map(([name, bytes]) => [name, sha256(bytes)]));
      const port = await freePort();
      const server = startAgent('payload-serve', [String(port), '--bind', '127.0.0.1', '--directory', directory]);
      await listening(port);
      const args = [...content.keys()].map((name) => `http://127.0.0.1:${port}/${name}`);

      let kills = 0;
      let fetchedBytes = 0;
      let batches = 0;
      while (kills < KILLS) {
        const { outbox, start, delivered, read, report } = desk();
        batches += 1;
        for (;;) {
          const { child, exit } = start(args, node);
          // The whole of a run is some 1.5 s here; the odd long wait lets a batch end.
          const moment = delay(Math.random() * (kills % 8 === 7 ? 4000 : long ? 900 : 400), 'killed' as const);
          const first = await Promise.race([exit, moment]);
          if (first === 'killed') child.kill('SIGKILL');
          const { code } = await exit;
          if (existsSync(join(outbox, 'payload-fetch-report.json'))) fetchedBytes += report().totals.fetchedBytes;
          for (const name of delivered()) {
            if (!name.startsWith('.')) expect(sha256(read(name)), name).toBe(digests.get(name));
          }
          if (code === null) kills += 1;
          else expect(code).toBe(0);
          if (code === 0) break;
        }
        expect(delivered().filter((name) => !name.startsWith('.'))).toHaveLength(content.size);
      }
      const batchBytes = BIG_BYTES + SMALL_FILES * SMALL_BYTES;
      console.log(
        `${kills} kills, ${batches} batches, ${(fetchedBytes / batchBytes).toFixed(2)} batches of bytes fetched`,
      );
      expect(fetchedBytes).toBeLessThan(batches * batchBytes * 1.15 + kills * 2 * MIB);
      server.child.kill('SIGTERM');
    },
    30 * 60_000,
  );
});
