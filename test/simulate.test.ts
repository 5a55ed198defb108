import { execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { projectRoot } from '../scripts/build/bundle.ts';
import { readSettings } from '../scripts/simulate/settings.ts';
import { freePort, listening } from './support/agent.ts';
import { temporaryDirectory } from './support/temporary.ts';

const script = join(projectRoot, 'scripts/simulate/main.ts');

/** Runs what `npm run simulate` runs after the build. */
function simulate(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const args = ['--import', 'tsx', script, ...words];
    execFile(process.execPath, args, { cwd: projectRoot }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

async function freeAgain(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  server.close();
  return true;
}

const portsOfItsOwn = async () => ['--port', String(await freePort()), '--status-port', String(await freePort())];

describe('npm run simulate', () => {
  it('runs the tutorial: the file is delivered beside the reports, listed and checked', async () => {
    const home = temporaryDirectory();
    const [directory, file] = [join(home, 'simulation'), join(home, 'file')];
    const content = randomBytes(3_000_000);
    writeFileSync(file, content);
    const ended = await simulate('--directory', directory, '--file', file, ...(await portsOfItsOwn()));
    expect(ended).toMatchObject({ code: 0, stderr: '' });

    const downlink = join(directory, 'bucket/a/directory/FM1/downlink');
    const delivered = readdirSync(downlink, { recursive: true, encoding: 'utf8' });
    const keyOf = (name: string) => {
      const keys = delivered.filter((key) => key.endsWith(`Z_${name}`));
      expect(keys).toEqual([expect.stringMatching(/^(\d{4})\/(\d\d)\/(\d\d)\/\1\2\3T\d{6}Z_/)]);
      return keys[0] ?? '';
    };
    const key = keyOf('sdr_syslog');
    expect(readFileSync(join(downlink, key)).equals(content)).toBe(true);
    const [year = '', month = '', day = ''] = key.split('/');
    const listing = ended.stdout.slice(ended.stdout.indexOf('$ aws s3 ls --recursive'));
    for (const folder of [`${year}/`, `${year}/${month}/`, `${year}/${month}/${day}/`]) {
      expect(listing).toMatch(new RegExp(`^\\S+ \\S+          0 ${folder}$`, 'm'));
    }
    expect(listing).toContain(` 3000000 ${key}\n`);

    const sha256 = createHash('sha256').update(content).digest('hex');
    expect(listing).toContain(`ok     ${sha256}  ${key}: as on the SDR, and as the report says\n`);
    for (const report of ['payload-serve-report.json', 'payload-fetch-report.json']) {
      expect(listing).toContain(`${keyOf(report)}: a valid report\n`);
    }
    expect(ended.stdout).toMatch(/payload-serve \d+ --bind 0\.0\.0\.0\n/);
    expect(ended.stdout).toMatch(/payload-fetch http:\/\/10\.2\.1\.8:\d+\/var\/log\/syslog -o \/outbox\/sdr_syslog /);
  });

  it('leaves nothing running when it is stopped', async () => {
    const directory = join(temporaryDirectory(), 'simulation');
    const ports = await portsOfItsOwn();
    const child = spawn(process.execPath, ['--import', 'tsx', script, '--directory', directory, ...ports], {
      cwd: projectRoot,
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    await listening(Number(ports[1]));
    child.kill('SIGTERM');
    expect(await ended).toEqual([143, null]);
    expect(await freeAgain(Number(ports[1]))).toBe(true);
  });

  it.each([
    [['--port', '80'], '10000 to 65535'],
    [['--port', '10101', '--status-port', '10101'], '--status-port'],
    [['--frobnicate'], 'frobnicate'],
    [['--port'], 'port'],
    [['--port', '10101', '--port', '10102'], 'twice'],
    [['surplus'], 'non-option'],
  ])('takes %j for a mistake', (words, said) => {
    const mistake = expect.objectContaining({ exitCode: 2, message: expect.stringMatching(/^[^\n]+$/) });
    expect(() => readSettings(words)).toThrow(mistake);
    expect(() => readSettings(words)).toThrow(said);
  });

  it('says a mistake in one sentence, and makes nothing', async () => {
    const directory = join(temporaryDirectory(), 'simulation');
    const ended = await simulate('--directory', directory, '--frobnicate');
    expect(ended).toEqual({ code: 2, stdout: '', stderr: 'Unknown argument: frobnicate.\n' });
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
    const absent = join(directory, 'absent');
    const ended = await simulate('--directory', directory, '--file', absent, ...(await portsOfItsOwn()));
    expect(ended).toMatchObject({ code: 7, stdout: '' });
    expect(ended.stderr).toContain('there is no such file');
    expect(readdirSync(join(directory, 'bucket'))).toEqual(['earlier']);
  });

  it('removes no directory that is not its own', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'thesis'), '');
    const ended = await simulate('--directory', directory, ...(await portsOfItsOwn()));
    expect(ended).toMatchObject({ code: 7, stdout: '', stderr: expect.stringContaining('thesis') });
    expect(readdirSync(directory)).toEqual(['thesis']);
  });
});
