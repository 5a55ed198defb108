import { expect, test } from 'vitest';
import { parseArrival } from '../../scripts/ground/review/arrival.ts';

const SEED = '2021/09/06/20210906T043229Z_sdr_syslog';

test.each([
  [`a/directory/FM1/downlink/${SEED}`, 'FM1', 'sdr_syslog', SEED],
  [`FM12/downlink/${SEED}`, 'FM12', 'sdr_syslog', SEED],
  [`/home/me/downlink/copy/FM1/downlink/${SEED}`, 'FM1', 'sdr_syslog', SEED],
  ['FM1/downlink/20210906T043229Z_a_b_c', 'FM1', 'a_b_c', '20210906T043229Z_a_b_c'],
  ['FM1/downlink/2021/09/06/20210906T043229Z_logs/a b', 'FM1', 'logs/a b', '2021/09/06/20210906T043229Z_logs/a b'],
])("%s is %s's %s", (key, satellite, name, listedAs) => {
  expect(parseArrival(key, 7)).toEqual({
    key,
    satellite,
    name,
    listedAs,
    stampedAtMs: Date.UTC(2021, 8, 6, 4, 32, 29),
    sizeBytes: 7,
  });
});

test.each([
  ['a folder', 'a/directory/FM1/downlink/2021/09/06/'],
  ['no satellite', `downlink/${SEED}`],
  ['no stamp', 'FM1/downlink/2021/09/06/sdr_syslog'],
  ['no name', 'FM1/downlink/20210906T043229Z_'],
  ['a stamp that is no time', 'FM1/downlink/20211306T043229Z_x'],
  ['something else', 'README.md'],
])('%s is none', (_, key) => {
  expect(parseArrival(key, 0)).toBeNull();
});
