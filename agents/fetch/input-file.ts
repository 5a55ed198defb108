import { isSha256 } from '../../shared/digest.ts';
import { asFailure, Failure } from '../../shared/failure.ts';
import { parseSource, type Source } from './source.ts';

/** One line of an input file. */
export interface InputLine {
  readonly source: Source;
  readonly output: string | null;
  /** Higher goes first; 0 where none is given. */
  readonly priority: number;
  readonly sha256: string | null;
}

/**
 * Reads an input file: a source a line, each with the options that it has for itself. A word that begins with `#` begins
 * a comment; one with spaces stands between double quotes. Throws a `usage` failure that names the line.
 *
 * ```
 * /var/log/syslog -o sdr_syslog --priority 5
 * http://10.2.1.8:10101/data/x.iq --sha256 9f86d0...
 * "/data/two words.txt"
 * ```
 */
export function parseInput(text: string, name: string): readonly InputLine[] {
  return text.split(/\r?\n/).flatMap((line, at) => {
    const words = Array.from(
      line.matchAll(/"([^"]*)"|#.*|(\S+)/g),
      ([, quoted, plain]) => quoted ?? plain ?? [],
    ).flat();
    const [source] = words;
    try {
      return source === undefined ? [] : [readLine(source, words.slice(1))];
    } catch (thrown) {
      throw new Failure('usage', `${name}:${at + 1}: ${asFailure(thrown).message}`);
    }
  });
}

function readLine(source: string, words: readonly string[]): InputLine {
  const line = {
    source: parseSource(source),
    output: null as string | null,
    priority: 0,
    sha256: null as string | null,
  };
  for (let at = 0; at < words.length; at += 2) {
    const [option, value] = [words[at], words[at + 1]];
    if (value === undefined) throw new Failure('usage', `${option} needs a value.`);
    if (option === '-o' || option === '--output') line.output = value;
    else if (option === '--priority' && /^-?[0-9]{1,6}$/.test(value)) line.priority = Number(value);
    else if (option === '--sha256' && isSha256(value.toLowerCase())) line.sha256 = value.toLowerCase();
    else throw new Failure('usage', `"${option} ${value}" is not an option of a line, or not a value of it.`);
  }
  return line;
}
