import { chmodSync, copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * A directory that stands for the root of one payload's file system, as user code sees it. `/inbox` and `/outbox` are
 * cleared between windows; everything else stays.
 */
export interface Sandbox {
  readonly root: string;
  readonly outbox: string;
}

/** Makes the sandbox of a payload, or takes the one that is there with all that earlier windows left in it. */
export function openSandbox(root: string): Sandbox {
  for (const directory of ['inbox', 'outbox', 'persist/bin', 'var/log', 'tmp']) {
    mkdirSync(join(root, directory), { recursive: true });
  }
  return { root, outbox: join(root, 'outbox') };
}

/** Where a path of the payload, such as `/var/log/syslog`, lies on this machine. */
export function inSandbox(sandbox: Sandbox, path: string): string {
  return join(sandbox.root, path);
}

/** What an upload does: the file stands at its destination, executable, when the window opens. */
export function upload(sandbox: Sandbox, file: string, destination: string): void {
  const path = inSandbox(sandbox, destination);
  mkdirSync(dirname(path), { recursive: true });
  copyFileSync(file, path);
  chmodSync(path, 0o755);
}

/** What the satellite does between two windows, after the outbox has been swept. */
export function clearBoxes(sandbox: Sandbox): void {
  for (const box of ['inbox', 'outbox']) {
    rmSync(join(sandbox.root, box), { recursive: true, force: true });
    mkdirSync(join(sandbox.root, box));
  }
}
