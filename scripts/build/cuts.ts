import { createRequire } from 'node:module';
import type { KnownValues } from './known-values.ts';

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
      /** Functions and methods of it that nothing calls; the others stay. */
      readonly functions: readonly string[];
    }
  | {
      /** Functions and methods of it that are called, but for something that nobody asks for: they do nothing. */
      readonly idle: readonly string[];
    }
  | {
      /** Expressions of it that are always the same, and what they are. */
      readonly known: KnownValues;
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
    functions: words('asChindings buildSafeSonicBoom normalizeDestFileDescriptor'),
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
    module: 'yargs/lib/platform-shims/esm.mjs',
    replacement: `import cliui from 'cliui'; import Parser from 'yargs-parser'; import y18n from 'y18n';
      export default { cliui, Parser, y18n: y18n(), getEnv() {}, stringWidth: (text) => [...text].length, process: { cwd() {}, exit: process.exit } }`,
    reason: 'The rest reads files: the version beside the program, commands that are modules, settings.',
  },
  {
    module: 'yargs/build/lib/typings/common-types.js',
    replacement: 'export const assertNotStrictEqual = () => {}, assertSingleKey = () => {}, objectKeys = Object.keys',
    reason: 'Assertions for who calls yargs from JavaScript: the compiler looks after ours.',
  },
  {
    module: 'yargs/build/lib/argsert.js',
    replacement: 'export const argsert = () => {}',
    reason: 'The same: tells of arguments of a wrong type.',
  },
  {
    module: 'yargs/build/lib/utils/maybe-async-result.js',
    replacement: 'export const maybeAsyncResult = (result, handle) => handle(result)',
    reason: 'Reading a command line waits for nothing.',
  },
  {
    module: 'yargs/build/lib/middleware.js',
    replacement: `export class GlobalMiddleware { getMiddleware() { return [] } reset() {} }
      export const applyMiddleware = (argv) => argv, commandMiddlewareFactory = () => []`,
    reason: 'Values stay text until the settings judge them.',
  },
  {
    module: 'yargs/build/lib/completion.js',
    replacement: 'export const completion = () => ({ completionKey: Symbol(), setParsed() {} })',
    reason: 'There is no interactive shell on board.',
  },
  {
    module: 'yargs/build/lib/yargs-factory.js',
    functions: words(`
      addShowHiddenOpt check choices coerce commandDir commands completion config conflicts count defaults demand
      demandCommand demandOption deprecateOption env epilog epilogue error example exitProcess getAliases getCompletion
      getDetectLocale getExitProcess getHelp getStrict getStrictCommands getStrictOptions global hide implies locale
      middleware nargs normalize number parseAsync pkgConf recommendCommands require required showCompletionScript
      showHelpOnFail showHidden showVersion skipValidation strictCommands strictOptions terminalWidth updateLocale
      updateStrings usageConfiguration
      kEmitWarning kParsePositionalNumbers kPkgUp kRebase kValidateAsync
    `),
    reason: 'What one can declare with yargs, and the agents do not.',
  },
  {
    module: 'yargs/build/lib/yargs-factory.js',
    idle: words('kGetDollarZero kGuessVersion kFreeze kUnfreeze'),
    reason: 'The name and the version are given, and a parser that has read one command line reads no other.',
  },
  {
    module: 'yargs/build/lib/yargs-factory.js',
    known: {
      deprecate: 'false',
      demand: 'false',
      'opt.demandOption': 'false',
      'opt.conflicts': 'false',
      'opt.implies !== undefined': 'false',
      'opt.nargs !== undefined': 'false',
      'opt.config': 'false',
      'opt.normalize': 'false',
      'opt.choices': 'false',
      'opt.coerce': 'false',
      'opt.group': 'false',
      "opt.number || opt.type === 'number'": 'false',
      "opt.count || opt.type === 'count'": 'false',
      "typeof opt.global === 'boolean'": 'false',
      'opt.defaultDescription': 'false',
      'opt.skipValidation': 'false',
      'opt.hidden': 'false',
      "typeof opt !== 'object'": 'false',
      "this._YargsInstance_versionOpt && (key === 'version' || (opt === null || opt === void 0 ? void 0 : opt.alias) === 'version')":
        'false',
      defaultDescription: 'false',
      "typeof value === 'function'": 'false',
    },
    reason: 'No option of ours is declared so.',
  },
  {
    module: 'yargs/build/lib/yargs-factory.js',
    known: {
      'isPromise(ANY)': 'false',
      "typeof args === 'undefined'": 'true',
      "typeof shortCircuit === 'object'": 'false',
      "typeof shortCircuit === 'function'": 'false',
      shortCircuit: 'false',
      skipValidation: 'true',
      'this._YargsInstance_completion.completionKey in argv': 'false',
      'this._YargsInstance_completionCommand': 'false',
      'this._YargsInstance_exitProcess': 'true',
      'this._YargsInstance_parseFn': 'false',
      'this._YargsInstance_recommendCommands': 'false',
      'this._YargsInstance_strict': 'true',
      'this._YargsInstance_strictCommands': 'false',
      'this._YargsInstance_strictOptions': 'false',
      'this._YargsInstance_detectLocale': 'false',
      'this[kHasParseCallback]()': 'false',
      'this._YargsInstance_usage.hasCachedHelpMessage()': 'false',
      'this.parsed': 'true',
      'this._YargsInstance_options.narg[keys]': 'false',
      'opt === false': 'false',
      'arguments.length === 2': 'false',
      '((key) => typeof key === "object")(key)': 'false',
      "this[kGetParserConfiguration]()['parse-positional-numbers']": 'false',
      populateDoubleDash: 'false',
    },
    reason: 'Each agent reads one command line, strictly, at once, with nothing but what command-line.ts sets.',
  },
  {
    module: 'yargs/build/lib/validation.js',
    functions: words('unknownCommands recommendCommands implies conflicts getImplied freeze unfreeze'),
    reason: 'Checks of what the agents do not declare.',
  },
  {
    module: 'yargs/build/lib/validation.js',
    idle: words('nonOptionCount positionalCount requiredArguments limitedChoices implications conflicting'),
    reason: 'The same: nothing is demanded, chosen from a list, implied or in conflict.',
  },
  {
    module: 'yargs/build/lib/validation.js',
    known: { checkPositionals: 'true', '(_a = demandedCommands._) === null || _a === void 0': 'true' },
    reason: 'The same: no number of words is demanded.',
  },
  {
    module: 'yargs/build/lib/command.js',
    functions: words('addDirectory moduleName commandFromFilename extractDesc freeze unfreeze'),
    reason: 'Commands that are modules in a directory, and parsers that are used again.',
  },
  {
    module: 'yargs/build/lib/command.js',
    known: {
      'isPromise(ANY)': 'false',
      'Array.isArray(cmd)': 'false',
      'isCommandHandlerDefinition(cmd)': 'false',
      'isCommandBuilderDefinition(builder)': 'false',
      'isCommandBuilderOptionDefinitions(builder)': 'true',
      "typeof cmd === 'string'": 'true',
      isDefault: 'true',
      'parsedAliases.length === 0': 'true',
      helpOnly: 'false',
      'yargs.getInternalMethods().getHasOutput()': 'false',
      "options.configuration['unknown-options-as-args']": 'undefined',
      'parsed.error': 'false',
    },
    reason: 'Each agent has one command, the default one, which is declared by a text and does nothing by itself.',
  },
  {
    module: 'yargs/build/lib/usage.js',
    functions: words('showHelpOnFail example epilog functionDescription stringifiedValues'),
    reason: 'Parts of the help that the agents do not have.',
  },
  {
    module: 'yargs/build/lib/usage.js',
    known: {
      'fails.length': '1',
      'isBoolean(fail)': 'false',
      'usages.length': '1',
      usageDisabled: 'false',
      'msg === null': 'false',
      'yargs.customScriptName': 'true',
      "shim.getEnv('YARGS_DISABLE_WRAP')": 'false',
      wrapSet: 'true',
      theWrap: 'true',
      'commands.length > 1 || (commands.length === 1 && !commands[0][2])': 'false',
      'examples.length': '0',
      'epilogs.length > 0': 'false',
      'options.count.includes(ANY)': 'false',
      'options.normalize.includes(ANY)': 'false',
      'options.number.includes(ANY)': 'false',
      'key in deprecatedOptions': 'false',
      'key in demandedOptions': 'false',
      'alias in demandedOptions': 'false',
      'options.choices && options.choices[key]': 'false',
      "yargs.getInternalMethods().getUsageConfiguration()['hide-types'] === true": 'false',
      'yargs.getOptions().hiddenOptions.indexOf(key) < 0': 'true',
      'descriptions[alias]': 'false',
      'Array.isArray(keyOrKeys)': 'false',
      "typeof keyOrKeys === 'object'": 'false',
      'Array.isArray(table)': 'false',
      modifier: 'false',
      defaultDescription: 'false',
      level: 'true',
      "typeof level === 'function'": 'false',
      cachedHelpMessage: 'false',
    },
    reason: 'The same, and what fails is thrown by a function of ours.',
  },
  {
    module: 'yargs-parser/build/lib/index.js',
    replacement: `import { camelCase } from './string-utils.js'; import { YargsParser } from './yargs-parser.js';
      const parser = new YargsParser(); export default { camelCase, detailed: (words, options) => parser.parse(words, options) }`,
    reason: 'The rest reads configuration files and the environment, and looks at the version of Node.js.',
  },
  {
    module: 'yargs-parser/build/lib/tokenize-arg-string.js',
    replacement: 'export const tokenizeArgString = (words) => words',
    reason: 'A command line comes as words.',
  },
  {
    module: 'yargs-parser/build/lib/yargs-parser-types.js',
    replacement:
      "export const DefaultValuesForTypeKey = { BOOLEAN: 'boolean', STRING: 'string', NUMBER: 'number', ARRAY: 'array' }",
    reason: 'A table that is written in a way that minifiers do not see through.',
  },
  {
    module: 'yargs-parser/build/lib/yargs-parser.js',
    idle: words('applyEnvVars setConfig setConfigObjects applyCoercions checkConfiguration'),
    reason: 'Settings come from the command line alone; and no option counts, or is turned into something else.',
  },
  {
    module: 'yargs-parser/build/lib/yargs-parser.js',
    known: {
      "configuration['camel-case-expansion']": 'true',
      "configuration['dot-notation']": 'false',
      "configuration['duplicate-arguments-array']": 'true',
      "configuration['flatten-duplicate-arrays']": 'true',
      "configuration['greedy-arrays']": 'false',
      "configuration['halt-at-non-option']": 'false',
      "configuration['nargs-eats-options']": 'false',
      "configuration['parse-positional-numbers']": 'false',
      "configuration['set-placeholder-key']": 'false',
      "configuration['short-option-groups']": 'true',
      "configuration['strip-aliased']": 'false',
      "configuration['strip-dashed']": 'false',
      "looksLikeNumber(value) && configuration['parse-numbers'] && ANY": 'false',
      "arg.match(negatedBoolean) && configuration['boolean-negation']": 'false',
      "splitKey.length > 1 && configuration['dot-notation']": 'false',
    },
    reason: 'This is how command-line.ts configures it.',
  },
  {
    module: 'yargs-parser/build/lib/yargs-parser.js',
    known: {
      'isUnknownOptionAsArg(ANY)': 'false',
      "typeof opt === 'object'": 'false',
      assignment: 'false',
      "typeof argsInput === 'string'": 'false',
      "typeof opts.coerce === 'object'": 'false',
      "Array.isArray(opts.config) || typeof opts.config === 'string'": 'false',
      "typeof value === 'boolean' || typeof value === 'function'": 'false',
      "arg === '--'": 'false',
      "arg !== '--'": 'true',
      'notFlags.length': '0',
      'm !== null && Array.isArray(m) && m.length >= 2': 'true',
      'm !== null && Array.isArray(m) && m.length >= 3': 'true',
      "typeof toEat !== 'number' || isNaN(toEat)": 'true',
      'checkAllAliases(ANY, flags.counts)': 'false',
      'checkAllAliases(ANY, flags.normalize)': 'false',
      'checkAllAliases(ANY, flags.numbers)': 'false',
      'value === increment()': 'false',
      duplicate: 'true',
      "typeof o !== 'object'": 'false',
      'opts.__ || mixin.format': 'opts.__',
      'maybeCoerceNumber("_", arg)': 'arg',
      'keys.slice(0, -1).forEach(ANY)': 'undefined',
      'Object.keys(flags.counts).forEach(ANY)': 'undefined',
    },
    reason: 'The same, and that an option of ours is a text, a switch or a list of texts, of one word each time.',
  },
  {
    module: 'cliui/build/lib/index.js',
    functions: words('applyLayoutDSL resetOutput'),
    reason: 'Tables that are written as one text with tabulators.',
  },
  {
    module: 'cliui/build/lib/index.js',
    known: {
      'this.wrap': 'true',
      'this.shouldApplyLayoutDSL(...args)': 'false',
      'addBorder(ANY, ANY, ANY)': "''",
      'col.border': 'false',
      '(opts === null || opts === void 0 ? void 0 : opts.width) || getWindowWidth()': 'opts.width',
    },
    reason: 'The same, borders, and the width of a terminal: that of the help is given.',
  },
  {
    module: 'cliui/build/lib/string-utils.js',
    known: { 'str.match(ansi)': 'null', 'start && end': 'false' },
    reason: 'The help has no colours.',
  },
  {
    module: 'y18n/index.mjs',
    replacement: `import { format } from 'node:util';
      export default () => ({ __: format, __n: (one, other, n, ...rest) => format(n === 1 ? one : other, ...rest) })`,
    reason: 'Looks for translations in files beside the bundle, where anything may lie; the agents speak English.',
  },
];

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

/** Some exports of a module as they are, worked out now. */
function tableOf(module: string, names: readonly string[]): string {
  const exported: Record<string, unknown> = createRequire(import.meta.url)(module);
  return names.map((name) => `export const ${name} = ${JSON.stringify(exported[name])}`).join(';');
}
