import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentName } from './bundle.ts';
import { projectRoot } from './bundle.ts';

/**
 * What the launcher gives to `node -e`: compiles the file that it stands in as a CommonJS module, whatever a
 * package.json above it says. Must hold no single quote, since it stands between two in the shell, and no end of comment.
 */
const LOADER = [
  'const f=require("path").resolve(process.argv[1])',
  'const M=require("module"),m=new M(f),s=require("fs").readFileSync(f,"utf8")',
  'm.filename=f',
  'm._compile(s.slice(s.indexOf("\\n")),f)',
].join(';');

/**
 * Makes one executable file of a bundle: valid as a shell script, which finds Node and has it run the file, and valid as
 * JavaScript, to which the whole shell part is a string and a comment.
 */
export function withLauncher(agent: AgentName, javascript: string): string {
  const head = readFileSync(join(projectRoot, 'scripts/build/launcher.sh'), 'utf8');
  return head.replaceAll('__AGENT__', agent).replaceAll('__LOADER__', () => LOADER) + javascript;
}
