import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { projectRoot } from '../build/bundle.ts';

export interface Asset {
  readonly type: string;
  readonly content: string;
}

/** The page's files, by path. */
export type PageAssets = Readonly<Record<string, Asset>>;

const directory = join(projectRoot, 'scripts/satellite/page');

let built: Promise<PageAssets> | undefined;

/**
 * Builds the page in memory, at the start, once for all desks of a process: Preact, uPlot and Pico are part of it, and
 * nothing is fetched from elsewhere.
 */
export function buildPage(): Promise<PageAssets> {
  built ??= build();
  return built;
}

async function build(): Promise<PageAssets> {
  const { outputFiles } = await esbuild.build({
    entryPoints: [join(directory, 'page.tsx'), join(directory, 'page.css')],
    bundle: true,
    write: false,
    outdir: '/',
    minify: true,
    format: 'esm',
    target: 'es2023',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'error',
  });
  const textOf = (name: string): string => outputFiles.find(({ path }) => path.endsWith(name))?.text ?? '';
  return {
    '/': { type: 'text/html; charset=utf-8', content: await readFile(join(directory, 'page.html'), 'utf8') },
    '/page.js': { type: 'text/javascript; charset=utf-8', content: textOf('page.js') },
    '/page.css': { type: 'text/css; charset=utf-8', content: textOf('page.css') },
    '/favicon.svg': { type: 'image/svg+xml', content: await readFile(join(directory, 'favicon.svg'), 'utf8') },
  };
}
