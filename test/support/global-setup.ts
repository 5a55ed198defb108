import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { projectRoot } from '../../scripts/build/bundle.ts';
import { officialNode } from '../../scripts/runtime/official-node.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The path of Node 16.20.2, or `null` where the npm registry is out of reach. */
    node16: string | null;
    /** A second place with the same sources, built for itself. */
    clone: string;
  }
}

/** The integration tests drive what would be uploaded: it is built once, before the first of them. */
export default async function setup(project: TestProject): Promise<() => void> {
  const parent = mkdtempSync(join(tmpdir(), 'payload-link-'));
  const clone = join(parent, 'another directory');
  for (const name of ['agents', 'scripts', 'shared', 'package.json', 'tsconfig.json'])
    cpSync(join(projectRoot, name), join(clone, name), { recursive: true });
  symlinkSync(join(projectRoot, 'node_modules'), join(clone, 'node_modules'));
  // A build keeps one core busy, and nothing else is to be done yet: that of the clone costs little now, and much later.
  await Promise.all([build(projectRoot), build(clone)]);
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
