import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FetchReport, fetchReport } from '../../shared/report.ts';
import { startNoticeName } from '../../shared/start-failure.ts';
import { AGENTS, type AgentName, projectRoot } from '../build/bundle.ts';
import type { WindowPair } from '../ground/window-plan.ts';
import { inSandbox, openSandbox, type Sandbox, upload } from '../simulate/sandbox.ts';
import { loopbackEnvironment, type OpenWindow, openWindow } from '../simulate/window.ts';

const LOOPBACK = '127.0.0.1';

/** Starts both bundles from `/` with nothing in their environment but where Node is. Throws where one does not start. */
export function startEmpty(node: string): void {
  for (const agent of Object.keys(AGENTS)) {
    const bundle = join(projectRoot, 'build', agent);
    const run = spawnSync(bundle, ['--version'], { cwd: '/', env: { PAYLOAD_NODE: node }, encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`${agent} --version ended with ${run.status}: ${run.stderr.trim()}`);
  }
}

/**
 * Runs both windows on this machine's loopback with `node` as the payloads' Node, both open from the start and until the
 * work is done, and checks what is in the SABERTOOTH's outbox. Throws where anything else than the whole file and a
 * truthful report is there.
 */
export async function rehearse(
  node: string,
  windows: WindowPair,
  directory: string,
  source: string,
): Promise<FetchReport> {
  const sdr = openSandbox(join(directory, 'sdr'));
  const sabertooth = openSandbox(join(directory, 'sabertooth'));
  const content = logOf(2_000_000);
  mkdirSync(join(inSandbox(sdr, source), '..'), { recursive: true });
  writeFileSync(inSandbox(sdr, source), content);

  const open = (agent: AgentName, sandbox: Sandbox, { parameters, duration }: WindowPair['sdr']): OpenWindow => {
    const { executable, executable_arguments: words } = parameters.user_command;
    upload(sandbox, join(projectRoot, 'build', agent), executable);
    const command = { executable, arguments: words ?? [] };
    const environment = { ...loopbackEnvironment(sandbox, { own: LOOPBACK, sdr: LOOPBACK }), PAYLOAD_NODE: node };
    return openWindow(sandbox, command, { durationMs: duration * 1000, graceMs: 5000, environment });
  };
  const serve = open('payload-serve', sdr, windows.sdr);
  const fetch = open('payload-fetch', sabertooth, windows.sabertooth);
  const { code } = await fetch.exited;
  serve.abort();
  fetch.abort();
  const served = await serve.ended;

  for (const [agent, sandbox] of [
    ['payload-serve', sdr],
    ['payload-fetch', sabertooth],
  ] as const) {
    const notice = join(sandbox.outbox, startNoticeName(agent));
    if (existsSync(notice)) throw new Error(readFileSync(notice, 'utf8').trim());
  }
  const report = fetchReport.parse(
    JSON.parse(readFileSync(join(sabertooth.outbox, 'payload-fetch-report.json'), 'utf8')),
  );
  if (code !== 0)
    throw new Error(`payload-fetch ended with ${code}: ${JSON.stringify(report.failure ?? report.files)}`);
  if (served.code !== 0) throw new Error(`payload-serve ended with ${served.code ?? served.signal}.`);
  const delivered = report.files[0];
  if (delivered === undefined || delivered.verified !== 'sha-256' || delivered.sha256 !== sha256(content))
    throw new Error(`The report does not say that the file was verified: ${JSON.stringify(delivered)}`);
  if (!readFileSync(delivered.output).equals(content)) throw new Error('What was delivered is not what was served.');
  return report;
}

function logOf(sizeBytes: number): Buffer {
  const line = (number: number): string =>
    `Nov 23 06:00:00 sdr rehearsal[${number}]: ${sha256(Buffer.from(String(number)))}\n`;
  let text = '';
  for (let number = 0; text.length < sizeBytes; number++) text += line(number);
  return Buffer.from(text);
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
