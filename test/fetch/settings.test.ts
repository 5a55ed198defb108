import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../../agents/common/environment.ts';
import { checkOutputs } from '../../agents/fetch/outputs.ts';
import { readSettings } from '../../agents/fetch/settings.ts';

const environment = readEnvironment({});

/** As the program does before it creates anything. */
function read(words: readonly string[]) {
  const settings = readSettings(words, environment);
  checkOutputs(settings, environment, '/outbox');
  return settings;
}

describe('a command line of payload-fetch', () => {
  it.each([
    ['no source', []],
    ['a port below 10000', ['http://127.0.0.1:80/x']],
    ['a port that is none', ['/x', '--from', '127.0.0.1:http']],
    ['a malformed URL', ['http://[x/']],
    ['another scheme', ['https://127.0.0.1:10101/x']],
    ['a relative path', ['x']],
    ['more outputs than sources', ['/x', '-o', 'a', '-o', 'b']],
    ['a duration that is none', ['/x', '--duration', 'long']],
    ['an option given twice', ['/x', '--duration', '1', '--duration', '2']],
    ['the name of a report as output', ['/x', '-o', 'payload-fetch-report.json']],
  ])('with %s is a mistake', (_, words) => {
    expect(() => read(words)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(/\.$/) }),
    );
  });

  it('names its sources as positionals, or by their own flag', () => {
    const texts = (words: readonly string[]) => read(words).wanted.map(({ source }) => source.text);
    expect(texts(['/a', '/b'])).toEqual(['/a', '/b']);
    expect(texts(['--sources', '/a'])).toEqual(['/a']);
  });
});
