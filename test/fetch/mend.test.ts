import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { damagedBlocks } from '../../agents/fetch/mend.ts';
import { long } from '../support/effort.ts';
import { desk, noise, sha256, staged } from '../support/fetching.ts';
import { cut } from '../support/relay/cut.ts';
import { flip } from '../support/relay/flip.ts';
import { relay } from '../support/relay/relay.ts';
import { reorder } from '../support/relay/reorder.ts';
import { serving } from '../support/serving.ts';

const MIB = 1024 * 1024;
const SIZE_BYTES = (long ? 256 : 12) * MIB;

describe('damagedBlocks', () => {
  it.each([
    [['a', 'b', 'c'], ['a', 'x', 'c'], 25, [{ first: 10, last: 19, sha256: 'x' }]],
    [['a', 'b', 'c'], ['a', 'b', 'y'], 25, [{ first: 20, last: 24, sha256: 'y' }]],
    [['a', 'b'], ['a', 'b', 'c'], 25, [{ first: 20, last: 24, sha256: 'c' }]],
    [['a'], ['a'], 10, []],
  ])('%j here, %j there, %i bytes', (here, there, sizeBytes, damaged) => {
    expect(damagedBlocks(here, there, sizeBytes, 10)).toEqual(damaged);
  });
});

describe('damage', () => {
  it('in transit is found by the digest, and no more than two blocks come again', async () => {
    const content = noise(SIZE_BYTES);
    const { port } = await serving({ f: content });
    const link = await relay(port, flip({ atByte: SIZE_BYTES / 2 }));
    const { run, read, report } = desk();
    expect((await run([`${link.url}/f`])).code).toBe(0);
    expect(read('f').equals(content)).toBe(true);
    const [file] = report().files;
    expect(file).toMatchObject({ verified: 'sha-256', sha256: sha256(content), mendedBytes: MIB });
    expect((file?.fetchedBytes ?? 0) - SIZE_BYTES).toBeLessThanOrEqual(2 * MIB);
  });

  it('by reordering is found and mended the same way', async () => {
    const content = noise(SIZE_BYTES);
    const { port } = await serving({ f: content });
    const bytes = { leastBytes: MIB, mostBytes: SIZE_BYTES / 2, stretchBytes: 1000 };
    const link = await relay(port, reorder(bytes));
    const { run, read } = desk();
    expect((await run([`${link.url}/f`])).code).toBe(0);
    expect(read('f').equals(content)).toBe(true);
  });

  it.each([0, 0.5, 0.99])(
    'in the state directory, at %d of what is kept, is found and mended in the next run',
    async (share) => {
      const content = noise(SIZE_BYTES);
      const { port } = await serving({ f: content });
      const link = await relay(port, cut({ leastBytes: SIZE_BYTES / 2, mostBytes: SIZE_BYTES / 2 + 1 }));
      const { state, start, run, read, report } = desk();
      const first = start([`${link.url}/f`, '--duration', '30']);
      const part = await staged(state, SIZE_BYTES / 2 - 64 * 1024);
      first.child.kill('SIGKILL');
      await first.exit;
      flipOnDisk(part, Math.floor(statSync(part).size * share));

      link.inject(null);
      expect((await run([`${link.url}/f`])).code).toBe(0);
      expect(read('f').equals(content)).toBe(true);
      expect(report().files).toMatchObject([{ verified: 'sha-256', mendedBytes: MIB }]);
      expect(report().totals.fetchedBytes).toBeLessThanOrEqual(SIZE_BYTES / 2 + 2 * MIB);
    },
  );
});

function flipOnDisk(path: string, at: number): void {
  const fd = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(fd, byte, 0, 1, at);
  byte.writeUInt8(byte.readUInt8() ^ 1);
  writeSync(fd, byte, 0, 1, at);
  closeSync(fd);
}
