import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { asModule } from '../../scripts/build/as-module.ts';
import { type AgentName, bundle, projectRoot } from '../../scripts/build/bundle.ts';
import { cutFunctions, idleFunctions } from '../../scripts/build/cut-functions.ts';
import { cuts } from '../../scripts/build/cuts.ts';
import { knownValues } from '../../scripts/build/known-values.ts';
import { plainLauncher } from '../../scripts/build/launcher.ts';
import { privateFields } from '../../scripts/build/private-fields.ts';
import { freePort, listening, nodes } from '../support/agent.ts';
import { long } from '../support/effort.ts';
import { temporaryDirectory } from '../support/temporary.ts';

describe('a CommonJS module as an ES module', () => {
  const object = (): readonly string[] => ['a', 'b'];
  const single = () => null;

  it.each([
    ["const { a, b: c } = require('./x')", object, "import { a as a, b as c } from './x';"],
    ["const { a, gone } = require('./x')", object, "import { a as a } from './x'; const gone = undefined;"],
    ["const x = require('./x')", object, "import * as x from './x';"],
    ["const X = require('./x')", single, "import X from './x';"],
    ["const net = require('node:net')", single, "const net = require('node:net')"],
    ["function f () { return require('./x') }", single, "function f () { return require('./x') }"],
  ])('%s', (source, membersOf, expected) => {
    expect(asModule(`${source}\nmodule.exports = 1`, membersOf)).toBe(`${expected}\nexport default 1`);
  });

  it.each([
    [
      'module.exports = { a, b: c, d: 1, e () {} }',
      'export { a as a };\nexport { c as b };\nconst d$ = 1; export { d$ as d };\nconst e$ = function () {}; export { e$ as e };',
    ],
    ['module.exports = class A {}', 'export default class A {}'],
    ['function f () {}\nmodule.exports = f\nmodule.exports.g = 1', 'function f () {}\nexport default f\nf.g = 1'],
  ])('%s', (source, expected) => expect(asModule(source, single)).toBe(expected));

  it.each([
    'exports.a = 1',
    'const { ...rest } = require("./x"); module.exports = rest',
    'module.exports = { ...a }',
    'f()',
  ])('refuses %s', (source) => expect(() => asModule(source, single)).toThrow('not understood'));
});

describe('the functions of a module', () => {
  const source = 'class A { b(x) { return x } c() {} } function d() { return 1 } self.e = () => { f() }';

  it('are cut by name, wherever they stand, but for what may be handed on', () => {
    expect(cutFunctions(source, ['b', 'd', 'e'], 'm', false)).toBe(
      "class A {  c() {} } function d() { return cut('m d')() } ",
    );
  });

  it('are cut so that they say what is reached', () => {
    expect(cutFunctions(source, ['b', 'd', 'e'], 'm', true)).toBe(
      "class A { b(x) { return cut('m b')() } c() {} } function d() { return cut('m d')() } self.e = () => { return cut('m e')() }",
    );
  });

  it('are made to do nothing', () => {
    expect(idleFunctions(source, ['b', 'd', 'e'], 'm')).toBe(
      'class A { b(x) {} c() {} } function d() {} self.e = () => {}',
    );
  });

  it.each([cutFunctions, idleFunctions])('are refused when they are not there', (edit) => {
    expect(() => edit('function a() {}', ['b'], 'm', false)).toThrow('m has no function b');
  });
});

describe('values that are known', () => {
  it.each([
    ['if (a) b(a)', { a: 'true' }, 'if (!!(true)) b(a)'],
    ['a.b && c(a.b)', { 'a.b': 'true' }, undefined],
    ['if (!(a.b && c)) d(a.b)', { 'a.b': 'false' }, 'if (!(!!(false) && c)) d(a.b)'],
    ['a.b = c() ? d() : a', { 'c()': '0', 'd()': '1' }, 'a.b = !!(0) ? (1) : a'],
    ["let d = f[ 'x' ]; f['x'] = d", { 'f["x"]': 'false' }, "let d = (false); f['x'] = d"],
    ['return is(a, 1) ? is(b) : is(c)', { 'is(ANY)': 'false' }, 'return is(a, 1) ? (false) : (false)'],
  ])('stand in the place of the expressions: %s', (source, values, expected) => {
    const edit = () => knownValues(source, values as Record<string, string>, 'm', false);
    if (expected === undefined) expect(edit).toThrow('m has no a.b');
    else expect(edit()).toBe(expected);
  });

  it('can be checked against the expressions', () => {
    expect(knownValues('if (a) f(b())', { a: '1', 'b()': 'null' }, 'm', true)).toBe(
      'if (known(!!(a), !!(1), "m: a")) f(known((b()), (null), "m: b()"))',
    );
  });
});

it('private fields are properties again', () => {
  const get = '__classPrivateFieldGet(this, _A_b, "f")';
  expect(
    privateFields(`class A { constructor() { _A_b.set(this, void 0); __classPrivateFieldSet(this, _A_b, ${get} + 1, "f") }
      [(_A_b = new WeakMap(), c)]() { return ${get}.d(${get}) } }`),
  ).toBe(`class A { constructor() { this._A_b = (void 0); (this._A_b = this._A_b + 1) }
      [(c)]() { return this._A_b.d(this._A_b) } }`);
});

