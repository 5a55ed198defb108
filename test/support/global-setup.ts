import { execFileSync } from 'node:child_process';
import type { TestProject } from 'vitest/node';
import { projectRoot } from '../../scripts/build/bundle.ts';
import { officialNode } from '../../scripts/runtime/official-node.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The path of Node 16.20.2, or `null` where the npm registry is out of reach. */
    node16: string | null;
  }
}

/** The integration tests drive what would be uploaded: it is built once, before the first of them. */
export default async function setup(project: TestProject): Promise<void> {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: projectRoot, stdio: ['ignore', 'ignore', 'inherit'] });
  const node16 = await officialNode('x64').catch((error: Error) => {
    if (process.env.PAYLOAD_LINK_NO_SKIP === '1') throw error;
    console.warn(`SKIPPED: everything on Node 16.20.2, which cannot be had here (${error.message.split('\n')[0]}).`);
    return null;
  });
  project.provide('node16', node16);
}
