import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectRoot } from '../../scripts/build/bundle.ts';
import { payloadLink } from '../../scripts/ground/command-line.ts';
import { windowRequest } from '../../scripts/tasking/api.ts';
import type { FetchReport, ServeReport } from '../../shared/report.ts';
import { freePort } from '../support/agent.ts';
import { program, requires } from '../support/requirement.ts';
import { STUB_TOKEN, startTaskingApi } from '../support/tasking-api.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { type Run, runPayloadLink } from './command.ts';
import { fetchFile, fetchReportOf, portTaken } from './reports.ts';

const last = ['--duration', '55'];
const tutorial = ['--satellite', 'FM1', '--file', '/var/log/syslog,as=sdr_syslog'];

describe('payload-link plan', () => {
  test('prints the two windows of the tutorial as bodies that the API takes', async () => {
    const run = await runPayloadLink(['plan', ...tutorial]);
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

  test('does without bundles that are not built yet', async () => {
    const path = join(temporaryDirectory(), 'mission.yaml');
    const files = { files: ['/a'], serve: { file: 'not/built' }, fetch: { file: 'not/built' } };
    writeFileSync(path, JSON.stringify({ satellites: ['FM1'], ...files }));
    expect(await runPayloadLink(['plan', path])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('The bundles are not built yet'),
    });
    expect(await runPayloadLink(['deploy', path, '--api', 'http://127.0.0.1:1'], { PAYLOAD_LINK_TOKEN: 't' })).toEqual({
      code: 7,
      stdout: '',
      stderr: expect.stringMatching(/not\/built is not here: npm run build makes it/),
    });
  });

  test('with a wrapper, runs the agents by it; with another port, says where the server is', async () => {
    const wrapper = '/persist/bin/entry.sh';
    const run = await runPayloadLink(['plan', ...tutorial, '--wrapper', wrapper, '--port', '10102']);
    const commands = (JSON.parse(run.stdout) as unknown[]).map(
      (body) => windowRequest.parse(body).parameters.user_command,
    );
    expect(commands).toMatchObject([
      {
        executable: wrapper,
        executable_arguments: ['/persist/bin/payload-serve', '10102', '--bind', '0.0.0.0', ...last],
      },
      {
        executable: wrapper,
        executable_arguments: [
          '/persist/bin/payload-fetch',
          ...['/var/log/syslog', '-o', 'sdr_syslog'],
          ...['--from', '10.2.1.12:10102', '--from', '10.2.1.8:10102'],
          ...last,
        ],
      },
    ]);
  });

  test.each([
    ['a flag that is not known', ['plan', ...tutorial, '--durations', '5'], /Unknown argument: durations/],
    ['a flag given twice', ['plan', ...tutorial, '--start', '+6h', '--start', '+7h'], /--start is given twice/],
    ['a flag without its word', ['status', '--interval'], /Not enough arguments following: interval/],
    ['a flag with an empty word', ['plan', ...tutorial, '--start='], /--start needs a value/],
    ['a command that is not known', ['plant'], /plant/],
    ['no command', [], /plan, deploy, status or review/],
    ['windows that are too short', ['plan', ...tutorial, '--duration', '20'], /lasts 20 s/],
    ['a mission file that is not there', ['plan', 'nowhere.yaml'], /nowhere\.yaml cannot be read/],
    ['an API that would show the token', ['status', '--api', 'http://example.invalid'], /not https/],
    ['an API that is none', ['status', '--api', 'example'], /not the address of an API/],
    ['a token where every process list shows it', ['status', '--token', 'secret'], /^(?!.*secret).*Unknown argument/],
    ['no token', ['status', '--api', 'http://127.0.0.1:1'], /There is no token/],
    ['a bucket that is none', ['review', 's3://'], /not a bucket/],
    ['a directory that is not there', ['review', 'nowhere'], /nowhere is not a directory/],
    ['an interval of nothing', ['status', '--interval', '0'], /not a stretch of time/],
  ])('%s: one sentence, exit 2', async (_, words, sentence) => {
    expect(await runPayloadLink(words)).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(sentence) });
  });

  test.each([
    ['YAML that does not parse', 'm.yaml', 'satellites: [FM1\nfiles: ]', /m\.yaml is neither YAML nor JSON: .*line/],
    ['JSON that does not parse', 'm.json', '{"satellites": ["FM1"}', /m\.json is neither YAML nor JSON: .*line/],
    ['something else', 'm.yaml', 'just words', /m\.yaml holds no mission/],
  ])('a mission file that holds %s', async (_, name, text, sentence) => {
    const path = join(temporaryDirectory(), name);
    writeFileSync(path, text);
    expect(await runPayloadLink(['plan', path])).toMatchObject({ code: 2, stderr: expect.stringMatching(sentence) });
  });

  test('as curl: a script that uploads both bundles and posts both windows', requires(program('curl')), async () => {
    const stub = await startTaskingApi();
    const path = join(temporaryDirectory(), 'mission.yaml');
    const awkward = "/var/log/it's $HOME `here`";
    writeFileSync(path, JSON.stringify({ satellites: ['FM1'], files: [awkward] }));
    const plan = await runPayloadLink(['plan', path, '--as', 'curl', '--api', stub.url]);
    expect(plan.code).toBe(0);
    expect(await runShell(plan.stdout, { PAYLOAD_LINK_TOKEN: STUB_TOKEN })).toMatchObject({ code: 0, stderr: '' });
    expect(stub.uploads.map((upload) => upload.payload)).toEqual(['SDR', 'SABERTOOTH']);
    const [sdr, sabertooth] = stub.windows;
    expect(sabertooth?.start).toBe((sdr?.start ?? 0) + 30);
    expect(sabertooth?.parameters).toMatchObject({
      user_command: { executable_arguments: expect.arrayContaining([awkward]) },
    });
  });

  test('as curl: the script ends at what is refused, and shows no token', requires(program('curl')), async () => {
    const stub = await startTaskingApi();
    const plan = await runPayloadLink(['plan', ...tutorial, '--as', 'curl', '--api', stub.url]);
    const run = await runShell(plan.stdout, { PAYLOAD_LINK_TOKEN: 'wrong-token' });
    expect(run.code).not.toBe(0);
    expect(run.stdout).toContain('unknown token');
    expect(`${run.stdout}${run.stderr}${plan.stdout}`).not.toContain('wrong-token');
    expect(stub.requests).toHaveLength(1);
  });
});

