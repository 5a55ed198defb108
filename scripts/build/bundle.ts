import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

/** The newest Node that starts on the payloads' glibc 2.27; see docs/on-board.md. */
export const NODE_TARGET = '16.20.2';

export const AGENTS = { 'payload-serve': 'agents/serve/main.ts', 'payload-fetch': 'agents/fetch/main.ts' } as const;

export type AgentName = keyof typeof AGENTS;

export const projectRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const packageJson: { version: string } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));

const options = {
  bundle: true,
  write: false,
  platform: 'node',
  format: 'cjs',
  target: `node${NODE_TARGET}`,
  minify: true,
  legalComments: 'none',
  // yargs and pino have ES module entries that keep less.
  mainFields: ['module', 'main'],
  conditions: ['import', 'module', 'node'],
  define: { PAYLOAD_LINK_VERSION: JSON.stringify(packageJson.version) },
  absWorkingDir: projectRoot,
} satisfies esbuild.BuildOptions;

/**
 * A worker thread is part of the one file too: `import source from './hash.worker.ts?source'` gives its own bundle as
 * text, to be started by `new Worker(source, { eval: true })`.
 */
const workerSource: esbuild.Plugin = {
  name: 'worker-source',
  setup(build) {
    build.onResolve({ filter: /\?source$/ }, (args) => ({
      path: join(args.resolveDir, args.path.replace(/\?source$/, '')),
      namespace: 'worker-source',
    }));
    build.onLoad({ filter: /.*/, namespace: 'worker-source' }, async (args) => {
      const result = await esbuild.build({ ...options, entryPoints: [args.path] });
      return { contents: result.outputFiles[0]?.text ?? '', loader: 'text' };
    });
  },
};

/** Bundles one agent into JavaScript for the Node on board, in memory. */
export async function bundle(agent: AgentName): Promise<string> {
  const result = await esbuild.build({ ...options, entryPoints: [AGENTS[agent]], plugins: [workerSource] });
  const text = result.outputFiles[0]?.text;
  if (text === undefined) throw new Error(`esbuild gave nothing for ${agent}`);
  return text;
}
