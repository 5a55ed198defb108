import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { minify } from 'terser';
import { type StartFailureCode, startFailures, startNoticeName } from '../../shared/start-failure.ts';
import { type AgentName, NODE_TARGET, projectRoot } from './bundle.ts';

/**
 * What a packed bundle begins with: valid as a shell script, which finds Node and has it run the file, and as JavaScript,
 * to which the whole shell part is a comment. Its last line is the loader, which defines `go`.
 */
export async function packedLauncher(agent: AgentName): Promise<string> {
  const loaderLine = shell(agent, '').split('\n').length - 1;
  // The loader alone is taken from the file, as text: a file that is cut short is no JavaScript, and could say nothing.
  const boot =
    `try{eval(require("fs").readFileSync(process.argv[1],"latin1").split("\\n")[${loaderLine}])}` +
    `catch(e){console.error("@bundle-damaged.sentence@");process.exit(@bundle-damaged.exitCode@)}go()`;
  const { code } = await minify(fill(source('loader.js'), agent), {
    ecma: 5,
    compress: { passes: 2, unsafe: true },
    format: { ascii_only: true },
  });
  return shell(agent, boot) + code;
}

/** What a packed body begins with, as an expression: the function that runs the agent. */
export async function starter(): Promise<string> {
  const { code = '' } = await minify(source('start.js'), { ecma: 2020, compress: { expression: true } });
  return code.replace(/;$/, '');
}

/**
 * What a plain bundle begins with. `-e` and not the file itself: Node takes a file without an ending for an ES module, or
 * refuses it, wherever a package.json above it says "type":"module".
 */
export function plainLauncher(agent: AgentName): string {
  return shell(agent, 'require(require("path").resolve(process.argv[1]))');
}

/**
 * What Node is told. With thousands of files V8 would let its young objects grow to three times 16 MiB, which is no faster
 * here and the difference between less and more than 120 MiB.
 */
const OPTIONS: Readonly<Record<AgentName, string>> = {
  'payload-serve': '',
  'payload-fetch': ' --max-semi-space-size=4',
};

/** `boot` is what Node is given to evaluate; it holds no single quote. */
function shell(agent: AgentName, boot: string): string {
  const script = source('launcher.sh').replace(/^#( .*)?\n/gm, '');
  return fill(
    script.replace('@boot@', () => boot),
    agent,
    '$node',
  );
}

/** Fills in what stands between at-signs. */
function fill(text: string, agent: AgentName, node = '{node}'): string {
  return text
    .replaceAll('@agent@', agent)
    .replaceAll('@options@', OPTIONS[agent])
    .replaceAll('@notice@', startNoticeName(agent))
    .replaceAll('@oldest@', oldestNode())
    .replaceAll(/@([a-z-]+)\.(sentence|exitCode)@/g, (_, code: StartFailureCode, member: 'sentence' | 'exitCode') =>
      String(startFailures[code][member]).replaceAll('{agent}', agent).replace('{node}', node),
    );
}

/** The version below which Node is too old, as one number: 16.20.2 is 16020002. Nothing older has been tried. */
function oldestNode(): string {
  const [major = 0, minor = 0, patch = 0] = NODE_TARGET.split('.').map(Number);
  return String(major * 1e6 + minor * 1e3 + patch);
}

function source(name: string): string {
  return readFileSync(join(projectRoot, 'scripts/build', name), 'utf8');
}
