import { expect, it } from 'vitest';
import { readEnvironment } from '../../agents/common/environment.ts';
import { readSettings } from '../../agents/serve/settings.ts';

it.each([
  [['80'], '80'],
  [['ten'], 'ten'],
  [['10101', '10102'], '10102'],
  [['--duration', '0'], '--duration'],
  [['--duration', 'soon'], '--duration'],
  [['--duration'], 'duration'],
  [['--bind', '10.2.1.300'], '10.2.1.300'],
  [['--bind', 'sdr.example'], 'sdr.example'],
])('the command line %j of payload-serve is a mistake, which names %s', (words, named) => {
  expect(() => readSettings(words, readEnvironment({}))).toThrow(
    expect.objectContaining({ code: 'usage', message: expect.stringContaining(named) }),
  );
});
