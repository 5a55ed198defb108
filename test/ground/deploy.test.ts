import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { deployTo } from '../../scripts/ground/deploy.ts';
import type { BundleFile, DeployContext } from '../../scripts/ground/deploy-context.ts';
import { type Mission, parseMission } from '../../scripts/ground/mission.ts';
import { ReceiptBook, readReceipts } from '../../scripts/ground/receipts.ts';
import { taskingClient } from '../../scripts/ground/tasking-client.ts';
import { PATHS } from '../../scripts/tasking/api.ts';
import { STUB_TOKEN, startTaskingApi, type TaskingApiStub } from '../support/tasking-api.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const NOW = 1_800_000_000;
const mission = parseMission({ satellites: ['FM1'], files: [{ path: '/var/log/syslog', as: 'sdr_syslog' }] }, 'm');
const bundles: readonly BundleFile[] = [
  { payload: 'SDR', destination: '/persist/bin/payload-serve', fileName: 'payload-serve', content: Buffer.from('s') },
  {
    payload: 'SABERTOOTH',
    destination: '/persist/bin/payload-fetch',
    fileName: 'payload-fetch',
    content: Buffer.from('f'),
  },
];

/** A ground with an API and a receipts file that outlive one run of `deploy`. */
async function ground(): Promise<{
  stub: TaskingApiStub;
  receipts: string;
  told: string[];
  deploy: (changes?: Partial<DeployContext>, changed?: Mission) => Promise<string>;
}> {
  const stub = await startTaskingApi();
  const receipts = join(temporaryDirectory(), 'receipts.json');
  const told: string[] = [];
  const deploy = async (changes: Partial<DeployContext> = {}, changed = mission): Promise<string> => {
    const book = new ReceiptBook(receipts);
    onTestFinished(() => book.close());
    try {
      const sleep = async (): Promise<void> => {};
      const context: DeployContext = {
        api: taskingClient({ base: new URL(stub.url), token: STUB_TOKEN, sleep }),
        apiName: stub.url,
        receipts: book,
        written: {},
        bundles,
        dryRun: false,
        again: false,
        nowEpochSeconds: () => NOW,
        tell: (sentence) => told.push(sentence),
        sleep,
        ...changes,
      };
      return (await deployTo('FM1', changed, context)).kind;
    } finally {
      book.close();
    }
  };
  return { stub, receipts, told, deploy };
}

const posts = (stub: TaskingApiStub) => stub.requests.filter((request) => request.startsWith('POST'));
const POST_WINDOW = `POST ${PATHS.window}`;

