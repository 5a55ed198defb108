import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AgentName, projectRoot } from '../../scripts/build/bundle.ts';
import { startNoticeName } from '../../shared/start-failure.ts';
import { program, type Requirement } from '../support/requirement.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** How a bundle came to start, or not. */
export interface Launch {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What it left in the outbox about not having started. */
  readonly notice: string | null;
}

/** A payload's root with an outbox and one bundle in it, of the test's own. */
export class Payload {
  readonly root = temporaryDirectory();
  readonly agent: AgentName;
  readonly bundle: string;
  readonly #notice: string;

  constructor(agent: AgentName, directory = '.') {
    this.agent = agent;
    mkdirSync(join(this.root, 'outbox'));
    mkdirSync(join(this.root, directory), { recursive: true });
    this.bundle = join(this.root, directory, agent);
    this.#notice = join(this.root, 'outbox', startNoticeName(agent));
    copyFileSync(join(projectRoot, 'build', agent), this.bundle);
  }

  /** The bytes of the bundle, to be damaged. */
  read(): Buffer {
    return readFileSync(this.bundle);
  }

  replace(content: Uint8Array): void {
    writeFileSync(this.bundle, content);
  }

  /** Writes another file into the root and returns its path. */
  place(name: string, content: string | Uint8Array, mode = 0o755): string {
    const path = join(this.root, name);
    writeFileSync(path, content);
    chmodSync(path, mode);
    return path;
  }

  /** Runs a command with nothing in its environment but what is given and the root. */
  launch(command: readonly string[], env: Readonly<Record<string, string>> = {}, cwd = '/'): Launch {
    rmSync(this.#notice, { force: true });
    const [file = '', ...args] = command;
    const { status, stdout, stderr, error } = spawnSync(file, args, {
      cwd,
      env: { PAYLOAD_ROOT: this.root, ...env },
      encoding: 'utf8',
      timeout: 20_000,
    });
    const notice = existsSync(this.#notice) ? readFileSync(this.#notice, 'utf8') : null;
    return { code: status, stdout, stderr: error === undefined ? stderr : String(error), notice };
  }
}

/** The shells that a payload may have as its `sh`, and that a wrapper may be run by. */
export const shells: readonly (readonly [name: string, command: readonly string[], needs: Requirement])[] = [
  shell('dash'),
  shell('bash'),
  shell('bash', '--posix'),
  shell('busybox', 'sh'),
];

/** By its absolute path, because some tests take the PATH away. */
function shell(name: string, ...args: readonly string[]): readonly [string, readonly string[], Requirement] {
  const found = program(name);
  return [[name, ...args].join(' '), [found.path, ...args], found];
}
