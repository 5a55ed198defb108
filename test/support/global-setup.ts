import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { projectRoot } from '../../scripts/build/bundle.ts';
import { officialNode } from '../../scripts/runtime/official-node.ts';
import { long } from './effort.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The path of Node 16.20.2, or `null` where the npm registry is out of reach. */
    node16: string | null;
    /** A second place with the same sources, built for itself; `null` in the everyday run. */
    clone: string | null;
  }
}

/** The integration tests drive what would be uploaded: it is built once, before the first of them. */
export default async function setup(project: TestProject): Promise<() => void> {
  const parent = mkdtempSync(join(tmpdir(), 'payload-link-'));
  const clone = long ? cloneIn(parent) : null;
  // A build keeps one core busy, and nothing else is to be done yet.
  await Promise.all([projectRoot, ...(clone === null ? [] : [clone])].map(build));
  project.provide('clone', clone);

  const node16 = await officialNode('x64').catch((error: Error) => {
    if (process.env.PAYLOAD_LINK_NO_SKIP === '1') throw error;
    console.warn(`SKIPPED: everything on Node 16.20.2, which cannot be had here (${error.message.split('\n')[0]}).`);
    return null;
  });
  project.provide('node16', node16);
  return () => rmSync(parent, { recursive: true, force: true });
}

const build = (directory: string) => promisify(execFile)('npm', ['run', '--silent', 'build'], { cwd: directory });

function cloneIn(parent: string): string {
  const clone = join(parent, 'another directory');
  for (const name of ['agents', 'scripts', 'shared', 'package.json', 'tsconfig.json'])
    cpSync(join(projectRoot, name), join(clone, name), { recursive: true });
  symlinkSync(join(projectRoot, 'node_modules'), join(clone, 'node_modules'));
  return clone;
}
