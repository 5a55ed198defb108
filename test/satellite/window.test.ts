import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { PATHS } from '../../scripts/tasking/api.ts';
import { program, requires } from '../support/requirement.ts';
import { concurrentDesk, inSeconds, uploadScript, windowBody } from './desk.ts';
import { delivered, objects } from './objects.ts';

const awscli = program('aws', 'awscli');

describe.concurrent('a window of the simulated satellite', () => {
  it('runs what was uploaded, and delivers its outbox under the documented names', async (context) => {
    const desk = await concurrentDesk(context);
    const script =
      'pwd -P >"$PAYLOAD_ROOT/outbox/pwd"; echo "$1" >"$PAYLOAD_ROOT/outbox/word"; mkdir -p "$PAYLOAD_ROOT/persist"; echo kept >"$PAYLOAD_ROOT/persist/kept"';
    await uploadScript(desk, 'SDR', '/persist/bin/tool', script);
    await desk.ask('POST', PATHS.window, windowBody({ duration: 1 }, '/persist/bin/tool', 'one * $HOME'));
    await desk.told(/Delivered: .*_pwd/);
    await desk.told(/Delivered: .*_word/);

    const found = await objects(desk);
    const [, day = ''] = /downlink\/(\d{4}\/\d\d\/\d\d)\//.exec([...found.keys()].at(-1) ?? '') ?? [];
    const [year = '', month = ''] = day.split('/');
    const downlink = 'a/directory/FM1/downlink/';
    expect([...found.keys()].map((key) => key.replace(/\d{8}T\d{6}Z/, 'STAMP'))).toEqual([
      `${downlink}${year}/`,
      `${downlink}${year}/${month}/`,
      `${downlink}${day}/`,
      expect.stringMatching(/STAMP_(pwd|word)$/),
      expect.stringMatching(/STAMP_(pwd|word)$/),
    ]);
    expect(String(await delivered(desk, 'pwd'))).toBe(`${join(desk.directory, 'FM1/sdr')}\n`);
    expect(String(await delivered(desk, 'word'))).toBe('one * $HOME\n');

    expect((await desk.ask('GET', PATHS.uploads)).body).toMatchObject({ data: [{ status: 'UPLOADED' }] });
    expect(existsSync(join(desk.directory, 'FM1/sdr/outbox/pwd'))).toBe(false);
    expect(readFileSync(join(desk.directory, 'FM1/sdr/persist/kept'), 'utf8')).toBe('kept\n');
  });

  it("is reviewed with awscli, as the tutorial's last section shows", requires(awscli), async (context) => {
    const desk = await concurrentDesk(context);
    await desk.ask('POST', PATHS.window, windowBody({ duration: 1 }, 'touch', '/outbox/sdr_syslog'));
    await desk.told(/Delivered: .*_sdr_syslog/);
    const words = [
      '--endpoint-url',
      desk.s3Endpoint,
      's3',
      'ls',
      '--recursive',
      's3://customer-s3-bucket/a/directory/FM1/downlink/',
    ];
    const env = {
      ...process.env,
      AWS_ACCESS_KEY_ID: 'any',
      AWS_SECRET_ACCESS_KEY: 'any',
      AWS_DEFAULT_REGION: 'us-east-1',
    };
    const { stdout } = await promisify(execFile)(awscli.path, words, { env });
    const line = (key: string) => new RegExp(`^[-0-9]{10} [:0-9]{8} +0 a/directory/FM1/downlink/${key}$`);
    expect(stdout.trim().split('\n')).toEqual([
      expect.stringMatching(line('\\d{4}/')),
      expect.stringMatching(line('\\d{4}/\\d\\d/')),
      expect.stringMatching(line('\\d{4}/\\d\\d/\\d\\d/')),
      expect.stringMatching(line('\\d{4}/\\d\\d/\\d\\d/\\d{8}T\\d{6}Z_sdr_syslog')),
    ]);
  });

  it('keeps what was uploaded inside the sandbox, whatever path it names', async (context) => {
    const desk = await concurrentDesk(context);
    await uploadScript(desk, 'SDR', '/../../../escaped', 'true');
    await desk.ask('POST', PATHS.window, windowBody({ duration: 1 }, '/escaped'));
    expect((await desk.told(/\/escaped ended/)).message).toContain('exit code 0');
    expect(existsSync(join(desk.directory, 'FM1/sdr/escaped'))).toBe(true);
  });

  it('goes on when an upload cannot be placed, and when the command takes its outbox away', async (context) => {
    const desk = await concurrentDesk(context);
    await uploadScript(desk, 'SDR', '/outbox', 'true');
    await desk.ask('POST', PATHS.window, windowBody({ duration: 1 }, 'rm', '-r', '/outbox', '/tmp'));
    await desk.told(/\/outbox cannot be placed/);
    await desk.told(/closes; 0 files/);
    expect((await desk.ask('GET', PATHS.satellites)).status).toBe(200);
  });

  it('says so when the executable is not there', async (context) => {
    const desk = await concurrentDesk(context);
    await desk.ask('POST', PATHS.window, windowBody({ duration: 1 }, '/persist/bin/none'));
    expect((await desk.told(/cannot be started/)).message).toContain('is it uploaded');
    await desk.told(/closes; 0 files/);
  });

  it("runs the tutorial's literal commands, with loopback in the place of 10.2.1.8", {
    timeout: 20_000,
  }, async (context) => {
    const desk = await concurrentDesk(context, '--settle', '1');
    const serve = ['-m', 'http.server', '10101', '--bind', '0.0.0.0'];
    const fetchWords = [
      '--retry',
      '9',
      '--retry-connrefused',
      'http://10.2.1.8:10101/var/log/syslog',
      '-o',
      '/outbox/sdr_syslog',
    ];
    const start = inSeconds(600);
    await desk.ask('POST', PATHS.window, windowBody({ start, duration: 5 }, 'python3', ...serve));
    const sabertooth = { type: 'PAYLOAD_SABERTOOTH', start: start + 1, duration: 4 } as const;
    await desk.ask('POST', PATHS.window, windowBody(sabertooth, '/usr/bin/curl', ...fetchWords));
    await desk.told(/Delivered: .*_sdr_syslog/);
    const source = readFileSync(join(desk.directory, 'FM1/sdr/var/log/syslog'));
    expect((await delivered(desk, 'sdr_syslog'))?.equals(source)).toBe(true);
  });

  it('keeps to the downlink budget, small files first', async (context) => {
    const desk = await concurrentDesk(context);
    const script = 'cd outbox; head -c 100 /dev/zero >small; head -c 1000 /dev/zero >large';
    const parameters = {
      user_command: { executable: 'sh', executable_arguments: ['-c', script] },
      downlink_budget: 500,
    };
    await desk.ask('POST', PATHS.window, windowBody({ duration: 1, parameters }));
    await desk.told(/large is over the downlink budget/);
    await desk.told(/Delivered: .*_small/);
  });

  it('copies from the other payload where the window asks for it', async (context) => {
    const desk = await concurrentDesk(context);
    await desk.ask('POST', PATHS.window, windowBody({ duration: 1 }, 'sh', '-c', 'echo from the sdr >persist/result'));
    await desk.told(/SDR: Window \d+ closes/);
    const copy = { src_payload: 'SDR', src_path: '/persist/result', dst_path: '/inbox/result' } as const;
    const command = { executable: 'sh', executable_arguments: ['-c', 'cp inbox/result outbox/copied'] };
    const parameters = { user_command: command, copy_from: [copy] };
    await desk.ask('POST', PATHS.window, windowBody({ type: 'PAYLOAD_SABERTOOTH', duration: 1, parameters }));
    await desk.told(/Delivered: .*_copied/);
    expect(String(await delivered(desk, 'copied'))).toBe('from the sdr\n');
  });
});

