import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../scripts/build/bundle.ts';
import { rounds } from './support/effort.ts';

/** Runs what `npm run <name>` runs after the build. */
function run(script: string, ...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const args = ['--import', 'tsx', join(projectRoot, 'scripts', script), ...words];
    execFile(process.execPath, args, { cwd: projectRoot, timeout: 30_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

const scripts = [
  ['build', 'build/main.ts'],
  ['fleet', 'satellite/fleet-main.ts'],
  ['simulate', 'simulate/main.ts'],
  ['satellite', 'satellite/main.ts'],
  ['runtime', 'runtime/main.ts'],
  ['preflight', 'preflight/main.ts'],
  ['screenshots', 'screenshots/main.ts'],
  ['bench', 'bench/main.ts'],
] as const;

// One reader has read them all; starting each takes a second.
describe.each(scripts.slice(0, rounds(scripts.length)))('npm run %s', (name, script) => {
  it('says what it takes, and does nothing else', async () => {
    const { code, stdout, stderr } = await run(script, '--help');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^npm run ${name} --`));
  });

  it('says a mistake in one sentence, and does nothing', async () => {
    const ended = await run(script, '--frobnicate');
    expect(ended).toEqual({ code: 2, stdout: '', stderr: 'Unknown argument: frobnicate.\n' });
  });
});

const helps = [
  [['ground/main.ts', 'plan'], '--file /var/log/syslog,as=sdr_syslog  #'],
  [['satellite/main.ts'], '--fault FM1/SABERTOOTH/power-cut=12  # cut the'],
] as const;

it.each(helps.slice(0, rounds(helps.length)))('%j breaks no word of its help', async ([script, ...words], part) => {
  expect((await run(script, ...words, '--help')).stdout).toContain(part);
});
