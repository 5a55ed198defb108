/**
 * Why a run, or one file of it, did not end well. The set is closed: every failure that an agent reports is one of
 * these codes, and its exit code and its advice stand here and nowhere else.
 */
interface FailureKind {
  /** What the process ends with. The numbers are a fixed interface: windows are judged by them on the ground. */
  readonly exitCode: number;
  /** Whether the same request may succeed by being made again within this window. */
  readonly retryable: boolean;
  /** What the operator does next. */
  readonly advice: string;
}

const RUN_AGAIN = 'Run the same command in a later window: it continues from the bytes that were kept.';

export const failureKinds = {
  unforeseen: {
    exitCode: 1,
    retryable: false,
    advice: 'This is a fault of the program: please report it with the log; files already delivered are whole.',
  },
  usage: {
    exitCode: 2,
    retryable: false,
    advice: 'Correct the command line; --help shows what it takes.',
  },
  'time-ran-out': { exitCode: 3, retryable: false, advice: RUN_AGAIN },
  /** A server answered, and then the connection was refused, reset, silent, or ended before the promised length. */
  'link-lost': { exitCode: 3, retryable: true, advice: RUN_AGAIN },
  /** 408, 425, 429 or 5xx: the server asks for patience. */
  'server-busy': { exitCode: 3, retryable: true, advice: RUN_AGAIN },
  'over-budget': {
    exitCode: 3,
    retryable: false,
    advice: 'Run the same command when the outbox has been downlinked, or raise --budget.',
  },
  'no-server': {
    exitCode: 4,
    retryable: true,
    advice: 'Check that the two windows overlap, and that payload-serve runs on the address and port asked.',
  },
  refused: {
    exitCode: 5,
    retryable: false,
    advice: 'Check the path and the permissions on the server; asking again will not change the answer.',
  },
  unverified: {
    exitCode: 6,
    retryable: false,
    advice: 'Do not use earlier copies of this file; check the disk and the memory of the server, then run again.',
  },
  changing: {
    exitCode: 6,
    retryable: false,
    advice: 'Copy the file on the server first and fetch the copy, or run again when it is at rest.',
  },
  /** The server's answer breaks HTTP, or what it was asked for. */
  'bad-answer': {
    exitCode: 6,
    retryable: false,
    advice: 'Check what listens at this address: its answers cannot be trusted.',
  },
  'disk-full': {
    exitCode: 7,
    retryable: false,
    advice: 'Free space on the disk named, then run again: the bytes that were kept are used.',
  },
  'disk-refused': {
    exitCode: 7,
    retryable: false,
    advice: 'Name one that exists and can be used, or mend its permissions.',
  },
  'state-in-use': {
    exitCode: 7,
    retryable: false,
    advice: 'Wait for the other run to end, or give this one a --state directory of its own.',
  },
  'state-unreadable': {
    exitCode: 7,
    retryable: false,
    advice: 'Use the newer payload-fetch that wrote it, or name another --state directory; nothing in it was touched.',
  },
  'address-unavailable': {
    exitCode: 8,
    retryable: false,
    advice: 'End the program that holds the port, or choose another port or --bind address.',
  },
} as const satisfies Record<string, FailureKind>;

export type FailureCode = keyof typeof failureKinds;

/** A failure with its code. `message` is one sentence that names what failed; `cause` keeps what was thrown. */
export class Failure extends Error {
  readonly code: FailureCode;

  constructor(code: FailureCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'Failure';
    this.code = code;
  }

  get exitCode(): number {
    return failureKinds[this.code].exitCode;
  }

  get advice(): string {
    return failureKinds[this.code].advice;
  }

  get retryable(): boolean {
    return failureKinds[this.code].retryable;
  }
}

/** Takes anything thrown for a {@link Failure}: what is none yet becomes `unforeseen`, its cause kept. */
export function asFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new Failure('unforeseen', message, { cause: thrown });
}

const DISK_ERRORS: Readonly<Record<string, readonly [FailureCode, string]>> = {
  ENOSPC: ['disk-full', 'no space is left'],
  EDQUOT: ['disk-full', 'the quota is used up'],
  EROFS: ['disk-refused', 'the file system is read-only'],
  EACCES: ['disk-refused', 'permission is denied'],
  EPERM: ['disk-refused', 'the operation is not permitted'],
  ENOENT: ['disk-refused', 'there is no such file or directory'],
  ENOTDIR: ['disk-refused', 'a part of the path is not a directory'],
  EISDIR: ['disk-refused', 'it is a directory'],
  EIO: ['disk-refused', 'the disk reports an input/output error'],
  EMFILE: ['disk-refused', 'too many files are open'],
};

/** Says what the local disk refused: `what` is a clause such as `The outbox /outbox cannot be written`. */
export function diskFailure(what: string, thrown: unknown): Failure {
  const errno = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  const [code, reason] = DISK_ERRORS[errno] ?? ['disk-refused', thrown instanceof Error ? thrown.message : 'unknown'];
  return new Failure(code, `${what}: ${reason}.`, { cause: thrown });
}

/**
 * The exit code of a run with several files: the worst counts. 1 (unforeseen) is the worst; of the others the higher
 * number is, because the higher ones need the operator to change something and the lower ones only another window.
 */
export function worstExitCode(exitCodes: readonly number[]): number {
  const rank = (exitCode: number): number => (exitCode === 1 ? Number.POSITIVE_INFINITY : exitCode);
  return exitCodes.reduce((worst, exitCode) => (rank(exitCode) > rank(worst) ? exitCode : worst), 0);
}
