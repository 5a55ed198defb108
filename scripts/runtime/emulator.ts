import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SYSROOT = '/usr/aarch64-linux-gnu';

/** Debian's packages with everything that runs an arm64 program on another machine. */
export const EMULATOR_PACKAGES = 'qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross libgcc-s1-arm64-cross';

/** The path of qemu's user-mode emulator, or `null` where it or the arm64 libraries are not installed. */
export function findEmulator(): string | null {
  if (!existsSync(join(SYSROOT, 'lib', 'ld-linux-aarch64.so.1'))) return null;
  const paths = ['/usr/bin/qemu-aarch64-static', '/usr/bin/qemu-aarch64', '/usr/local/bin/qemu-aarch64'];
  return paths.find((path) => existsSync(path)) ?? null;
}

/**
 * Writes a program to `path` that runs an arm64 Node here, as a payload's own would run there: under the emulator, or as
 * it is where this machine is of that kind. Throws where neither is possible.
 */
export function writeArm64Runner(path: string, node: string): void {
  const emulator = findEmulator();
  if (process.arch !== 'arm64' && emulator === null)
    throw new Error(`Running arm64 programs takes an emulator: apt-get install ${EMULATOR_PACKAGES}`);
  const command = process.arch === 'arm64' ? `'${node}'` : `${emulator} -L ${SYSROOT} '${node}'`;
  writeFileSync(path, `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
}
