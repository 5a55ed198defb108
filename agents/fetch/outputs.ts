import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { diskFailure, Failure } from '../../shared/failure.ts';
import { type Environment, onPayload } from '../common/environment.ts';
import { selectionOf } from './expand.ts';
import { distinctName, flatName, isReserved, outputPath, treeName } from './output-name.ts';
import type { Settings, Wanted } from './settings.ts';
import { formatAddress, type Source } from './source.ts';
import { customaryState } from './state-directory.ts';

/** Gives out the outputs of a run: absolute paths, of which no two are the same. */
export class Outputs {
  readonly #outbox: string | null;
  readonly #environment: Environment;
  readonly #keepTree: boolean;
  /** By path, what goes there. */
  readonly #taken = new Map<string, string>();

  constructor(outbox: string | null, environment: Environment, keepTree: boolean) {
    this.#outbox = outbox;
    this.#environment = environment;
    this.#keepTree = keepTree;
  }

  /**
   * The output of a source; `null` for a file that is on its way to one already. A derived name passes by what `isOthers`:
   * what an earlier run delivered from another source. Throws `usage` or a disk failure.
   */
  take({ source, output, sha256 }: Wanted, isOthers: (path: string) => boolean): string | null {
    const identity = `${source.address === null ? '' : formatAddress(source.address)}${source.target}`;
    let path = '';
    for (const name of output === null ? namesOf(source, this.#keepTree, identity) : [output]) {
      path = absoluteOutput(name, this.#outbox, this.#environment);
      const other = this.#taken.get(path);
      if (other === undefined) {
        if (output === null && isOthers(path)) continue;
        if (output !== null) checkPlace(path, this.#outbox);
        this.#taken.set(path, identity);
        return path;
      }
      if (output === null && sha256 === null && other === identity) return null;
    }
    throw bothTo(this.#taken.get(path) ?? '', source.text, path);
  }
}

/** Judges the outputs that the command line names, before anything is created. Throws a `usage` failure. */
export function checkOutputs(settings: Settings, environment: Environment, outbox: string | null): void {
  const state = realPath(settings.state ?? customaryState(environment));
  if (outbox !== null && (isIn(state, realPath(outbox)) || isIn(realPath(outbox), state))) {
    throw new Failure('usage', `${state} and ${outbox} lie one in the other: what is not whole would be downlinked.`);
  }
  const taken = new Map<string, string>();
  for (const { source, output, sha256 } of settings.wanted) {
    if ((output ?? sha256) !== null && selectionOf(source, settings.recursive) !== null) {
      const option = output === null ? '--sha256' : `-o "${output}"`;
      throw new Failure('usage', `${option} is for one file, and ${source.text} may be many.`);
    }
    const [derived = ''] = namesOf(source, settings.keepTree, '');
    const path = absoluteOutput(output ?? derived, outbox, environment);
    const other = taken.get(path);
    if (output !== null && other !== undefined) throw bothTo(other, source.text, path);
    if (output !== null && isIn(realPath(path), state)) {
      throw new Failure('usage', `-o "${output}" lies in the state directory ${state}.`);
    }
    taken.set(path, source.text);
  }
}

function isIn(path: string, directory: string): boolean {
  return `${path}/`.startsWith(`${directory}/`);
}

/** Where a path leads by its links, as far as it is there already. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return join(realPath(dirname(path)), basename(path));
  }
}

/** What cannot be written at the end should not be fetched. */
function checkPlace(path: string, outbox: string | null): void {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
      throw new Failure('disk-refused', `${path} cannot be written: it is a directory.`);
    }
    // A directory below the outbox is made when its first file appears.
    if (!path.startsWith(`${outbox}/`)) accessSync(dirname(path), constants.W_OK | constants.X_OK);
  } catch (error) {
    throw error instanceof Failure ? error : diskFailure(`${path} cannot be written`, error);
  }
}

function absoluteOutput(named: string, outbox: string | null, environment: Environment): string {
  const path = outputPath(named, outbox);
  const here = isAbsolute(named) ? onPayload(environment, path) : path;
  if (dirname(here) === outbox && isReserved(basename(here))) {
    throw new Failure('usage', `-o "${named}" is the name of a report of ours.`);
  }
  return here;
}

/** The plain name, and the ones that are made only where that is another file's already. No two queries share a name. */
function* namesOf({ path, target }: Source, keepTree: boolean, identity: string): Generator<string> {
  const plain = keepTree ? treeName(path) : flatName(path);
  if (!target.includes('?')) yield plain;
  yield distinctName(plain, target);
  yield distinctName(plain, `//${identity}`);
}

function bothTo(one: string, other: string, path: string): Failure {
  return new Failure('usage', `${one} and ${other} would both be written to ${path}.`);
}
