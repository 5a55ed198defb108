import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { NODE_TARGET, projectRoot } from '../build/bundle.ts';

/** Where the runtime is looked for on board, after `$PAYLOAD_NODE`. */
export const RUNTIME_PATH = '/persist/bin/node';

/** A file that was made to be brought on board. */
export interface Parcel {
  readonly path: string;
  readonly sizeBytes: number;
}

/**
 * The form for flashing before launch: a `.tar.gz`, which every system can unpack, to be unpacked below `/persist`. Its
 * bytes depend on nothing but its content. Throws where there is no GNU tar.
 */
export function makeFlashArchive(node: string, license: string, directory: string): Parcel {
  const tree = join(directory, 'flash');
  mkdirSync(join(tree, 'bin'), { recursive: true });
  cpSync(node, join(tree, 'bin', 'node'));
  chmodSync(join(tree, 'bin', 'node'), 0o755);
  cpSync(license, join(tree, 'bin', 'node-LICENSE'));
  const stable = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--format=ustar'];
  const tar = output('tar', [...stable, '-C', tree, '-c', 'bin/node', 'bin/node-LICENSE']);
  rmSync(tree, { recursive: true });
  return write(join(directory, `node-${NODE_TARGET}-persist.tar.gz`), gzipSync(tar, { level: 9 }));
}

/**
 * The form for the uplink: xz, the smallest that the payloads can unpack, in parts, and the installer that joins them.
 * The installer comes first; the parts go beside it. Throws where there is no xz.
 */
export function makeParts(node: string, directory: string, partBytes: number): Parcel[] {
  const unpacked = readFileSync(node);
  const packed = output('xz', ['-9e', '--stdout'], unpacked);
  mkdirSync(directory, { recursive: true });
  const count = Math.ceil(packed.length / partBytes);
  const parts = Array.from({ length: count }, (_, index) => {
    const name = `node-${NODE_TARGET}.xz.${String(index + 1).padStart(String(count).length, '0')}-of-${count}`;
    const content = packed.subarray(index * partBytes, (index + 1) * partBytes);
    return { name, content, sha256: sha256(content) };
  });
  const installer = readFileSync(join(projectRoot, 'scripts/runtime/install-node.sh'), 'utf8')
    .replaceAll('@version@', NODE_TARGET)
    .replaceAll('@destination@', RUNTIME_PATH)
    .replaceAll('@sha256@', sha256(unpacked))
    .replaceAll('@unpackedMegabytes@', String(Math.ceil(unpacked.length / 1e6)))
    .replaceAll('@parts@', parts.map(({ name, sha256 }) => `${name}=${sha256}`).join(' '));
  return [
    write(join(directory, 'install-node.sh'), Buffer.from(installer), 0o755),
    ...parts.map(({ name, content }) => write(join(directory, name), content)),
  ];
}

function write(path: string, content: Buffer, mode = 0o644): Parcel {
  writeFileSync(path, content, { mode });
  return { path, sizeBytes: content.length };
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function output(command: string, args: readonly string[], input?: Buffer): Buffer {
  const run = spawnSync(command, args, { input, maxBuffer: 2 ** 30 });
  if (run.error !== undefined)
    throw new Error(
      `${command} is needed (Debian package ${command === 'xz' ? 'xz-utils' : command}): ${run.error.message}`,
    );
  if (run.status !== 0) throw new Error(`${command} ended with ${run.status}: ${run.stderr}`);
  return run.stdout;
}
