import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectRoot } from '../../scripts/build/bundle.ts';
import { windowRequest } from '../../scripts/tasking/api.ts';
import { freePort } from '../support/agent.ts';
import { program, requires } from '../support/requirement.ts';
import { STUB_TOKEN, startTaskingApi } from '../support/tasking-api.ts';
import { temporaryDirectory } from '../support/temporary.ts';

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as an operator does, in a directory of its own. */
function payloadLink(words: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Promise<Run> {
  const { PAYLOAD_LINK_TOKEN: _, PAYLOAD_LINK_API: __, ...inherited } = process.env;
  return new Promise((resolve) => {
    execFile(
      join(projectRoot, 'scripts/ground/payload-link.mjs'),
      words,
      { cwd: options.cwd ?? projectRoot, env: { ...inherited, ...options.env } },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

const tutorial = ['--satellite', 'FM1', '--file', '/var/log/syslog,as=sdr_syslog'];

describe('payload-link plan', () => {
  test('prints the two windows of the tutorial as bodies that the API takes', async () => {
    const run = await payloadLink(['plan', ...tutorial]);
    expect(run).toMatchObject({ code: 0, stderr: expect.stringContaining('The windows overlap for 30 s') });
    const [sdr, sabertooth] = (JSON.parse(run.stdout) as unknown[]).map((body) => windowRequest.parse(body));
    expect(sdr?.parameters.user_command).toEqual({
      executable: '/persist/bin/payload-serve',
      executable_arguments: ['10101', '--bind', '0.0.0.0', '--duration', '55'],
    });
    expect(sabertooth?.parameters.user_command).toEqual({
      executable: '/persist/bin/payload-fetch',
      executable_arguments: ['/var/log/syslog', '-o', 'sdr_syslog', '--duration', '55'],
    });
    expect((sabertooth?.start ?? 0) - (sdr?.start ?? 0)).toBe(30);
  });

  test.each([
    ['a flag that is not known', ['plan', ...tutorial, '--durations', '5'], 2, /Unknown argument: durations/],
    ['a command that is not known', ['plant'], 2, /plant/],
    ['no command', [], 2, /plan, deploy, status or review/],
    ['windows that are too short', ['plan', ...tutorial, '--duration', '20'], 2, /lasts 20 s/],
    ['a mission file that is not there', ['plan', 'nowhere.yaml'], 2, /nowhere\.yaml cannot be read/],
    ['an API that would show the token', ['status', '--api', 'http://example.invalid'], 2, /not https/],
    ['no token', ['status', '--api', 'http://127.0.0.1:1'], 2, /There is no token/],
  ])('%s: one sentence, exit %i', async (_, words, code, sentence) => {
    const run = await payloadLink(words);
    expect(run.code).toBe(code);
    expect(run.stderr).toMatch(sentence);
    expect(run.stdout).toBe('');
  });

  test.each([
    ['YAML that does not parse', 'm.yaml', 'satellites: [FM1\nfiles: ]', /m\.yaml is neither YAML nor JSON: .*line/],
    ['JSON that does not parse', 'm.json', '{"satellites": ["FM1"}', /m\.json is neither YAML nor JSON: .*line/],
    ['something else', 'm.yaml', 'just words', /m\.yaml holds no mission/],
  ])('a mission file that holds %s', async (_, name, text, sentence) => {
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, name), text);
    expect(await payloadLink(['plan', name], { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(sentence),
    });
  });

  const curl = program('curl');
  test('as curl: a script that uploads both bundles and posts both windows', requires(curl), async () => {
    const stub = await startTaskingApi();
    const cwd = temporaryDirectory();
    const path = join(cwd, "it's.yaml");
    writeFileSync(path, JSON.stringify({ satellites: ['FM1'], files: ["/var/log/it's $HOME `here`"] }));
    const plan = await payloadLink(['plan', path, '--as', 'curl', '--api', stub.url]);
    expect(plan.code).toBe(0);
    const env = { ...process.env, PAYLOAD_LINK_TOKEN: STUB_TOKEN };
    const run = await new Promise<Run>((resolve) => {
      const child = execFile('sh', { cwd: projectRoot, env }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      );
      child.stdin?.end(plan.stdout);
    });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(stub.uploads.map((upload) => upload.payload)).toEqual(['SDR', 'SABERTOOTH']);
    const [sdr, sabertooth] = stub.windows;
    expect(sabertooth?.start).toBe((sdr?.start ?? 0) + 30);
    expect(sabertooth?.parameters).toMatchObject({
      user_command: { executable_arguments: expect.arrayContaining(["/var/log/it's $HOME `here`"]) },
    });
    expect(plan.stdout).not.toContain(STUB_TOKEN);
  });
});

describe('payload-link deploy and status', () => {
  test('two satellites: deployed once, however often it is said; followed until nothing is pending', async () => {
    const stub = await startTaskingApi();
    const cwd = temporaryDirectory();
    const tokenFile = join(cwd, 'token');
    writeFileSync(tokenFile, `${STUB_TOKEN}\n`);
    const mission = join(cwd, 'mission.yaml');
    const bundle = (name: string): string =>
      `{ file: ${join(projectRoot, 'build', name)}, destination: /persist/${name} }`;
    writeFileSync(
      mission,
      [
        'satellites: [FM1, FM2]',
        'files: [/var/log/syslog]',
        `serve: ${bundle('payload-serve')}`,
        `fetch: ${bundle('payload-fetch')}`,
      ].join('\n'),
    );
    const env = { PAYLOAD_LINK_API: stub.url };
    const words = ['--token-file', tokenFile];

    const first = await payloadLink(['deploy', mission, ...words], { cwd, env });
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(/FM1: Posted the PAYLOAD_SDR window/);
    expect(stub.windows).toHaveLength(4);
    const receipts = readFileSync(join(cwd, 'payload-link-receipts.json'), 'utf8');
    expect(receipts).not.toContain(STUB_TOKEN);

    const second = await payloadLink(['deploy', mission, ...words], { cwd, env });
    expect(second).toMatchObject({ code: 0, stdout: expect.stringContaining('FM2: Deployed already') });
    expect(stub.windows).toHaveLength(4);
    expect(readFileSync(join(cwd, 'payload-link-receipts.json'), 'utf8')).toBe(receipts);

    const now = await payloadLink(['status', ...words], { cwd, env });
    expect(now.stdout.match(/PENDING_SYNC/g)).toHaveLength(4);
    for (const upload of stub.uploads) upload.status = 'UPLOADED';
    for (const window of stub.windows) window.state = 'SYNCED';
    const watched = await payloadLink(['status', '--watch', '--json', ...words], { cwd, env });
    const lines = watched.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { state: string });
    expect(lines.map((line) => line.state).sort()).toEqual([...Array(4).fill('SYNCED'), ...Array(4).fill('UPLOADED')]);
  });

  test("a wrong token: exit 5, the API's sentence, nothing kept", async () => {
    const stub = await startTaskingApi();
    const cwd = temporaryDirectory();
    const env = { PAYLOAD_LINK_API: stub.url, PAYLOAD_LINK_TOKEN: 'wrong-token' };
    const run = await payloadLink(['deploy', ...tutorial, '--skip-upload'], { cwd, env });
    expect(run.code).toBe(5);
    expect(run.stderr).toMatch(/^FM1: .* refused with 401: unknown token\. Check the token\./);
    expect(`${run.stdout}${run.stderr}`).not.toContain('wrong-token');
    expect(existsSync(join(cwd, 'payload-link-receipts.json'))).toBe(false);
  });

  test('a dead API: exit 4, and the same command again is the way on', async () => {
    const env = { PAYLOAD_LINK_API: `http://127.0.0.1:${await freePort()}`, PAYLOAD_LINK_TOKEN: 't' };
    const run = await payloadLink(['deploy', ...tutorial, '--skip-upload'], { cwd: temporaryDirectory(), env });
    expect(run).toMatchObject({ code: 4, stderr: expect.stringMatching(/ECONNREFUSED.*Run the same command again/) });
  }, 60_000);
});

test('the bin of the package is the file that these tests run', () => {
  const { bin } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
    bin: Record<string, string>;
  };
  const path = join(projectRoot, bin['payload-link'] ?? '');
  expect(path).toBe(join(projectRoot, 'scripts/ground/payload-link.mjs'));
  expect(statSync(path).mode & 0o111).toBe(0o111);
  expect(spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
