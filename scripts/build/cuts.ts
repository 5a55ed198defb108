import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { sep } from 'node:path';
import type { Plugin } from 'esbuild';
import { asModule, membersOfCommonJs, membersOfModule } from './as-module.ts';
import { cutFunctions } from './cut-functions.ts';
import { privateFields } from './private-fields.ts';

const require = createRequire(import.meta.url);

/**
 * What the agents never reach of the libraries they use, and so do not take into orbit. This table is the one place
 * where something is left out; test/payload/cuts.test.ts runs the agents in a build where reaching a cut ends the process.
 */
type Cut = {
  /** The module, by package and path. */
  readonly module: string;
  readonly reason: string;
} & (
  | {
      /** JavaScript in its place. `cut(what)` makes a function that throws when it is called. */
      readonly replacement: string;
    }
  | {
      /** Functions and methods of it that are emptied; the others stay. */
      readonly functions: readonly string[];
    }
);

export const cuts: readonly Cut[] = [
  {
    module: 'undici/lib/llhttp/llhttp_simd-wasm.js',
    replacement: "module.exports = require('./llhttp-wasm.js')",
    reason: 'The other build of the parser has the same size and asks nothing of the CPU: one of the two is enough.',
  },
  {
    module: 'undici/lib/llhttp/constants.js',
    replacement: tableOf('undici/lib/llhttp/constants.js', ['ERROR', 'TYPE']),
    reason: 'Only these two tables are read; the rest builds method and character tables of the parser generator.',
  },
  {
    module: 'undici/lib/core/constants.js',
    replacement: 'export const wellknownHeaderNames = [], headerNameLowerCasedRecord = {}',
    reason: 'A cache of lower-case header names: without it they are lowered when met, and there are few requests.',
  },
  {
    module: 'undici/lib/core/tree.js',
    replacement: 'export const tree = { lookup: () => null }',
    reason: 'The same cache, for names that come as bytes.',
  },
  {
    module: 'undici/lib/core/diagnostics.js',
    replacement:
      "const none = { hasSubscribers: false, publish: cut('undici diagnostics') }; export const channels = new Proxy({}, { get: () => none })",
    reason: 'Nobody subscribes to the channels on board: the report and the log say what happens.',
  },
  {
    module: 'undici/lib/dispatcher/client-h1.js',
    functions: words('writeStream writeIterable writeBlob'),
    reason: 'Write request bodies, and a GET has none.',
  },
  {
    module: 'undici/lib/dispatcher/client-h2.js',
    replacement: "export default cut('undici client-h2')",
    reason: 'HTTP/2 is chosen during a TLS handshake only; the link speaks plain HTTP/1.1.',
  },
  {
    module: 'undici/lib/handler/redirect-handler.js',
    replacement: "export default cut('undici redirect-handler')",
    reason: 'Requests are made without maxRedirections.',
  },
  {
    module: 'undici/lib/web/fetch/body.js',
    replacement: "exports.extractBody = cut('undici extractBody')",
    reason: 'Needed for request bodies that are streams, forms or blobs; a GET has none.',
  },
  {
    module: 'pino/lib/caller.js',
    replacement: 'export default () => {}',
    reason: 'Finds the caller for the sake of transports, and there are none.',
  },
  {
    module: 'pino/lib/proto.js',
    functions: words('child bindings setBindings flush'),
    reason: 'Child loggers and asynchronous destinations: there is one logger, and it writes at once.',
  },
  {
    module: 'pino/lib/tools.js',
    functions: words('asChindings buildSafeSonicBoom autoEnd normalizeDestFileDescriptor'),
    reason: 'The same, and files that pino would open by itself.',
  },
  {
    module: 'pino/lib/time.js',
    functions: words('isoTimeNano'),
    reason: 'Lines are stamped in milliseconds.',
  },
  {
    module: 'pino/lib/multistream.js',
    replacement: "export default cut('pino multistream')",
    reason: 'The log has one destination.',
  },
  {
    module: 'pino/lib/transport.js',
    replacement: "export default cut('pino transport')",
    reason: 'Transports are worker threads with files of their own; the log is written synchronously.',
  },
  {
    module: 'pino/lib/redaction.js',
    replacement: "export default cut('pino redaction')",
    reason: 'The option `redact` is not used: events carry nothing that has to be hidden.',
  },
  {
    module: 'sonic-boom/index.js',
    replacement: "export default cut('sonic-boom')",
    reason: "pino's own file stream: BoundedLog is the destination.",
  },
  {
    module: 'on-exit-leak-free/index.js',
    replacement: "export const register = cut('on-exit-leak-free'), unregister = register",
    reason: 'Flushes sonic-boom at the end of the process.',
  },
  {
    module: 'safe-stable-stringify/esm/wrapper.js',
    replacement: "export const configure = () => cut('safe-stable-stringify')",
    reason: 'Used for values that JSON.stringify refuses (cycles); events are plain data.',
  },
  {
    module: 'pino-std-serializers/index.js',
    replacement:
      "export const err = cut('pino err serializer'), mapHttpRequest = cut('pino req serializer'), mapHttpResponse = cut('pino res serializer')",
    reason: 'Events carry neither Error objects nor requests of node:http.',
  },
  {
    module: 'yargs/build/lib/completion.js',
    replacement:
      "export const completion = () => ({ completionKey: Symbol(), setParsed() {}, registerFunction: cut('yargs completion'), getCompletion: cut('yargs completion'), generateCompletionScript: cut('yargs completion') })",
    reason:
      'There is no interactive shell on board. The key is looked up in every command line, and a symbol is in none.',
  },
  {
    module: 'yargs/build/lib/utils/apply-extends.js',
    replacement: "export const applyExtends = cut('yargs config files')",
    reason: 'Settings come from the command line alone.',
  },
  {
    module: 'yargs/build/lib/utils/which-module.js',
    replacement: "export default cut('yargs commandDir')",
    reason: 'Names commands that are modules; each agent has one command, declared in place.',
  },
  {
    module: 'yargs/build/lib/utils/levenshtein.js',
    replacement: "export const levenshtein = cut('yargs recommendCommands')",
    reason: 'Recommends commands, and there is only one.',
  },
  {
    module: 'yargs/build/lib/yargs-factory.js',
    functions: words(`
      addShowHiddenOpt check coerce commandDir completion config conflicts count demand demandCommand deprecateOption env
      error example exitProcess getAliases getCompletion getDetectLocale getHelp global hide implies locale middleware
      nargs number parseAsync pkgConf recommendCommands showCompletionScript showHelpOnFail showVersion skipValidation
      strictCommands strictOptions updateStrings usageConfiguration
    `),
    reason: 'What one can declare with yargs, and the agents do not.',
  },
  {
    module: 'yargs/build/lib/validation.js',
    functions: words('unknownCommands recommendCommands implies conflicts'),
    reason: 'Checks what those declare.',
  },
  {
    module: 'yargs/build/lib/command.js',
    functions: words('addDirectory moduleName'),
    reason: 'Commands that are modules in a directory.',
  },
  {
    module: 'yargs/build/lib/middleware.js',
    functions: words('addMiddleware addCoerceMiddleware'),
    reason: 'Values stay text until the settings judge them.',
  },
  {
    module: 'yargs-parser/build/lib/yargs-parser.js',
    functions: words('setConfigObject'),
    reason: 'Settings come from the command line alone.',
  },
  {
    module: 'y18n/index.mjs',
    replacement: `import { format } from 'node:util';
      export default () => ({
        __: format,
        __n: (one, other, n, ...rest) => { const text = n === 1 ? one : other; return text.includes('%d') ? format(text, n, ...rest) : format(text, ...rest) },
        getLocale: () => 'en', setLocale: cut('y18n'), updateLocale: cut('y18n') })`,
    reason: 'Looks for translations in files beside the bundle, where anything may lie; the agents speak English.',
  },
];

