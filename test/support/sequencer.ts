import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** They wait for windows and servers more than they work. */
const LONGEST =
  /\/(end-to-end|resume|fleet|namespaces|page|simulate|connection|kill|link|window|delivery|lanes)\.test\.ts$/;

/**
 * Begins with what takes longest, so that none of it is left to run alone at the end. By itself Vitest knows only after a
 * first run how long each takes, and begins with the largest file until then.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean => LONGEST.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
