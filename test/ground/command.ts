import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../../scripts/build/bundle.ts';
import { payloadLink } from '../../scripts/ground/command-line.ts';

export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as an operator does: nothing of this process's own settings reaches it. */
export function spawnPayloadLink(
  words: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Run> {
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

/** Runs the command within this process, where only what it says and does counts; waiting takes no time. */
export async function runPayloadLink(words: readonly string[], variables: NodeJS.ProcessEnv = {}): Promise<Run> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const code = await payloadLink(words, '0.0.0', {
    variables,
    nowEpochSeconds: () => Math.floor(Date.now() / 1000),
    print: (text) => stdout.push(`${text}\n`),
    tell: (sentence) => stderr.push(`${sentence}\n`),
    sleep: async () => {},
  });
  return { code, stdout: stdout.join(''), stderr: stderr.join('') };
}
