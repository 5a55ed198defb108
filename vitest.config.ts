import { defineConfig } from 'vitest/config';
import packageJson from './package.json' with { type: 'json' };
import { long } from './test/support/effort.ts';
import { LongestFirst } from './test/support/sequencer.ts';
import { SkipReporter } from './test/support/skip-reporter.ts';

/** Where continuous integration reads the counts from. */
const results = process.env.PAYLOAD_LINK_RESULTS;
const json: ['json', { outputFile: string }][] = results ? [['json', { outputFile: results }]] : [];

export default defineConfig({
  // As the build does.
  define: { PAYLOAD_LINK_VERSION: JSON.stringify(packageJson.version) },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/global-setup.ts',
    testTimeout: 60_000,
    // Most of them wait for windows to end and for servers to answer, more than one core's worth at a time.
    // In the long run they work as well, and a window of seconds does not wait for a processor.
    maxWorkers: long ? 3 : 5,
    sequence: { sequencer: LongestFirst },
    // None changes what another sees, and a process of its own for each file, with its imports, was a fifth of the work.
    isolate: false,
    reporters: ['default', new SkipReporter(), ...json],
  },
});
