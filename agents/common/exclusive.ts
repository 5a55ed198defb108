import { constants, copyFileSync, existsSync, linkSync, readFileSync, renameSync, rmSync } from 'node:fs';

/** What is whole and exclusive the moment it has its name, so that of several processes that want it one gets it. */

/** How often what a dead process left may be cleared away under our hands by others who start at the same moment. */
export const TRIES = 8;

/**
 * Gives a file a second name, unless that is taken: of several that try at once one succeeds. By link(2), or by a copy on
 * a file system that has no links, as vfat.
 */
export function linked(from: string, to: string): boolean {
  for (const give of [linkSync, copyExclusively]) {
    try {
      give(from, to);
      return true;
    } catch (error) {
      if (existsSync(to)) return false;
      if (give === copyExclusively) throw error;
    }
  }
  return false;
}

function copyExclusively(from: string, to: string): void {
  copyFileSync(from, to, constants.COPYFILE_EXCL);
}

/** Renames what was read, and nothing else: a third process may have taken over in between; then `false`. */
export function setAside(path: string, held: string, aside: string): boolean {
  try {
    renameSync(path, aside);
  } catch {
    return false;
  }
  if (readIfPossible(aside) === held) return true;
  linked(aside, path);
  rmSync(aside, { force: true });
  return false;
}

/** The content of a file, or nothing. */
export function readIfPossible(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
