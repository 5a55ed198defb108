import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, onTestFinished } from 'vitest';

/** Has something done when a test is over, or, by {@link ofSuite}, when a suite is. */
export type CleanUp = (task: () => void | Promise<void>) => void;

/** A directory of the test's own, removed when the test is over. */
export function temporaryDirectory(cleanUp: CleanUp = onTestFinished): string {
  const path = mkdtempSync(join(tmpdir(), 'payload-link-'));
  cleanUp(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Something that all tests of a suite share: made before the first of them, gone after the last. */
export function ofSuite<T>(make: (cleanUp: CleanUp) => Promise<T>): () => T {
  let made: T | undefined;
  beforeAll(async () => {
    const tasks: (() => void | Promise<void>)[] = [];
    made = await make((task) => void tasks.unshift(task));
    return async () => {
      for (const task of tasks) await task();
    };
  });
  return () => {
    if (made === undefined) throw new Error('asked for before the suite began');
    return made;
  };
}
