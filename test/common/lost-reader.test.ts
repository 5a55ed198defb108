import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { freePort, listening, nodes, type RunningAgent, startAgent } from '../support/agent.ts';
import { desk } from '../support/fetching.ts';
import { httpOrigin } from '../support/origin.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** Whatever held the other end of the agent's output is gone. */
const loseReader = ({ child }: RunningAgent) => {
  child.stdout?.destroy();
  child.stderr?.destroy();
};

describe.each(nodes)('with nobody left to read what it prints, on %s', (_, node) => {
  it('payload-serve goes on serving, and ends as it should', async () => {
    const root = temporaryDirectory();
    const port = await freePort();
    const agent = startAgent('payload-serve', [String(port), '--bind', '127.0.0.1', '--directory', root], { node });
    loseReader(agent);
    await listening(port);
    for (let n = 0; n < 3; n += 1) expect((await fetch(`http://127.0.0.1:${port}/absent`)).status).toBe(404);
    agent.child.kill('SIGTERM');
    expect(await agent.exit).toMatchObject({ code: 0, signal: null });
  });

  it('payload-fetch ends with the code of what happened', async () => {
    const home = temporaryDirectory();
    mkdirSync(join(home, 'outbox'));
    const url = `http://127.0.0.1:${await freePort()}/f`;
    const args = [url, '--outbox', join(home, 'outbox'), '--state', join(home, 'state'), '--duration', '0.5'];
    const agent = startAgent('payload-fetch', args, { node });
    loseReader(agent);
    expect(await agent.exit).toMatchObject({ code: 4, signal: null });
  });
});

it('payload-fetch waits for whoever reads its events late', async () => {
  const names = Array.from({ length: 2000 }, (_, at) => `f${at}`);
  const list = JSON.stringify(names.map((name) => ({ name, type: 'file', mtime: '', size: 1 })));
  const { url } = await httpOrigin((request, response) => response.end(request.url === '/' ? list : 'x'));
  const { start, report } = desk();
  const { child, exit } = start([`${url}/`, '--json']);
  child.stdout?.pause();
  // What it has told by then is more than lies in the pipe.
  await vi.waitFor(() => expect(report().state).toBe('ended'), { timeout: 30_000 });
  child.stdout?.resume();
  const { code, stdout } = await exit;
  expect(code).toBe(0);
  expect(stdout.split('\n').filter((line) => line.includes('FileDelivered'))).toHaveLength(names.length);
});
