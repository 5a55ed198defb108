import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { minify } from 'terser';
import { cutting, type OnCut } from './cutting.ts';
import { PRIVATE_FIELD } from './private-fields.ts';

/** The newest Node that starts on the payloads' glibc 2.27; see docs/on-board.md. */
export const NODE_TARGET = '16.20.2';

export const AGENTS = { 'payload-serve': 'agents/serve/main.ts', 'payload-fetch': 'agents/fetch/main.ts' } as const;

export type AgentName = keyof typeof AGENTS;

export const projectRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

export interface Bundle {
  readonly javascript: string;
  /** undici's HTTP parser, which `javascript` then takes from a variable of this name; `null` where it is not in it. */
  readonly llhttp: Buffer | null;
  /** Bytes of JavaScript by the package that they come from, before the last minification. */
  readonly inputs: Readonly<Record<string, number>>;
}

export interface Form {
  /** Readable: nothing is minified, and llhttp stays in the text. */
  readonly plain?: boolean;
  readonly onCut?: OnCut;
}

const packageJson: { version: string } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));

const define = { PAYLOAD_LINK_VERSION: JSON.stringify(packageJson.version) };

/** Bundles one agent for the Node on board, in memory. Holds no path, no date, nothing of this machine. */
export async function bundle(agent: AgentName, { plain = false, onCut = 'throw' }: Form = {}): Promise<Bundle> {
  const options = {
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: `node${NODE_TARGET}`,
    minify: !plain,
    legalComments: 'none',
    // yargs and pino have ES module entries that keep less.
    mainFields: ['module', 'main'],
    conditions: ['import', 'module', 'node'],
    define,
    mangleProps: PRIVATE_FIELD,
    absWorkingDir: projectRoot,
  } satisfies esbuild.BuildOptions;
  const build = async (entryPoint: string, more: esbuild.BuildOptions): Promise<Built> => {
    const result = await esbuild.build({
      ...options,
      ...more,
      entryPoints: [entryPoint],
      write: false,
      metafile: true,
    });
    const text = result.outputFiles[0]?.text;
    const output = Object.values(result.metafile.outputs)[0];
    if (text === undefined || output === undefined) throw new Error(`esbuild gave nothing for ${entryPoint}`);
    return { javascript: plain ? text : await shrink(text), inputs: output.inputs };
  };
  const worker = workerSource(async (path) => (await build(path, {})).javascript);

  const built = await build(AGENTS[agent], {
    plugins: [worker, ...(plain ? [] : [rawLlhttp]), cutting(onCut)],
  });
  const inputs = byPackage(built.inputs);
  return { javascript: built.javascript, llhttp: !plain && 'undici' in inputs ? llhttpBytes() : null, inputs };
}

interface Built {
  readonly javascript: string;
  readonly inputs: esbuild.Metafile['outputs'][string]['inputs'];
}

/** terser finds some 7 % that esbuild leaves. Its options that assume how the code is written stay off. */
async function shrink(javascript: string): Promise<string> {
  const { code } = await minify(javascript, {
    ecma: 2020,
    toplevel: true,
    compress: { passes: 3, inline: 1 },
    format: { ascii_only: true },
  });
  if (code === undefined) throw new Error('terser gave nothing');
  return code;
}

/**
 * A worker thread is part of the one file too: `import source from './hash.worker.ts?source'` gives its own bundle as
 * text, to be started by `new Worker(source, { eval: true })`.
 */
function workerSource(bundleOf: (path: string) => Promise<string>): esbuild.Plugin {
  return {
    name: 'worker-source',
    setup(build) {
      build.onResolve({ filter: /\?source$/ }, (args) => ({
        path: relative(projectRoot, join(args.resolveDir, args.path.replace(/\?source$/, ''))),
        namespace: 'worker-source',
      }));
      build.onLoad({ filter: /.*/, namespace: 'worker-source' }, async ({ path }) => ({
        contents: await bundleOf(path),
        loader: 'text',
      }));
    },
  };
}

/** Takes llhttp out of the text, where it is base64: as bytes it packs to two thirds of that. */
const rawLlhttp: esbuild.Plugin = {
  name: 'raw-llhttp',
  setup(build) {
    build.onLoad({ filter: /undici\/lib\/llhttp\/llhttp-wasm\.js$/ }, () => ({ contents: 'module.exports = llhttp' }));
  },
};

function llhttpBytes(): Buffer {
  return createRequire(import.meta.url)('undici/lib/llhttp/llhttp-wasm.js');
}

function byPackage(inputs: Built['inputs']): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
    const name =
      /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(path)?.[1] ??
      /(?:agents\/[a-z]+|shared)(?=\/)/.exec(path)?.[0] ??
      'cuts';
    sums[name] = (sums[name] ?? 0) + bytesInOutput;
  }
  return Object.fromEntries(Object.entries(sums).sort(([, a], [, b]) => b - a));
}
