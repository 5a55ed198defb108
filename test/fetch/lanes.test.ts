import { describe, expect, it } from 'vitest';
import { freePort } from '../support/agent.ts';
import { desk, noise } from '../support/fetching.ts';
import { answerFile, httpOrigin } from '../support/origin.ts';

const content = noise(700_000);

describe('a large file is not kept from its turn', () => {
  it('by a server that is absent', async () => {
    const { url } = await httpOrigin((request, response) => answerFile(request, response, { content }));
    const { run, delivered } = desk();
    const absent = `http://127.0.0.1:${await freePort()}/absent`;
    expect((await run([absent, `${url}/f`, '--duration', '3'])).code).toBe(4);
    expect(delivered()).toEqual(['f']);
  });

  it('by a server that leaves HEAD unanswered', async () => {
    const silent = await httpOrigin((request, response) => {
      if (request.method !== 'HEAD') answerFile(request, response, { content });
    });
    const { url } = await httpOrigin((request, response) => answerFile(request, response, { content }));
    const { run, delivered } = desk();
    expect((await run([`${silent.url}/silent`, `${url}/f`, '--duration', '7'])).code).toBe(0);
    expect(delivered().sort()).toEqual(['f', 'silent']);
  });
});
