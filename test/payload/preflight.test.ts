import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { projectRoot } from '../../scripts/build/bundle.ts';
import { parseMission } from '../../scripts/ground/mission.ts';
import { planWindows } from '../../scripts/ground/window-plan.ts';
import { page } from '../../scripts/preflight/page.ts';
import { EMULATOR_PACKAGES, findEmulator } from '../../scripts/runtime/emulator.ts';
import { freePort } from '../support/agent.ts';
import { long } from '../support/effort.ts';
import { condition, requires } from '../support/requirement.ts';

const run = promisify(execFile);

it('one page says what to upload where, what it costs, and what to ask of both windows', () => {
  const mission = parseMission(
    { satellites: ['FM1'], files: [{ path: '/var/log/syslog', as: 'sdr_syslog' }] },
    'The mission',
  );
  const upload = (payload: string, agent: string, sizeBytes: number) => ({
    payload,
    file: `build/${agent}`,
    destination: `/persist/bin/${agent}`,
    sizeBytes,
    sha256: 'ab'.repeat(32),
  });
  const uploads = [upload('SDR', 'payload-serve', 40_000), upload('SABERTOOTH', 'payload-fetch', 60_000)];
  const text = page(uploads, planWindows(mission, 'FM1', 0));
  expect(text).toContain('SDR: build/payload-serve -> /persist/bin/payload-serve\n    40000 bytes, SHA-256 abab');
  expect(text).toContain('Together 100000 bytes: 0.80 days of average uplink.');
  expect(text).toContain('WINDOW PAYLOAD_SABERTOOTH, 60 s\n  "executable": "/persist/bin/payload-fetch",');
  expect(text).toContain('"executable_arguments": ["/var/log/syslog", "-o", "sdr_syslog", "--duration", "55"]');
  expect(text).toContain("starts 30 s after the SDR's");
});

it('a port that the network does not pass is refused before anything is done', async () => {
  const refused = await run('npm', ['run', '--silent', 'preflight', '--', '--port', '80'], { cwd: projectRoot }).catch(
    (error) => error,
  );
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('"80" is not a port');
});

it('the tutorial is rehearsed on real Node.js for arm64', {
  ...requires(
    condition('npm run test:long', long),
    condition(`an emulator of arm64 (Debian packages ${EMULATOR_PACKAGES})`, findEmulator() !== null),
  ),
  timeout: 600_000,
}, async () => {
  const port = String(await freePort());
  const { stdout } = await run(
    join(projectRoot, 'node_modules/.bin/tsx'),
    ['scripts/preflight/main.ts', '--port', port],
    { cwd: projectRoot },
  );
  expect(stdout).not.toContain('FAILED');
  expect(stdout).toContain('The tutorial, on Node.js for arm64: the whole file, verified');
  expect(stdout).toContain(`"executable_arguments": ["${port}", "--bind", "0.0.0.0"`);
});
