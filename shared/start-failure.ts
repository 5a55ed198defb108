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
    sentence: '{agent} did not start: its file is damaged or cut short. Upload it again.',
  },
  'node-too-old': {
    exitCode: 125,
    sentence:
      '{agent} did not start: {node} is Node.js {version}, which is too old. Put Node.js 16.20.2 for arm64 at /persist/bin/node.',
  },
  'node-unusable': {
    exitCode: 126,
    sentence:
      '{agent} did not start: {node} does not run it. That Node.js is built for another machine or system, or one of the two files is damaged. Put Node.js 16.20.2 for arm64 at /persist/bin/node, or upload {agent} again.',
  },
  'no-node': {
    exitCode: 127,
    sentence:
      '{agent} did not start: there is no executable Node.js at PAYLOAD_NODE, at /persist/bin/node or on the PATH. Put Node.js 16.20.2 for arm64 at /persist/bin/node.',
  },
} as const satisfies Record<string, { exitCode: number; sentence: string }>;

export type StartFailureCode = keyof typeof startFailures;

/** The file in the outbox that holds the sentence. */
export function startNoticeName(agent: string): string {
  return `${agent}-did-not-start.txt`;
}
