import type { Reporter, TestCase, TestModule, TestSuite, Vitest } from 'vitest/node';

/**
 * A test that did not run is said so at the end, by name and with what it lacks: a green run that silently leaves
 * things out proves less than it seems to. With `PAYLOAD_LINK_NO_SKIP=1` a skipped test fails the run.
 */
export class SkipReporter implements Reporter {
  #byName = false;

  onInit(vitest: Vitest): void {
    // A run of some tests by name (`-t`) leaves the others out on purpose.
    this.#byName = vitest.config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.flatMap((module) => [...module.children.allTests('skipped')]);
    if (this.#byName || skipped.length === 0) return;

    const fails = process.env.PAYLOAD_LINK_NO_SKIP === '1';
    const lines = skipped.map((test) => `  ${test.module.relativeModuleId} > ${test.fullName}\n    ${reason(test)}`);
    console.error(`\nSKIPPED ${skipped.length}${fails ? ', where nothing may be' : ''}:\n${lines.join('\n')}\n`);
    if (fails) process.exitCode = 1;
  }
}

function reason(test: TestCase): string {
  let task: TestCase | TestSuite | TestModule = test;
  while (task.type !== 'module') {
    const { missing } = task.meta();
    if (missing !== undefined) return `needs ${missing}`;
    task = task.parent;
  }
  const result = test.result();
  return (result.state === 'skipped' ? result.note : undefined) ?? 'no reason is given';
}
