import { expect, it, onTestFinished } from 'vitest';
import type { Answer } from '../../agents/serve/answer.ts';
import { BufferPool } from '../../agents/serve/buffer-pool.ts';
import { HttpServer, type Outcome } from '../../agents/serve/http.ts';
import { eventOf } from '../../agents/serve/tally.ts';

const LIMITS = {
  connections: 4,
  headerBytes: 16 * 1024,
  headerTimeoutMs: 10_000,
  idleTimeoutMs: 10_000,
  lowestRateBytesPerSecond: 1,
};

async function serving(answer: Answer): Promise<{ url: string; outcomes: readonly Outcome[] }> {
  const outcomes: Outcome[] = [];
  const http = new HttpServer(
    LIMITS,
    new BufferPool(),
    () => answer,
    (outcome) => outcomes.push(outcome),
  );
  onTestFinished(() => http.destroy());
  const { port } = await http.listen(0, '127.0.0.1');
  return { url: `http://127.0.0.1:${port}/f`, outcomes };
}

it('answers 500 where its answer cannot be sent, and tells of it', async () => {
  const answer: Answer = { status: 200, headers: { 'X-Name': 'two\nlines' }, body: null, refusal: null };
  const { url, outcomes } = await serving(answer);
  expect((await fetch(url, { signal: AbortSignal.timeout(5000) })).status).toBe(500);
  expect(outcomes.map(eventOf)).toEqual([
    expect.objectContaining({ event: 'RequestFailed', status: 500, reason: expect.stringContaining('X-Name') }),
  ]);
});

it('breaks the connection where it fails after the header, and tells of it', async () => {
  const identity = { device: 1n, inode: 1n, sizeBytes: 0n, modifiedNs: 0n, changedNs: 0n };
  // Its handle is none, and closing it fails.
  const file = { kind: 'file', fd: 1_000_000, realPath: '/f/', identity } as const;
  const { url, outcomes } = await serving({
    status: 200,
    headers: { 'Content-Length': 1 },
    body: { kind: 'file', file, pieces: [] },
    refusal: null,
  });
  await expect(fetch(url).then((response) => response.text())).rejects.toThrow();
  await expect
    .poll(() => outcomes.map(eventOf))
    .toEqual([expect.objectContaining({ event: 'RequestFailed', reason: expect.stringContaining('EBADF') })]);
});