describe('deploying a mission', () => {
  test('uploads both bundles and posts both windows, 30 s apart', async () => {
    const { stub, deploy } = await ground();
    expect(await deploy()).toBe('deployed');
    expect(stub.uploads.map((upload) => `${upload.payload} ${upload.destination_path}`)).toEqual([
      'SDR /persist/bin/payload-serve',
      'SABERTOOTH /persist/bin/payload-fetch',
    ]);
    const [sdr, sabertooth] = stub.windows;
    expect([sdr?.type, sabertooth?.type]).toEqual(['PAYLOAD_SDR', 'PAYLOAD_SABERTOOTH']);
    expect(sdr?.start).toBe(NOW + 21_600);
    expect(sabertooth?.start).toBe(NOW + 21_630);
  });

  test('twice changes nothing', async () => {
    const { stub, receipts, deploy } = await ground();
    await deploy();
    const before = { ...readReceipts(receipts), windows: [...stub.windows], posts: posts(stub) };
    expect(await deploy()).toBe('unchanged');
    expect({ ...readReceipts(receipts), windows: stub.windows, posts: posts(stub) }).toEqual(before);
  });

  test('takes the earliest slot that holds both', async () => {
    const { stub, deploy } = await ground();
    const opens = NOW + 50_000;
    stub.available.PAYLOAD_SABERTOOTH = [{ start: opens, end: opens + 60 }];
    await deploy();
    expect(stub.windows.map((window) => window.start)).toEqual([opens - 30, opens]);
  });

  test.each([
    ['there is no slot', { start: '+6h' }, [], /no slot for both windows/],
    [
      'the start that was asked for is taken',
      { start: NOW + 30_000 },
      [{ start: NOW + 40_000, end: NOW + 50_000 }],
      /no room for both windows at .*; the next slot is at/,
    ],
  ])('where %s, nothing is posted', async (_, members, sdr, message) => {
    const { stub, deploy } = await ground();
    stub.available.PAYLOAD_SDR = sdr;
    const changed = parseMission({ satellites: ['FM1'], files: ['/a'], ...members }, 'm');
    await expect(deploy({}, changed)).rejects.toMatchObject({ code: 'refused', message });
    expect(posts(stub)).toEqual([]);
  });

  test('a second window that is refused takes the first back, and the next run begins afresh', async () => {
    const { stub, deploy } = await ground();
    stub.refused.add('PAYLOAD_SABERTOOTH');
    await expect(deploy()).rejects.toMatchObject({ code: 'refused' });
    expect(stub.windows).toEqual([]);
    stub.refused.clear();
    expect(await deploy()).toBe('deployed');
    expect(stub.windows).toHaveLength(2);
    expect(stub.uploads).toHaveLength(2);
  });

  test.each([
    ['the request', 'lose-request'],
    ['the answer', 'lose-answer'],
  ] as const)('%s of a POST may be lost: each is carried out once', async (_, kind) => {
    const { stub, deploy } = await ground();
    stub.faults.set(POST_WINDOW, [{ kind }, { kind }]);
    stub.faults.set(`POST ${PATHS.upload}`, [{ kind }, { kind }]);
    expect(await deploy()).toBe('deployed');
    expect(stub.windows).toHaveLength(2);
    expect(stub.uploads).toHaveLength(2);
  });

  test.each([
    ['the first upload', `POST ${PATHS.upload}`, 0],
    ['the second upload', `POST ${PATHS.upload}`, 1],
    ['the first window', POST_WINDOW, 0],
    ['the second window', POST_WINDOW, 1],
  ])('an API that dies once it has carried out %s: the next run asks, and goes on', async (_, name, passed) => {
    const { stub, deploy } = await ground();
    stub.faults.set(name, [...Array.from({ length: passed }, () => ({ kind: 'none' as const })), { kind: 'die' }]);
    await expect(deploy()).rejects.toMatchObject({ exitCode: 4 });
    stub.revive();
    await deploy();
    expect(stub.windows.map((window) => window.type)).toEqual(['PAYLOAD_SDR', 'PAYLOAD_SABERTOOTH']);
    expect(stub.uploads).toHaveLength(2);
  });

  test('a bundle that has changed is uploaded again, one that has not is not', async () => {
    const { stub, deploy } = await ground();
    await deploy();
    const [serve, fetch] = bundles;
    if (serve === undefined || fetch === undefined) throw new Error('two bundles');
    await deploy({ bundles: [serve, { ...fetch, content: Buffer.from('f2') }] });
    expect(stub.uploads.map((upload) => upload.payload)).toEqual(['SDR', 'SABERTOOTH', 'SABERTOOTH']);
    expect(stub.windows).toHaveLength(2);
  });

  test('a window that somebody removed takes its other half with it, and both are posted anew', async () => {
    const { stub, deploy } = await ground();
    await deploy();
    stub.windows.splice(0, 1);
    expect(await deploy()).toBe('deployed');
    expect(stub.windows.map((window) => window.type)).toEqual(['PAYLOAD_SDR', 'PAYLOAD_SABERTOOTH']);
  });

  test('another window under the same id, as after a restart of a simulated API, is not taken for ours', async () => {
    const { stub, deploy } = await ground();
    await deploy();
    for (const window of stub.windows) window.duration += 1;
    expect(await deploy()).toBe('deployed');
    expect(stub.windows).toHaveLength(4);
  });

  test('what has run is deployed once more only when asked', async () => {
    const { stub, deploy } = await ground();
    await deploy();
    const later = { nowEpochSeconds: () => NOW + 90_000 };
    expect(await deploy(later)).toBe('unchanged');
    expect(await deploy({ ...later, again: true })).toBe('deployed');
    expect(stub.windows).toHaveLength(4);
  });

  test('what has not run yet too', async () => {
    const { stub, deploy } = await ground();
    await deploy();
    expect(await deploy({ again: true })).toBe('deployed');
    expect(stub.windows).toHaveLength(4);
    expect(await deploy()).toBe('unchanged');
  });

  test('a dry run asks and posts nothing, remembers nothing', async () => {
    const { stub, receipts, told, deploy } = await ground();
    expect(await deploy({ dryRun: true })).toBe('dry-run');
    expect(posts(stub)).toEqual([]);
    expect(readReceipts(receipts).deployments).toEqual([]);
    expect(told.join(' ')).toMatch(/Would upload payload-serve.*Would post the SDR window/);
  });

  test('an unknown satellite is named with those that are known', async () => {
    const { deploy, stub } = await ground();
    stub.requests.length = 0;
    const book = deploy({
      api: {
        ...taskingClient({ base: new URL(stub.url), token: STUB_TOKEN }),
        satellites: async () => [{ id: 'FM7', norad_id: '7', supported_windows: [] }],
      },
    });
    await expect(book).rejects.toMatchObject({ code: 'refused', message: /FM1 is not among .*: FM7\./ });
  });
});
