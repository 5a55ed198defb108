import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clearBoxes, openSandbox, type Sandbox, upload } from '../../scripts/simulate/sandbox.ts';
import { loopbackEnvironment, openWindow, type WindowOptions } from '../../scripts/simulate/window.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const sh = (sandbox: Sandbox, script: string, options: Partial<WindowOptions>) =>
  openWindow(
    sandbox,
    { executable: 'sh', arguments: ['-c', script] },
    { durationMs: 30_000, graceMs: 30_000, environment: {}, ...options },
  );

const untilOutput = (word: string) => {
  let onOutput: (text: string) => void = () => {};
  const seen = new Promise<void>((resolve) => {
    let all = '';
    onOutput = (text) => {
      all += text;
      if (all.includes(word)) resolve();
    };
  });
  return { seen, onOutput };
};

const isRunning = (pid: number) => {
  // A process that has ended and that nobody has asked after yet is a zombie: gone, for what matters here.
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

describe('a window', () => {
  it('runs its command from the root of the payload, with an environment of its own', async () => {
    const sandbox = openSandbox(temporaryDirectory());
    const script = 'pwd >outbox/pwd; echo "$HOME|$GIVEN" >outbox/env';
    const window = sh(sandbox, script, { environment: { GIVEN: 'yes' } });
    await expect(window.exited).resolves.toEqual({ code: 0, signal: null });
    window.abort();
    await window.ended;
    expect(readFileSync(join(sandbox.outbox, 'pwd'), 'utf8').trim()).toBe(sandbox.root);
    expect(readFileSync(join(sandbox.outbox, 'env'), 'utf8')).toBe('|yes\n');
  });

  it('lasts for its duration', async () => {
    const window = sh(openSandbox(temporaryDirectory()), 'exec sleep 60', { durationMs: 100 });
    await expect(window.ended).resolves.toEqual({ code: null, signal: 'SIGTERM' });
  });

  it('ends a process that listens by SIGTERM', async () => {
    const { seen, onOutput } = untilOutput('ready');
    const script = 'trap "exit 7" TERM; echo ready; while :; do sleep 0.05; done';
    const window = sh(openSandbox(temporaryDirectory()), script, { onOutput });
    await seen;
    window.abort();
    await expect(window.ended).resolves.toEqual({ code: 7, signal: null });
  });

  it('ends a process that does not listen by the loss of power, with all that it started', async () => {
    const sandbox = openSandbox(temporaryDirectory());
    const { seen, onOutput } = untilOutput('ready');
    const script = 'trap "" TERM; sleep 60 & echo $! >child; echo ready; while :; do sleep 0.05; done';
    const window = sh(sandbox, script, { graceMs: 100, onOutput });
    await seen;
    window.abort();
    await expect(window.ended).resolves.toEqual({ code: null, signal: 'SIGKILL' });
    await expect.poll(() => isRunning(Number(readFileSync(join(sandbox.root, 'child'), 'utf8')))).toBe(false);
  });

  it('ends at once when the power is cut', async () => {
    const { seen, onOutput } = untilOutput('ready');
    const window = sh(openSandbox(temporaryDirectory()), 'echo ready; sleep 60', { onOutput });
    await seen;
    window.cutPower();
    await expect(window.ended).resolves.toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('does not open for a command that is not there', async () => {
    const sandbox = openSandbox(temporaryDirectory());
    const command = { executable: '/persist/bin/none', arguments: [] };
    const window = openWindow(sandbox, command, { durationMs: 30_000, graceMs: 0, environment: {} });
    await expect(window.exited).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(window.ended).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('loopbackEnvironment', () => {
  it.each(['10.2.1.8', '10.2.1.12', '0.0.0.0', 'localhost', '127.evil.example'])('never reaches for %s', (sdr) => {
    const sandbox = openSandbox(temporaryDirectory());
    expect(() => loopbackEnvironment(sandbox, { own: '127.0.0.1', sdr })).toThrow('not a loopback address');
  });
});

describe('a sandbox', () => {
  it('keeps what was uploaded and clears only the boxes between windows', () => {
    const root = temporaryDirectory();
    const sandbox = openSandbox(root);
    upload(sandbox, '/bin/sh', '/persist/bin/tool');
    upload(sandbox, '/bin/sh', '/outbox/left');
    upload(sandbox, '/bin/sh', '/inbox/given');
    clearBoxes(openSandbox(root));
    expect(existsSync(join(root, 'persist/bin/tool'))).toBe(true);
    expect(existsSync(join(root, 'outbox/left'))).toBe(false);
    expect(existsSync(join(root, 'inbox/given'))).toBe(false);
    expect(existsSync(sandbox.outbox)).toBe(true);
  });
});
