import { describe, expect, test } from 'vitest';
import type { DeploymentReceipt, UploadReceipt } from '../../scripts/ground/receipts.ts';
import { statusText, uploadLine, windowLines } from '../../scripts/ground/status.ts';
import type { WindowEntry, WindowRequest } from '../../scripts/tasking/api.ts';

const upload: UploadReceipt = {
  api: 'http://127.0.0.1:8080',
  satellite: 'FM1',
  payload: 'SDR',
  destination: '/persist/bin/payload-serve',
  sha256: 'ab',
  sizeBytes: 1,
  id: 'u1',
  earlierIds: [],
};
const entry = { id: 'u1', satellite_id: 'FM1', payload: 'SDR', destination_path: '/persist/bin/payload-serve' };

describe('how far an upload is', () => {
  test.each([
    ['PENDING', upload, [{ ...entry, status: 'PENDING' }], false],
    ['UPLOADING', upload, [{ ...entry, status: 'UPLOADING' }], false],
    ['UPLOADED', upload, [{ ...entry, status: 'UPLOADED' }], true],
    ['GONE', upload, [], true],
    ['UNKNOWN', { ...upload, id: null }, [{ ...entry, status: 'PENDING' }], true],
  ])('%s', (state, receipt, listed, settled) => {
    expect(uploadLine(receipt, listed)).toMatchObject({ satellite: 'FM1', state, settled });
  });
});

const request: WindowRequest = {
  type: 'PAYLOAD_SDR',
  satellite_id: 'FM1',
  start: 1000,
  duration: 60,
  parameters: { user_command: { executable: '/persist/bin/payload-serve' } },
};
const deployment: DeploymentReceipt = {
  api: 'http://127.0.0.1:8080',
  mission: 'm',
  written: {},
  satellite: 'FM1',
  deployedAt: '2026-12-01T06:00:00.000Z',
  sdr: { request, id: 'w1' },
  sabertooth: null,
};
const listed = (state: string): WindowEntry => ({ ...request, id: 'w1', state });

describe('how far a window is', () => {
  test.each([
    ['PENDING_SYNC', [listed('PENDING_SYNC')], 999, false],
    ['SYNCED', [listed('SYNCED')], 999, true],
    ['a word that is new', [listed('a word that is new')], 999, true],
    ['PENDING_SYNC', [listed('PENDING_SYNC')], 1060, true],
    ['OVER', [], 1060, true],
    ['GONE', [], 1059, true],
    ['GONE', [{ ...listed('SYNCED'), duration: 61 }], 999, true],
  ])('%s, listed as %o at %i', (state, entries, now, settled) => {
    expect(windowLines(deployment, entries, now)).toMatchObject([{ state, settled }]);
  });
});

test('the states stand below each other', () => {
  const lines = [uploadLine(upload, []), ...windowLines(deployment, [listed('PENDING_SYNC')], 999)];
  expect(statusText(lines)).toBe(
    [
      'FM1    GONE          upload /persist/bin/payload-serve to the SDR (u1)',
      'FM1    PENDING_SYNC  PAYLOAD_SDR 60 s from 1970-01-01T00:16:40Z (w1)',
    ].join('\n'),
  );
});
