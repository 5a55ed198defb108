import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncDirectorySync } from './atomic-file.ts';

/**
 * Makes a directory and those above it, as `mkdir -p`, durably. Throws what the file system throws. `mkdirSync` with
 * `recursive` is not used: below `/proc`, whose parent exists and yet nothing can be made there, Node tries again for ever.
 */
export function makeDirectorySync(path: string): void {
  const parent = dirname(path);
  const parentIsMissing = statSync(parent, { throwIfNoEntry: false }) === undefined;
  if (parentIsMissing && parent !== path) makeDirectorySync(parent);
  try {
    mkdirSync(path);
    syncDirectorySync(parent);
  } catch (error) {
    // Made by somebody else meanwhile, or there from the start.
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}
