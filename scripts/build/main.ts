import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readOptions, readOrExit } from '../command-line.ts';
import { AGENTS, type AgentName, bundle, NODE_TARGET, projectRoot } from './bundle.ts';
import { plainLauncher } from './launcher.ts';
import type { Manifest } from './manifest.ts';
import { compress, pack } from './pack.ts';

/** `npm run build [-- --plain]`: each agent as one executable file below `build/`, and what they are in `build/bundles.json`. */
const { plain } = readOrExit((words) =>
  readOptions('build', words, (parser) =>
    parser.usage('$0 [options]\n\nBuilds each agent as one executable file.').option('plain', {
      type: 'boolean',
      default: false,
      describe: 'readable and unpacked, to look inside; not for the uplink',
    }),
  ),
);

const buildDirectory = join(projectRoot, 'build');
mkdirSync(buildDirectory, { recursive: true });

const bundles: Manifest['bundles'] = {};
for (const agent of Object.keys(AGENTS) as AgentName[]) {
  const made = await bundle(agent, { plain });
  const file = plain ? Buffer.from(plainLauncher(agent) + made.javascript) : await pack(agent, made);
  writeWhole(agent, file, 0o755);
  bundles[agent] = {
    sizeBytes: file.length,
    brotliBytes: compress(file).length,
    xzBytes: xzSizeBytes(file),
    sha256: createHash('sha256').update(file).digest('hex'),
    inputs: made.inputs,
  };
  console.log(`build/${agent}  ${file.length} bytes`);
}
const manifest: Manifest = { node: NODE_TARGET, form: plain ? 'plain' : 'packed', bundles };
writeWhole('bundles.json', Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`), 0o644);

/** `null` on a machine without xz. */
function xzSizeBytes(file: Buffer): number | null {
  const xz = spawnSync('xz', ['-9e', '--stdout'], { input: file });
  return xz.status === 0 ? xz.stdout.length : null;
}

/** By rename: a bundle that is running, in a simulation next door, keeps its own bytes. */
function writeWhole(name: string, content: Buffer, mode: number): void {
  const staged = join(buildDirectory, `.${name}.${process.pid}`);
  writeFileSync(staged, content, { mode });
  renameSync(staged, join(buildDirectory, name));
}
