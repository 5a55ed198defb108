import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestOptions } from 'vitest';

declare module '@vitest/runner' {
  interface TaskMeta {
    /** What the test lacks on this machine; read by the skip reporter. */
    missing?: string;
  }
}

/** Something that a test needs and that not every machine has. */
export interface Requirement {
  /** What it is and how to get it, for whoever reads that a test was skipped. */
  readonly name: string;
  readonly met: boolean;
}

/**
 * What a test or a suite needs, as its options: `describe('nginx as the server', requires(nginx, root), () => ...)`.
 * Where something is missing the test is skipped, and the end of the run names the test and what it lacks; with
 * `PAYLOAD_LINK_NO_SKIP=1`, as in CI, the run then fails.
 */
export function requires(...requirements: readonly Requirement[]): TestOptions {
  const missing = requirements.filter((requirement) => !requirement.met).map((requirement) => requirement.name);
  return missing.length === 0 ? {} : { skip: true, meta: { missing: missing.join(', ') } };
}

export interface Program extends Requirement {
  /** Where it is; the bare name where it is not. */
  readonly path: string;
}

/** A program of a Debian package. Servers lie in `/usr/sbin`, which is not on everybody's PATH. */
export function program(name: string, debianPackage = name): Program {
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  const path = directories.map((directory) => join(directory, name)).find(isExecutable);
  return { name: `${name} (Debian package ${debianPackage})`, met: path !== undefined, path: path ?? name };
}

/** The superuser: for mounts, quotas and other users. */
export const root: Requirement = { name: 'root', met: process.getuid?.() === 0 };

/** Network namespaces of the test's own, with addresses and links in them. */
export function networkNamespaces(): Requirement {
  return {
    name: 'network namespaces (root, Debian package iproute2)',
    met: succeeds('unshare', '--net', 'ip', 'link'),
  };
}

/** Mounts that nobody else sees. */
export function mountNamespaces(): Requirement {
  return {
    name: 'mount namespaces (root)',
    met: succeeds('unshare', '--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt'),
  };
}

/** Whatever else a test needs. */
export function condition(name: string, met: boolean): Requirement {
  return { name, met };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return existsSync(path);
  } catch {
    return false;
  }
}

function succeeds(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
