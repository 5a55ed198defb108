import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AGENTS, type AgentName, bundle, NODE_TARGET, projectRoot } from './bundle.ts';
import { withLauncher } from './launcher.ts';

/** `npm run build`: each agent as one executable file below `build/`, and what they are in `build/bundles.json`. */
const buildDirectory = join(projectRoot, 'build');
mkdirSync(buildDirectory, { recursive: true });

const bundles: Record<string, { sizeBytes: number; sha256: string }> = {};
for (const agent of Object.keys(AGENTS) as AgentName[]) {
  const file = Buffer.from(withLauncher(agent, await bundle(agent)));
  writeWhole(agent, file, 0o755);
  bundles[agent] = { sizeBytes: file.length, sha256: createHash('sha256').update(file).digest('hex') };
  console.log(`build/${agent}  ${file.length} bytes`);
}
writeWhole('bundles.json', Buffer.from(`${JSON.stringify({ node: NODE_TARGET, bundles }, null, 2)}\n`), 0o644);

/** By rename: a bundle that is running, in a simulation next door, keeps its own bytes. */
function writeWhole(name: string, content: Buffer, mode: number): void {
  const staged = join(buildDirectory, `.${name}.${process.pid}`);
  writeFileSync(staged, content, { mode });
  renameSync(staged, join(buildDirectory, name));
}
