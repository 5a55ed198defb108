import { join } from 'node:path';
import { expect, it } from 'vitest';
import { flyFleet } from '../../scripts/satellite/fleet.ts';
import { rounds } from '../support/effort.ts';
import { temporaryDirectory } from '../support/temporary.ts';

it('many satellites at once all deliver, or explain', { timeout: 180_000 }, async () => {
  const satellites = rounds(50);
  // Fifty at once want more time to start than five do.
  const plan = {
    satellites,
    duration: satellites > 10 ? 20 : 7,
    offset: 2,
    directory: join(temporaryDirectory(), 'fleet'),
  };
  const { delivered, explained, silent } = await flyFleet(plan);
  expect(silent).toEqual([]);
  expect(delivered.length + Object.keys(explained).length).toBe(satellites);
  // On a machine that is not overloaded most get through; all of them explaining would prove nothing.
  expect(delivered.length).toBeGreaterThan(0);
});
