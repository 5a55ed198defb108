import { describe, expect, test } from 'vitest';
import type { TaskingApi } from '../../scripts/ground/tasking-client.ts';
import { taskingClient } from '../../scripts/ground/tasking-client.ts';
import { PATHS } from '../../scripts/tasking/api.ts';
import { freePort } from '../support/agent.ts';
import { type Fault, STUB_TOKEN, startTaskingApi } from '../support/tasking-api.ts';

const window = {
  type: 'PAYLOAD_SDR' as const,
  satellite_id: 'FM1',
  start: 1_800_000_000,
  duration: 60,
  parameters: { user_command: { executable: '/persist/bin/payload-serve', executable_arguments: ['10101'] } },
};

async function withStub(faults: Readonly<Record<string, Fault[]>> = {}, token = STUB_TOKEN) {
  const stub = await startTaskingApi();
  for (const [name, list] of Object.entries(faults)) stub.faults.set(name, [...list]);
  const slept: number[] = [];
  const api = taskingClient({
    base: new URL(stub.url),
    token,
    random: () => 1,
    sleep: async (delayMs) => void slept.push(delayMs),
  });
  return { stub, api, slept };
}

const status = (code: number, headers = {}): Fault => ({ kind: 'answer', status: code, headers });
const GET_SATELLITES = `GET ${PATHS.satellites}`;
const POST_WINDOW = `POST ${PATHS.window}`;

describe('the Tasking API over HTTP', () => {
  test('every call says what the API says', async () => {
    const { stub, api } = await withStub();
    expect((await api.satellites()).map((satellite) => satellite.id)).toEqual(['FM1', 'FM2']);
    const availability = { satellite_id: 'FM1', window_type: 'PAYLOAD_SDR' as const, start: 100, duration: 50 };
    expect(await api.availability(availability)).toEqual([{ start: 100, end: 150 }]);
    const upload = {
      satellite_id: 'FM1',
      payload: 'SDR' as const,
      destination_path: '/a',
      executable: 'true' as const,
    };
    expect(await api.upload(upload, 'a', Buffer.from('a'))).toBe('upload-1');
    expect(await api.uploads()).toMatchObject([{ id: 'upload-1', destination_path: '/a' }]);
    const id = await api.postWindow(window);
    expect(await api.windows('FM1')).toMatchObject([{ id, ...window, state: 'PENDING_SYNC' }]);
    await api.deleteWindow(id);
    expect(stub.windows).toEqual([]);
    await expect(api.deleteWindow(id)).resolves.toBeUndefined();
  });

  test.each([
    ['429 with Retry-After', [status(429, { 'retry-after': '3' })], [3000]],
    ['5xx, twice', [status(500), status(502)], [500, 1000]],
    ['a lost answer', [{ kind: 'lose-answer' as const }], [500]],
  ])('a GET is asked again after %s', async (_, faults, delays) => {
    const { api, slept } = await withStub({ [GET_SATELLITES]: faults });
    expect(await api.satellites()).toHaveLength(2);
    expect(slept).toEqual(delays);
  });

  test('a GET that is never answered is given up after five attempts', async () => {
    const { stub, api } = await withStub({ [GET_SATELLITES]: Array.from({ length: 9 }, () => status(503)) });
    await expect(api.satellites()).rejects.toMatchObject({ code: 'unreachable', exitCode: 4 });
    expect(stub.requests).toHaveLength(5);
  });

  test.each([
    ['a lost request', { kind: 'lose-request' as const }, 0],
    ['a lost answer', { kind: 'lose-answer' as const }, 1],
    ['a 500', status(500), 0],
  ])('a POST is not sent again after %s', async (_, fault, posted) => {
    const { stub, api } = await withStub({ [POST_WINDOW]: [fault] });
    await expect(api.postWindow(window)).rejects.toMatchObject({ code: 'fate-unknown', exitCode: 4 });
    expect(stub.requests).toEqual([POST_WINDOW]);
    expect(stub.windows).toHaveLength(posted);
  });

  test('a POST that was turned away by 429 is sent again', async () => {
    const { stub, api } = await withStub({ [POST_WINDOW]: [status(429)] });
    await api.postWindow(window);
    expect(stub.windows).toHaveLength(1);
  });

  test('a dead API is unreachable, for a POST too: nothing can have been carried out', async () => {
    const base = new URL(`http://127.0.0.1:${await freePort()}`);
    const api = taskingClient({ base, token: STUB_TOKEN, sleep: async () => {} });
    await expect(api.satellites()).rejects.toMatchObject({ code: 'unreachable' });
    await expect(api.postWindow(window)).rejects.toMatchObject({ code: 'unreachable' });
  });

  test('a refusal carries the sentence of the API', async () => {
    const { stub, api } = await withStub();
    stub.refused.add('PAYLOAD_SDR');
    await expect(api.postWindow(window)).rejects.toMatchObject({
      code: 'refused',
      exitCode: 5,
      message: `POST ${PATHS.window} was refused with 400: no PAYLOAD_SDR today.`,
    });
  });

  test('an answer that is not the API is named as such', async () => {
    const { api, stub } = await withStub();
    stub.uploads.push({ id: 'x' } as never);
    await expect(api.uploads()).rejects.toMatchObject({ code: 'bad-answer', message: /data\.0\.satellite_id/ });
  });

  test('a redirect is not followed: the token stays here', async () => {
    const { api, stub } = await withStub({ [GET_SATELLITES]: [status(302, { location: '/elsewhere' })] });
    await expect(api.satellites()).rejects.toMatchObject({ code: 'refused' });
    expect(stub.requests).toEqual([GET_SATELLITES]);
  });

  test('no failure quotes the token', async () => {
    const token = 'a-secret-token';
    const { api } = await withStub({ [GET_SATELLITES]: [status(400)], [POST_WINDOW]: [status(500)] }, token);
    const calls: readonly ((api: TaskingApi) => Promise<unknown>)[] = [
      (a) => a.satellites(),
      (a) => a.postWindow(window),
      (a) => a.uploads(),
    ];
    for (const call of calls) {
      const error = await call(api).then(
        () => null,
        (thrown: Error) => thrown,
      );
      expect(error?.message).toBeTruthy();
      expect(`${error?.stack} ${JSON.stringify(error?.cause)}`).not.toContain(token);
    }
  });
});