/** What a cut does when it is reached: `throw` names it; `abort` cannot be caught, for the test that none ever is. */
export type OnCut = 'throw' | 'abort';

/** Leaves out of a bundle what {@link cuts} names, and lets esbuild leave out what else is not used. */
export function cutting(onCut: OnCut): Plugin {
  const reached = {
    throw: 'throw new Error(what + " was cut from this bundle")',
    abort: 'process._rawDebug("CUT REACHED: " + what), process.abort()',
  }[onCut];
  return {
    name: 'cuts',
    setup(build) {
      build.onResolve({ filter: /^payload-link:cut$/ }, () => ({ path: 'cut', namespace: 'cut' }));
      build.onLoad({ filter: /.*/, namespace: 'cut' }, () => ({
        contents: `export const cut = (what) => function () { ${reached} }`,
      }));
      build.onLoad({ filter: /node_modules/ }, ({ path }) => ({ contents: textOf(path) }));
    },
  };
}

const HELPER = 'payload-link:cut';

/** What a module is in the bundle. */
function textOf(path: string): string {
  const module = moduleOf(path);
  const found = cuts.find((cut) => cut.module === module);
  let text = found !== undefined && 'replacement' in found ? found.replacement : readFileSync(path, 'utf8');
  if (text.includes('__classPrivateFieldGet')) text = privateFields(text);
  if (found !== undefined && 'functions' in found) text = cutFunctions(text, found.functions, module);
  if (isPlainCommonJs(module) && !isModule(text))
    text = asModule(text, (specifier) => {
      const required = textOf(createRequire(path).resolve(specifier));
      return isModule(required) ? membersOfModule(required) : membersOfCommonJs(required);
    });
  if (!text.includes('cut(')) return text;
  const helper = isModule(text) ? `import { cut } from '${HELPER}'` : `const { cut } = require('${HELPER}')`;
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

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

/** Some exports of a module as they are, worked out now. */
function tableOf(module: string, names: readonly string[]): string {
  const exported: Record<string, unknown> = require(module);
  return names.map((name) => `export const ${name} = ${JSON.stringify(exported[name])}`).join(';');
}
