/**
 * Why a bundle did not start: found by its launcher, before the first line of the agent runs. The sentence is left in the
 * outbox (else on stderr) and the process ends with the exit code, which no agent uses for anything else.
 *
 * The build writes these sentences into the launcher, where `{agent}` is the bundle, `{node}` the path of the Node.js that
 * was tried and `{version}` its version. They hold no quotes, since they stand between quotes of the shell there.
 */
export const startFailures = {
  'bundle-damaged': {
    exitCode: 124,
    sentence: '{agent} is damaged or cut short: upload it again.',
  },
  'node-too-old': {
    exitCode: 125,
    sentence: '{agent} needs Node.js 16.20.2, and {node} is {version}: put 16.20.2 for arm64 at /persist/bin/node.',
  },
  'node-unusable': {
    exitCode: 126,
    sentence:
      '{agent} cannot run on {node}: that Node.js is for another system, or one of the two is damaged. Put Node.js 16.20.2 for arm64 at /persist/bin/node, or upload {agent} again.',
  },
  'no-node': {
    exitCode: 127,
    sentence:
      '{agent} needs Node.js: put 16.20.2 for arm64 at /persist/bin/node, executable. There is none there, at PAYLOAD_NODE or on the PATH.',
  },
} as const satisfies Record<string, { exitCode: number; sentence: string }>;

export type StartFailureCode = keyof typeof startFailures;

/** The file in the outbox that holds the sentence. */
export function startNoticeName(agent: string): string {
  return `${agent}-did-not-start.txt`;
}
