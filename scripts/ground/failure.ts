/**
 * Why the ground command did not end well: a closed set, with the exit codes that the agents use for the same kind of
 * trouble. It stands apart from shared/failure.ts because every sentence there is uplinked.
 */
const groundFailureKinds = {
  usage: { exitCode: 2, advice: 'Correct the command line or the mission file; --help shows what they take.' },
  /** The windows as asked for cannot do what they are for. */
  mission: { exitCode: 2, advice: 'Change the mission as said, then plan again.' },
  /** Nothing refused, nothing lost: what was asked for is not all there yet. */
  incomplete: { exitCode: 3, advice: 'Deploy the proposed next window, or review again when more has arrived.' },
  unreachable: { exitCode: 4, advice: 'Run the same command again: what was done already is remembered.' },
  /** A POST went out and no answer came, and asking did not answer either. */
  'fate-unknown': {
    exitCode: 4,
    advice: 'Run the same command again: it asks what became of the request before it acts.',
  },
  refused: { exitCode: 5, advice: 'Correct what the answer names; asking again will not change it.' },
  'bad-answer': { exitCode: 6, advice: 'Check the address: what answers there is not what the command expects.' },
  unverified: { exitCode: 6, advice: 'Do not use the files named; fetch them again in another window.' },
  disk: { exitCode: 7, advice: 'Name a file or directory that can be read and written, or mend its permissions.' },
  'in-use': { exitCode: 7, advice: 'Wait for the other run to end.' },
} as const;

export type GroundFailureCode = keyof typeof groundFailureKinds;

/** `message` is one sentence that names what failed. */
export class GroundFailure extends Error {
  readonly code: GroundFailureCode;

  constructor(code: GroundFailureCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'GroundFailure';
    this.code = code;
  }

  get exitCode(): number {
    return groundFailureKinds[this.code].exitCode;
  }

  get advice(): string {
    return groundFailureKinds[this.code].advice;
  }
}

/** Says what the local disk refused; `what` is a clause such as `The mission file m.yaml cannot be read`. */
export function diskFailure(what: string, thrown: unknown): GroundFailure {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new GroundFailure('disk', `${what}: ${reason}.`, { cause: thrown });
}
