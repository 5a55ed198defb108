import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { sep } from 'node:path';
import type { Plugin } from 'esbuild';
import { asModule, membersOfCommonJs, membersOfModule } from './as-module.ts';
import { cutFunctions, idleFunctions } from './cut-functions.ts';
import { cuts } from './cuts.ts';
import { knownValues } from './known-values.ts';
import { privateFields } from './private-fields.ts';

/** What a cut does when it is reached: `throw` names it; `abort` cannot be caught, for the test that none ever is. */
export type OnCut = 'throw' | 'abort';

/** Leaves out of a bundle what {@link cuts} names, and lets esbuild leave out what else is not used. */
export function cutting(onCut: OnCut): Plugin {
  const helper = {
    throw: 'export const cut = () => function () { throw new Error("cut from this bundle") }',
    abort: `
      const reached = (what) => (process._rawDebug("CUT REACHED: " + what), process.abort())
      export const cut = (what) => function () { reached(what) }
      export const known = (is, value, what) => is === value ? value : reached(what)`,
  }[onCut];
  // Each is asked for by esbuild, and again by every module that takes something from it.
  const texts = new Map<string, string>();
  const textOnce = (path: string): string => {
    const text = texts.get(path) ?? textOf(path, onCut, textOnce);
    texts.set(path, text);
    return text;
  };
  return {
    name: 'cuts',
    setup(build) {
      build.onResolve({ filter: /^payload-link:cut$/ }, () => ({ path: 'cut', namespace: 'cut' }));
      build.onLoad({ filter: /.*/, namespace: 'cut' }, () => ({ contents: helper }));
      build.onLoad({ filter: /node_modules/ }, ({ path }) => ({ contents: textOnce(path) }));
    },
  };
}

const HELPER = 'payload-link:cut';

/** What a module is in the bundle; `others` tells the same of those that it requires. */
function textOf(path: string, onCut: OnCut, others: (path: string) => string): string {
  const module = moduleOf(path);
  let text = privateFields(readFileSync(path, 'utf8'));
  for (const cut of cuts.filter((entry) => entry.module === module)) {
    if ('replacement' in cut) text = cut.replacement;
    else if ('functions' in cut) text = cutFunctions(text, cut.functions, module, onCut === 'abort');
    else if ('idle' in cut) text = idleFunctions(text, cut.idle, module);
    else text = knownValues(text, cut.known, module, onCut === 'abort');
  }
  if (isPlainCommonJs(module) && !isModule(text))
    text = asModule(text, (specifier) => {
      const required = others(createRequire(path).resolve(specifier));
      return isModule(required) ? membersOfModule(required) : membersOfCommonJs(required);
    });
  const helpers = ['cut', 'known'].filter((name) => new RegExp(`\\b${name}\\(`).test(text)).join(', ');
  if (helpers === '') return text;
  const helper = isModule(text)
    ? `import { ${helpers} } from '${HELPER}'`
    : `const { ${helpers} } = require('${HELPER}')`;
  return `${helper};\n${text}`;
}

/** The modules that {@link asModule} understands. Those that are left are required inside a function. */
function isPlainCommonJs(module: string): boolean {
  return /^(undici|pino|quick-format-unescaped)\//.test(module) && !/llhttp-wasm|llhttp_simd|fetch\/body/.test(module);
}

function isModule(text: string): boolean {
  return /(^|[;\n]) *(import|export) /.test(text);
}

/** `yargs/build/lib/usage.js`, wherever it lies. */
function moduleOf(path: string): string {
  return path
    .split(sep)
    .join('/')
    .replace(/^.*\/node_modules\//, '');
}
