import { describe, expect, it } from 'vitest';
import { readCommandLine } from '../../agents/common/command-line.ts';

const read = (...words: string[]) =>
  readCommandLine('agent', words, (parser) =>
    parser.command('$0 [port]', 'Serves.', (command) =>
      command
        .positional('port', { type: 'string' })
        .options({ bind: { type: 'string', requiresArg: true }, index: { type: 'boolean' } }),
    ),
  );

describe('readCommandLine', () => {
  it('keeps values as they were typed', () => {
    expect(read('010101', '--bind', '0')).toMatchObject({ port: '010101', bind: '0' });
  });

  it('keeps the words after a --', () => {
    expect(read('--bind', '0', '--', '10101')).toMatchObject({ port: '10101', bind: '0' });
  });

  it.each([
    [['--bound', 'x'], 'bound'],
    [['10101', '10102'], '10102'],
    [['--bind'], 'bind'],
    [['--bind', ''], 'bind'],
    [['--bind='], 'bind'],
    [['--no-bind'], 'no-bind'],
    [['--index=yes'], 'index'],
    [['--index', 'yes', 'no'], 'no'],
  ])('takes %j for a mistake, in one sentence', (words, named) => {
    expect(() => read(...words)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(new RegExp(`${named}[^\\n]*\\.$`)) }),
    );
  });
});
