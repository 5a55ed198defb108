import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './bundle.ts';

/** `build/bundles.json`: what the last build made. */
export interface Manifest {
  /** The version of Node.js that the bundles are for. */
  readonly node: string;
  readonly form: 'packed' | 'plain';
  readonly bundles: Record<string, BundleFacts>;
}

export interface BundleFacts {
  readonly sizeBytes: number;
  /** What compressing the file once more would make of it; `xzBytes` is `null` where there was no xz. */
  readonly brotliBytes: number;
  readonly xzBytes: number | null;
  readonly sha256: string;
  /** Bytes of JavaScript by the package that they come from, before packing. */
  readonly inputs: Readonly<Record<string, number>>;
}

/** Reads what the last build made. Throws where nothing was built yet. */
export function readManifest(): Manifest {
  return JSON.parse(readFileSync(join(projectRoot, 'build', 'bundles.json'), 'utf8'));
}