function runShell(script: string, env: NodeJS.ProcessEnv): Promise<Run> {
  return new Promise((resolve) => {
    const child = execFile('sh', { cwd: projectRoot, env: { ...process.env, ...env } }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
    child.stdin?.end(script);
  });
}

describe('payload-link deploy and status', () => {
  test('two satellites: deployed once, however often it is said; followed until nothing is pending', async () => {
    const stub = await startTaskingApi();
    const cwd = temporaryDirectory();
    const tokenFile = join(cwd, 'token');
    writeFileSync(tokenFile, `${STUB_TOKEN}\n`);
    const mission = join(cwd, 'mission.yaml');
    const bundle = (name: string) => ({ file: join(projectRoot, 'build', name), destination: `/persist/${name}` });
    writeFileSync(
      mission,
      JSON.stringify({
        satellites: ['FM1', 'FM2'],
        files: ['/var/log/syslog'],
        serve: bundle('payload-serve'),
        fetch: bundle('payload-fetch'),
      }),
    );
    const path = join(cwd, 'receipts.json');
    const words = ['--token-file', tokenFile, '--receipts', path, '--api', stub.url];

    const first = await runPayloadLink(['deploy', mission, ...words]);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(/FM1: Posted the PAYLOAD_SDR window/);
    expect(stub.windows).toHaveLength(4);
    const receipts = readFileSync(path, 'utf8');
    expect(receipts).not.toContain(STUB_TOKEN);

    const second = await runPayloadLink(['deploy', mission, ...words]);
    expect(second).toMatchObject({ code: 0, stdout: expect.stringContaining('FM2: Deployed already') });
    expect(stub.windows).toHaveLength(4);
    expect(readFileSync(path, 'utf8')).toBe(receipts);

    const now = await runPayloadLink(['status', ...words]);
    expect(now.stdout.match(/PENDING_SYNC/g)).toHaveLength(4);
    for (const upload of stub.uploads) upload.status = 'UPLOADED';
    for (const window of stub.windows) window.state = 'SYNCED';
    const watched = await runPayloadLink(['status', '--watch', '--json', ...words]);
    const lines = watched.stdout.trim().split('\n');
    const states = lines.map((line) => (JSON.parse(line) as { state: string }).state);
    expect(states.sort()).toEqual([...Array(4).fill('SYNCED'), ...Array(4).fill('UPLOADED')]);
  });

  test('one satellite that is refused does not keep the other from being deployed to', async () => {
    const stub = await startTaskingApi();
    const path = join(temporaryDirectory(), 'receipts.json');
    const words = ['--file', '/a', '--skip-upload', '--receipts', path, '--api', stub.url];
    const run = await runPayloadLink(['deploy', '--satellite', 'FM9', '--satellite', 'FM2', ...words], {
      PAYLOAD_LINK_TOKEN: STUB_TOKEN,
    });
    expect(run).toMatchObject({ code: 5, stderr: expect.stringMatching(/^FM9: FM9 is not among/) });
    expect(stub.windows.map((window) => window.satellite_id)).toEqual(['FM2', 'FM2']);
  });

  test('a fault of the program at one satellite does not end what is under way at another', async () => {
    const stub = await startTaskingApi();
    const path = join(temporaryDirectory(), 'receipts.json');
    const words = ['--file', '/a', '--skip-upload', '--receipts', path, '--api', stub.url];
    const told: string[] = [];
    const code = await payloadLink(['deploy', '--satellite', 'FM1', '--satellite', 'FM2', ...words], '0.0.0', {
      variables: { PAYLOAD_LINK_TOKEN: STUB_TOKEN },
      nowEpochSeconds: () => Math.floor(Date.now() / 1000),
      print: (text) => {
        if (text.startsWith('FM1')) throw new Error('a fault');
      },
      tell: (sentence) => told.push(sentence),
      sleep: async () => {},
    });
    expect({ code, told }).toEqual({ code: 1, told: [expect.stringMatching(/^Unforeseen: Error: a fault/)] });
    expect(stub.windows.filter((window) => window.satellite_id === 'FM2')).toHaveLength(2);
  });

  test("a wrong token: exit 5, the API's sentence, nothing kept", async () => {
    const stub = await startTaskingApi();
    const path = join(temporaryDirectory(), 'receipts.json');
    const words = ['deploy', ...tutorial, '--skip-upload', '--receipts', path, '--api', stub.url];
    const run = await runPayloadLink(words, { PAYLOAD_LINK_TOKEN: 'wrong-token' });
    expect(run.code).toBe(5);
    expect(run.stderr).toMatch(/^FM1: .* refused with 401: unknown token\. Check the token\./);
    expect(`${run.stdout}${run.stderr}`).not.toContain('wrong-token');
    expect(existsSync(path)).toBe(false);
  });

  test('a dead API: exit 4, and the same command again is the way on', async () => {
    const path = join(temporaryDirectory(), 'receipts.json');
    const words = ['deploy', ...tutorial, '--skip-upload', '--receipts', path];
    const run = await runPayloadLink(words, {
      PAYLOAD_LINK_API: `http://127.0.0.1:${await freePort()}`,
      PAYLOAD_LINK_TOKEN: 't',
    });
    expect(run).toMatchObject({ code: 4, stderr: expect.stringMatching(/ECONNREFUSED.*Run the same command again/) });
  });
});

test('payload-link review ends with the worst of all satellites, and says which program failed', async () => {
  const bucket = temporaryDirectory();
  const put = (satellite: string, value: FetchReport | ServeReport): void => {
    const folder = join(bucket, satellite, 'downlink/2026/12/01');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `20261201T060200Z_${value.agent.name}-report.json`), JSON.stringify(value));
  };
  const unforeseen = { code: 'unforeseen', reason: 'It fell over.', advice: '' } as const;
  put('FM1', fetchReportOf([fetchFile({ state: 'failed', failure: unforeseen })]));
  put(
    'FM2',
    fetchReportOf([fetchFile({ state: 'held back' })], { server: { tried: [], answered: null, waitedMs: null } }),
  );
  put('FM2', portTaken());
  const run = await runPayloadLink(['review', bucket, '--output', join(temporaryDirectory(), 'review')]);
  expect(run).toMatchObject({ code: 1, stderr: '' });
  expect(run.stdout).toContain('payload-serve failed: The port is taken. Choose another.');
});

test('the bin of the package starts, by its version and its help', () => {
  const { bin, version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
    bin: Record<string, string>;
    version: string;
  };
  const path = join(projectRoot, bin['payload-link'] ?? '');
  expect(statSync(path).mode & 0o111).toBe(0o111);
  expect(execFileSync(path, ['--version'], { encoding: 'utf8' })).toBe(`${version}\n`);
  expect(execFileSync(path, ['deploy', '--help'], { encoding: 'utf8' })).toMatch(/Examples:\s+payload-link deploy/);
});
