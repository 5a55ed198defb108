import { expect, test } from 'vitest';
import { judgeDeployment } from '../../scripts/ground/listed-window.ts';
import { parseMission } from '../../scripts/ground/mission.ts';
import { planWindows } from '../../scripts/ground/window-plan.ts';
import type { WindowEntry } from '../../scripts/tasking/api.ts';

const windows = planWindows(parseMission({ satellites: ['FM1'], files: ['/a'] }, 'm'), 'FM1', 1000);
const sdr: WindowEntry = { ...windows.sdr, id: 's', state: 'SYNCED' };
const sabertooth: WindowEntry = { ...windows.sabertooth, id: 'b', state: 'SYNCED' };
const before = 500;
const between = 1010;
const after = 1090;

test.each([
  ['both are listed', ['s', 'b'], [sdr, sabertooth], before, { kind: 'whole', sdrId: 's', sabertoothId: 'b' }],
  ['both answers were lost', [null, null], [sdr, sabertooth], before, { kind: 'whole', sdrId: 's', sabertoothId: 'b' }],
  ['the second was never sent', ['s', undefined], [sdr], before, { kind: 'half', sdrId: 's' }],
  ['the second did not arrive', ['s', null], [sdr], before, { kind: 'half', sdrId: 's' }],
  ['the second was removed', ['s', 'b'], [sdr], before, { kind: 'half', sdrId: 's' }],
  ['the first did not arrive', [null, undefined], [], before, { kind: 'broken', leftoverIds: [] }],
  ['the first was removed', ['s', 'b'], [sabertooth], before, { kind: 'broken', leftoverIds: ['b'] }],
  [
    'another window has the id',
    ['s', 'b'],
    [{ ...sdr, start: 7 }, sabertooth],
    before,
    { kind: 'broken', leftoverIds: ['b'] },
  ],
  ['the first has begun', ['s', 'b'], [sabertooth], between, { kind: 'whole', sdrId: 's', sabertoothId: 'b' }],
  ['both have begun', ['s', 'b'], [], 1040, { kind: 'whole', sdrId: 's', sabertoothId: 'b' }],
  ['it is too late for the second', ['s', null], [], 1040, { kind: 'broken', leftoverIds: [] }],
  ['what has begun cannot be taken back', ['s', null], [sdr], 1040, { kind: 'broken', leftoverIds: [] }],
  ['both have run', ['s', 'b'], [], after, { kind: 'over' }],
] as const)('%s', (_, [sdrId, sabertoothId], listed, now, state) => {
  const receipt = {
    api: '',
    mission: '',
    written: {},
    satellite: 'FM1',
    deployedAt: '2026-12-01T06:00:00.000Z',
    sdr: { request: windows.sdr, id: sdrId },
    sabertooth: sabertoothId === undefined ? null : { request: windows.sabertooth, id: sabertoothId },
  };
  expect(judgeDeployment(receipt, windows, listed, now)).toEqual(state);
});