describe.concurrent('a fault that was ordered', () => {
  const forever = 'trap "" TERM; echo begun >outbox/begun; while :; do sleep 0.05; done';

  it('cuts the power in mid-window, and the outbox comes down as it was', async (context) => {
    const desk = await concurrentDesk(context, '--fault', 'FM1/SDR/power-cut=1');
    await desk.ask('POST', PATHS.window, windowBody({ duration: 600 }, 'sh', '-c', forever));
    await desk.told(/The power is cut/);
    expect((await desk.told(/sh ended/)).message).toContain('killed by SIGKILL');
    await desk.told(/Delivered: .*_begun/);
  });

  it('aborts the window by SIGTERM', async (context) => {
    const desk = await concurrentDesk(context, '--fault', 'FM1/SDR/window-aborted=1');
    const script = 'trap "exit 7" TERM; while :; do sleep 0.05; done';
    await desk.ask('POST', PATHS.window, windowBody({ duration: 600 }, 'sh', '-c', script));
    expect((await desk.told(/sh ended/)).message).toContain('exit code 7');
  });

  it('starts the payload late', async (context) => {
    const desk = await concurrentDesk(context, '--fault', 'FM1/SDR/boot-delay=1');
    await desk.ask('POST', PATHS.window, windowBody({ duration: 1 }, 'touch', 'outbox/ran'));
    await desk.told(/starts 1 s late/);
    await desk.told(/closes; 0 files/);
  });

  it('sets the clock of a payload wrong', async (context) => {
    const desk = await concurrentDesk(context, '--fault', `FM1/SDR/clock-wrong=-${inSeconds(0)}`);
    const script = `"$PAYLOAD_NODE" -p 'new Date().getUTCFullYear() + " " + new Date(0).getTime()' >outbox/year`;
    await desk.ask('POST', PATHS.window, windowBody({ duration: 1 }, 'sh', '-c', script));
    await desk.told(/Delivered: .*_year/);
    expect(String(await delivered(desk, 'year'))).toBe('1970 0\n');
  });

  it('lets no window overlap with another', async (context) => {
    const desk = await concurrentDesk(context, '--fault', 'FM1/SABERTOOTH/overlap-lost');
    const start = inSeconds(2);
    await desk.ask('POST', PATHS.window, windowBody({ start, duration: 600 }, 'sleep', '600'));
    await desk.ask('POST', PATHS.window, windowBody({ type: 'PAYLOAD_SABERTOOTH', start: start + 1, duration: 1 }));
    await desk.told(/SDR: The window is aborted/);
  });

  it('keeps an upload on the ground until it is too late', async (context) => {
    const desk = await concurrentDesk(
      context,
      '--fault',
      'FM1/SDR/upload-late=3',
      '--time-scale',
      '1',
      '--contact-every',
      '1',
    );
    await uploadScript(desk, 'SDR', '/persist/bin/tool', 'true');
    await desk.ask('POST', PATHS.window, windowBody({ duration: 1 }, '/persist/bin/tool'));
    await desk.told(/cannot be started/);
    await desk.told(/tool has arrived/);
  });
});
