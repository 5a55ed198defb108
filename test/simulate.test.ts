import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { projectRoot } from '../scripts/build/bundle.ts';
import { freePort } from './support/agent.ts';
import { temporaryDirectory } from './support/temporary.ts';

/** Runs what `npm run simulate` runs after the build. */
function simulate(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const tsx = join(projectRoot, 'node_modules/.bin/tsx');
  return new Promise((resolve) => {
    const script = join(projectRoot, 'scripts/simulate/main.ts');
    execFile(tsx, [script, ...words], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

describe('npm run simulate', () => {
  it.each([
    [['--port', '80'], 2, '10000 to 65535'],
    [['--port', '10101', '--status-port', '10101'], 2, '--status-port'],
    [['--frobnicate'], 2, 'frobnicate'],
    [['--port'], 2, 'port'],
    [['surplus'], 2, 'non-option'],
  ])('takes %j for a mistake', async (words, code, said) => {
    const directory = join(temporaryDirectory(), 'simulation');
    const ended = await simulate('--directory', directory, ...words);
    expect(ended).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(/^[^\n]+\n$/) });
    expect(ended.stderr).toContain(said);
    expect(readdirSync(join(directory, '..'))).toEqual([]);
  });

  it('names the port that is taken, and makes nothing', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const address = server.address();
    const taken = String(address !== null && typeof address === 'object' ? address.port : 0);
    const free = String(await freePort());
    const directory = join(temporaryDirectory(), 'simulation');
    for (const [option, ports] of [
      ['--port', ['--port', taken, '--status-port', free]],
      ['--status-port', ['--port', free, '--status-port', taken]],
    ] as const) {
      const ended = await simulate('--directory', directory, ...ports);
      expect(ended).toMatchObject({ code: 8, stdout: '' });
      expect(ended.stderr).toBe(
        `Port ${taken} of 127.0.0.1 is used by another program: choose another with ${option}.\n`,
      );
    }
    expect(readdirSync(join(directory, '..'))).toEqual([]);
  });

  it('says when the file cannot be read, and leaves the earlier simulation as it is', async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'bucket'));
    writeFileSync(join(directory, 'bucket', 'earlier'), '');
    const ports = ['--port', String(await freePort()), '--status-port', String(await freePort())];
    const ended = await simulate('--directory', directory, '--file', join(directory, 'absent'), ...ports);
    expect(ended).toMatchObject({ code: 7, stdout: '' });
    expect(ended.stderr).toContain('there is no such file');
    expect(readdirSync(join(directory, 'bucket'))).toEqual(['earlier']);
  });

  it('removes no directory that is not its own', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'thesis'), '');
    const ports = ['--port', String(await freePort()), '--status-port', String(await freePort())];
    const ended = await simulate('--directory', directory, ...ports);
    expect(ended).toMatchObject({ code: 7, stdout: '', stderr: expect.stringContaining('thesis') });
    expect(readdirSync(directory)).toEqual(['thesis']);
  });
});
