import { expect, it } from 'vitest';
import { desk, noise } from '../support/fetching.ts';
import { answerFile, httpOrigin } from '../support/origin.ts';

it('a file that takes the place of an earlier one needs room only for what it has more', async () => {
  let content = noise(300_000);
  const { url } = await httpOrigin((request, response) => answerFile(request, response, { content }));
  const { run, read } = desk();
  expect((await run([`${url}/f`, '--budget', '500000'])).code).toBe(0);
  content = noise(310_000);
  expect((await run([`${url}/f`, '--budget', '500000'])).code).toBe(0);
  expect(read('f').equals(content)).toBe(true);
  content = noise(490_000);
  expect((await run([`${url}/f`, '--budget', '500000'])).code).toBe(3);
});
