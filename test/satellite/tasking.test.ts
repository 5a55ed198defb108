import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { PATHS, UPLOAD_FIELD } from '../../scripts/tasking/api.ts';
import { inSeconds, testDesk, windowBody } from './desk.ts';

const refused = (code: string, message: RegExp) => ({ error: { code, message: expect.stringMatching(message) } });

/** The tutorial's bodies, which lack a bracket each. */
const seedBody = (type: string, words: string) => `{
    "type": "${type}",
    "satellite_id": "FM1",
    "start": ${inSeconds(21_600)},
    "duration": 60,
    "parameters": {
        "user_command": {
            "executable": "python3",
            "executable_arguments": [
                ${words}
        }
    }
}
`;

describe('the Tasking API of the simulated satellite', () => {
  it('asks for the token, and for the right one', async () => {
    const desk = await testDesk();
    for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: 'Basic desk-token' }]) {
      const response = await fetch(desk.url + PATHS.satellites, { headers });
      expect(response.status).toBe(401);
      expect(await response.json()).toEqual(refused('unauthorized', /Authorization: Bearer <token>/));
    }
  });

  it('names its satellites', async () => {
    const desk = await testDesk('--satellites', '3');
    const { body } = await desk.ask('GET', PATHS.satellites);
    expect(body).toEqual({
      data: ['FM1', 'FM2', 'FM3'].map((id) => ({
        id,
        norad_id: expect.any(String),
        supported_windows: ['PAYLOAD_SDR', 'PAYLOAD_SABERTOOTH'],
      })),
    });
  });

  it.each([
    ['PAYLOAD_SDR', '"-m", "http.server", "10101", "--bind", "0.0.0.0"'],
    ['PAYLOAD_SABERTOOTH', '"http://10.2.1.8:10101/var/log/syslog", "-o", "/outbox/sdr_syslog"'],
  ])("says where the tutorial's own body for %s does not parse", async (type, words) => {
    const desk = await testDesk();
    const answer = await desk.ask('POST', PATHS.window, seedBody(type, words));
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual(refused('malformed_json', /line 11, column 9 \(position \d+\), where "}" stands/));
  });

  it.each([
    ['a satellite that is not there', { satellite_id: 'FM9' }, 404, 'satellite_unknown', /FM9.*FM1/],
    ['a payload that is not there', { type: 'PAYLOAD_IPI' }, 400, 'payload_unknown', /IPI.*SDR and SABERTOOTH/],
    ['a type that does not exist', { type: 'PAYLOAD_TOASTER' }, 400, 'invalid_request', /^type: /],
    ['a window that is too short', { duration: 29 }, 400, 'window_too_short', /at least 30 s; 29 s/],
    ['a window in the past', { start: inSeconds(-60) }, 400, 'window_in_the_past', /has passed/],
    ['a start in milliseconds', { start: 1.5 }, 400, 'invalid_request', /^start: /],
    ['a member that does not exist', { begin: 1 }, 400, 'invalid_request', /begin/],
    ['no command', { parameters: {} }, 400, 'invalid_request', /^parameters\.user_command: /],
  ])('refuses %s', async (_, change, status, code, message) => {
    const desk = await testDesk('--minimum-window', '30');
    const body = JSON.stringify({ ...JSON.parse(windowBody({ duration: 60, start: inSeconds(600) })), ...change });
    expect(await desk.ask('POST', PATHS.window, body)).toEqual({ status, body: refused(code, message) });
    expect(await desk.ask('GET', `${PATHS.windows}?satellite_id=FM1`)).toEqual({ status: 200, body: { data: [] } });
  });

  it('keeps the windows of one payload and their buffers apart, and lets two payloads overlap', async () => {
    const desk = await testDesk('--time-scale', '1');
    const start = inSeconds(3600);
    const post = (change: object) => desk.ask('POST', PATHS.window, windowBody({ start, duration: 60, ...change }));
    const { body } = await post({});
    expect(body).toEqual({ data: { id: expect.stringMatching(/^\d+$/) } });
    for (const shift of [0, 389, -389]) {
      const answer = await post({ start: start + shift });
      expect(answer).toEqual({ status: 409, body: refused('window_overlaps', /runs from .*availability/) });
    }
    expect(await post({ type: 'PAYLOAD_SABERTOOTH', start: start + 30 })).toMatchObject({ status: 200 });
    expect(await post({ start: start + 390 })).toMatchObject({ status: 200 });

    const query = new URLSearchParams({
      satellite_id: 'FM1',
      window_type: 'PAYLOAD_SDR',
      start: String(start - 600),
      duration: '1800',
    });
    expect((await desk.ask('GET', `${PATHS.availability}?${query}`)).body).toEqual({
      data: {
        available: [
          { start: start - 600, end: start - 330 },
          { start: start + 780, end: start + 1200 },
        ],
      },
    });
  });

  it('takes a window back that has not begun', async () => {
    const desk = await testDesk('--time-scale', '1');
    const { body } = await desk.ask('POST', PATHS.window, windowBody({ start: inSeconds(600) }));
    const { id } = (body as { data: { id: string } }).data;
    const { body: listed } = await desk.ask('GET', `${PATHS.windows}?satellite_id=FM1`);
    expect(listed).toMatchObject({ data: [{ id, type: 'PAYLOAD_SDR', state: 'PENDING_SYNC' }] });
    expect(await desk.ask('DELETE', `${PATHS.window}?id=${id}`)).toMatchObject({ status: 200 });
    const again = await desk.ask('DELETE', PATHS.window, JSON.stringify({ id }));
    expect(again).toEqual({ status: 404, body: refused('window_unknown', new RegExp(id)) });
  });

  it.each([
    ['more than 10 MB', 10_000_001, {}, 413, 'file_too_large', /10000000 bytes/],
    ['a payload that is not there', 1, { payload: 'IPI' }, 400, 'payload_unknown', /IPI/],
    ['a satellite that is not there', 1, { satellite_id: 'FM2' }, 404, 'satellite_unknown', /FM2/],
    ['a relative destination', 1, { destination_path: 'bin/x' }, 400, 'invalid_request', /destination_path.*absolute/],
  ])('refuses an upload of %s', async (_, sizeBytes, change, status, code, message) => {
    const desk = await testDesk();
    const form = new FormData();
    form.set(UPLOAD_FIELD, new Blob([new Uint8Array(sizeBytes)]), 'x');
    const query = {
      satellite_id: 'FM1',
      payload: 'SDR',
      destination_path: '/persist/x',
      executable: 'false',
      ...change,
    };
    const answer = await desk.ask('POST', `${PATHS.upload}?${new URLSearchParams(query)}`, form);
    expect(answer).toEqual({ status, body: refused(code, message) });
    expect((await desk.ask('GET', PATHS.uploads)).body).toEqual({ data: [] });
  });

  it('takes a file of 10 MB, and refuses a form without one', async () => {
    const desk = await testDesk();
    const query = new URLSearchParams({
      satellite_id: 'FM1',
      payload: 'SDR',
      destination_path: '/persist/x',
      executable: 'false',
    });
    const form = new FormData();
    form.set(UPLOAD_FIELD, new Blob([new Uint8Array(10_000_000)]), 'x');
    expect(await desk.ask('POST', `${PATHS.upload}?${query}`, form)).toMatchObject({ status: 200 });
    const empty = new FormData();
    empty.set('other', 'x');
    expect(await desk.ask('POST', `${PATHS.upload}?${query}`, empty)).toMatchObject({ status: 400 });
  });

  it('answers this machine only, under its own names', async () => {
    const desk = await testDesk();
    // fetch does not let a Host header be set.
    const status = await new Promise((resolve, reject) => {
      const headers = { host: 'satellite.example', authorization: 'Bearer desk-token' };
      request(desk.url + PATHS.satellites, { headers }, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(421);
  });
});
