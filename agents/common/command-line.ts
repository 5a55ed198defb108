import yargs, { type Argv } from 'yargs';
import { Failure } from '../../shared/failure.ts';
import { version } from './version.ts';

/**
 * Reads a command line with yargs, strictly: an unknown flag, a missing value or a surplus word is a `usage` failure.
 * `describe` declares the one command with its options. Values stay text, so that the settings judge them by their own
 * rules (`010101` is not a port). An option given twice is one too, unless it is among the `repeatable`. `--help` and
 * `--version` print and exit 0. An option that takes a word takes no empty one, and a switch takes none at all.
 */
export function readCommandLine<T>(
  name: string,
  words: readonly string[],
  describe: (parser: Argv) => Argv<T>,
  repeatable: readonly string[] = [],
): ReturnType<Argv<T>['parseSync']> {
  // After a `--` yargs drops what follows. No positional of ours begins with a dash, so that it says nothing here.
  const parser = yargs(words.filter((word) => word !== '--'))
    .scriptName(name)
    .parserConfiguration({
      'boolean-negation': false,
      'dot-notation': false,
      // An option given several times takes one word each time, and never the positional that follows it.
      'greedy-arrays': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    // Locale files are looked up beside the bundle, where there are none.
    .detectLocale(false)
    .version(version)
    .help()
    .alias('help', 'h')
    .strict()
    .wrap(100)
    .fail((message: string | null, error: Error | undefined) => {
      if (error instanceof Failure) throw error;
      throw new Failure('usage', sentence(message ?? error?.message ?? 'The command line cannot be read'));
    });
  const values = describe(parser).parseSync();
  for (const [option, value] of Object.entries(values)) {
    if (value === '') throw new Failure('usage', `--${option} needs a value.`);
    // Yargs takes `--index=yes` for a no.
    if (typeof value === 'boolean' && words.some((word) => word.startsWith(`--${option}=`))) {
      throw new Failure('usage', `--${option} takes no value.`);
    }
    if (Array.isArray(value) && option !== '_' && !repeatable.includes(option)) {
      throw new Failure('usage', `--${option} is given twice.`);
    }
  }
  return values;
}

function sentence(text: string): string {
  const line = text.trim().replace(/\s*\n\s*/g, ' ');
  return /[.!?]$/.test(line) ? line : `${line}.`;
}