describe('the table of cuts', () => {
  it('gives a reason for each', () => {
    for (const { reason } of cuts) expect(reason).toMatch(/^\S.{10,}\.$/);
  });

  it('replaces no module that it cuts something from', () => {
    const replaced = cuts.filter((cut) => 'replacement' in cut).map(({ module }) => module);
    for (const module of replaced) expect(cuts.filter((cut) => cut.module === module).length, module).toBe(1);
  });

  it('names modules that are there', () => {
    for (const { module } of cuts) expect(existsSync(join(projectRoot, 'node_modules', module)), module).toBe(true);
  });
});

/** Bundles in which reaching what was cut ends the process at once: nothing can catch it. */
const guarded = {} as Record<AgentName, string>;
beforeAll(async () => {
  for (const agent of ['payload-serve', 'payload-fetch'] as const)
    guarded[agent] = plainLauncher(agent) + (await bundle(agent, { plain: true, onCut: 'abort' })).javascript;
}, 60_000);

const inThePast = ['--until', '1'];

/** Every sixth of them in the everyday run. */
const commandLines = (
  [
    [['--help'], 0],
    [['-h', '--duration'], 0],
    [['help'], 0],
    [['$0', '--help'], 0],
    [['--version'], 0],
    [['--version=0', ...inThePast], 2],
    [['--no-such-flag'], 2],
    [['--no-such=flag', 'x', '-y', '-1', '-z.z=1', '---'], 2],
    [['--__proto__', 'x', '__proto__'], 2],
    [['--undefined', '$0'], 2],
    [['a', 'b', 'c', 'd', '--duration'], 2],
    [['--duration', 'soon'], 2],
    [['--duration', '5', '--duration=6', '--', '--x'], 2],
    [['--duration=', ...inThePast], 2],
    [['--log', '"quoted"', '--log-', 'x', ...inThePast], 2],
    [['', ...inThePast], 2],
    [['--get-yargs-completions'], 2],
  ] as const
).filter((_, at) => long || at % 6 === 0);

describe.each(nodes)('on %s, nothing that was cut is reached', (_, node) => {
  /** Runs an agent and returns its exit code; a cut ends it by SIGABRT, which is `null`. */
  function start(agent: AgentName, directory: string, args: readonly string[]) {
    const path = join(directory, agent);
    writeFileSync(path, guarded[agent], { mode: 0o755 });
    const child = spawn(path, args, {
      cwd: directory,
      env: { PAYLOAD_NODE: node, PAYLOAD_ROOT: directory },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const end = once(child, 'close').then(([code]) => {
      expect(stderr).not.toContain('CUT REACHED');
      return code;
    });
    onTestFinished(async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await end.catch(() => {});
    });
    return { child, end };
  }

  it.each(commandLines)('by the command line %j', async (args, code) => {
    const directory = temporaryDirectory();
    for (const agent of ['payload-serve', 'payload-fetch'] as const)
      expect(await start(agent, directory, args).end).toBe(code);
  });

  it.each([
    ['payload-serve', ['10101', '-b1.1.1.1', '-d=.', '--index', 'true', '--allow', '1.1.1.1', '--allow=2.2.2.2']],
    ['payload-serve', ['$0', '10101', '--port', '10102', '--tokenFile', 'x', '--exit-when-done=true', '--index=false']],
    ['payload-fetch', ['/a', '/b', '-o', 'c', '--output=d', '--from', 'e', '--from', 'f', '-r', '--once', '--json']],
    ['payload-fetch', ['$0', '/a', '-ro', 'b', '--keepTree', '--full-report', 'false', '--snapshot=true', '--', '/c']],
  ] as const)('%s: by the command line %j', async (agent, args) => {
    expect(await start(agent, temporaryDirectory(), [...args, ...inThePast]).end).toBe(2);
  });

  it('by a window of each: listing, ranges, refusals, several files, a resumed one, the end', async () => {
    const directory = temporaryDirectory();
    const port = await freePort();
    const files = ['small', 'middle', 'large'];
    for (const name of files) writeFileSync(join(directory, name), name.repeat(name === 'large' ? 500_000 : 100));
    const url = (path: string) => `http://127.0.0.1:${port}/${encodeURI(path)}`;
    const fetched = (...sources: string[]) =>
      start('payload-fetch', directory, [
        ...sources,
        ...['--outbox', join(directory, 'out'), '--state', join(directory, 'state'), '--duration', '90'],
      ]);

    const waiting = fetched(...files.map(url));
    const server = start('payload-serve', directory, [
      ...[String(port), '--bind', '127.0.0.1', '--directory', directory, '--duration', '100'],
    ]);
    await listening(port);
    expect(await waiting.end).toBe(0);
    for (const name of files)
      expect(readFileSync(join(directory, 'out', name)).equals(readFileSync(join(directory, name))), name).toBe(true);

    const answers = await Promise.all([
      fetch(url('')),
      fetch(url(''), { headers: { accept: 'application/json' } }),
      fetch(url('small'), { method: 'HEAD' }),
      fetch(url('small'), { headers: { range: 'bytes=1-2' } }),
      fetch(url('small'), { headers: { range: 'bytes=1-2,5-6' } }),
      fetch(url('small'), { headers: { range: 'bytes=9999-' } }),
      fetch(url('absent')),
      fetch(url('small'), { method: 'DELETE' }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 206, 206, 416, 404, 405]);

    expect(await fetched(url('absent')).end).toBe(5);
    server.child.kill('SIGTERM');
    expect(await server.end).toBe(0);
  }, 120_000);
});
