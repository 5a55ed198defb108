import yargs, { type Argv } from 'yargs';
import { Failure } from '../shared/failure.ts';

/** An option that takes a word, whatever its default: of itself, yargs takes an option without one for that. */
export const WORD = { type: 'string', requiresArg: true } as const;

/**
 * A parser for a command on the ground: an unknown option, a missing value, a surplus word and, but for the `repeatable`,
 * an option given twice are mistakes, of which `mistake` makes the error that is thrown. Values stay text, so that the
 * settings judge them by their own rules. `--help` prints and exits 0; a text that is longer than its column is broken in
 * mid-word there, and so none of an option may be.
 */
export function strictParser(
  name: string,
  words: readonly string[],
  mistake: (sentence: string) => Error,
  repeatable: readonly string[] = [],
): Argv {
  return yargs([...words])
    .scriptName(name)
    .parserConfiguration({
      'boolean-negation': false,
      'dot-notation': false,
      'greedy-arrays': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .detectLocale(false)
    .version(false)
    .help()
    .alias('help', 'h')
    .strict()
    .wrap(100)
    .check((values) => {
      for (const [option, value] of Object.entries(values)) {
        if (value === '') throw mistake(`--${option} needs a value.`);
        if (!Array.isArray(value) || option === '_' || repeatable.includes(option)) continue;
        throw mistake(`--${option} is given twice.`);
      }
      return true;
    })
    .fail((message: string | null, error: Error | undefined) => {
      if (error !== undefined && error.name !== 'YError') throw error;
      throw mistake(sentence(message ?? error?.message ?? 'The command line cannot be read'));
    });
}

/**
 * Reads the command line of an npm script, which takes options only unless `describe` demands words. Throws a `usage`
 * failure for a mistake.
 */
export function readOptions<T>(
  script: string,
  words: readonly string[],
  describe: (parser: Argv) => Argv<T>,
  repeatable?: readonly string[],
): ReturnType<Argv<T>['parseSync']> {
  const mistake = (text: string): Error => new Failure('usage', text);
  return describe(strictParser(`npm run ${script} --`, words, mistake, repeatable).demandCommand(0, 0)).parseSync();
}

/** Reads this process's command line in one go: what `read` throws is said in one sentence, and ends the process. */
export function readOrExit<T>(read: (words: readonly string[]) => T): T {
  try {
    return read(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.error(error.message);
    process.exit(error.exitCode);
  }
}

/** Whole lines below the options: in the columns that yargs makes of examples, a command of some length is broken. */
export function examples(...lines: readonly string[]): string {
  return ['Examples:', ...lines.map((line) => `  ${line}`)].join('\n');
}

function sentence(text: string): string {
  const line = text.trim().replace(/\s*\n\s*/g, ' ');
  return /[.!?]$/.test(line) ? line : `${line}.`;
}
