/** What a command sees of the process that it runs in, so that a test can stand for it. */
export interface Surroundings {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly nowEpochSeconds: () => number;
  /** What was asked for: standard output. */
  readonly print: (text: string) => void;
  /** What is to be known besides: standard error, one sentence a line. */
  readonly tell: (sentence: string) => void;
  readonly sleep: (delayMs: number) => Promise<unknown>;
}
