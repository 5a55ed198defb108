import { EventEmitter, once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import type { Answer, Body } from '../../agents/serve/answer.ts';
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

async function serving(
  answer: () => Answer | Promise<Answer>,
): Promise<{ http: HttpServer; url: string; outcomes: readonly Outcome[] }> {
  const outcomes: Outcome[] = [];
  const http = new HttpServer(LIMITS, new BufferPool(), (outcome) => outcomes.push(outcome));
  onTestFinished(() => http.end());
  const { port } = await http.listen(0, '127.0.0.1', answer);
  return { http, url: `http://127.0.0.1:${port}/f`, outcomes };
}

const never = new Promise<never>(() => {});

it('answers 500 where its answer cannot be sent, and tells of it', async () => {
  const answer: Answer = { status: 200, headers: { 'X-Name': 'two\nlines' }, body: null, refusal: null };
  const { url, outcomes } = await serving(() => answer);
  expect((await fetch(url, { signal: AbortSignal.timeout(5000) })).status).toBe(500);
  expect(outcomes.map(eventOf)).toEqual([
    expect.objectContaining({ event: 'RequestFailed', status: 500, reason: expect.stringContaining('X-Name') }),
  ]);
});

it('breaks the connection where it fails after the header, and tells of it', async () => {
  const identity = { device: 1n, inode: 1n, sizeBytes: 0n, modifiedNs: 0n, changedNs: 0n };
  // Its handle is none, and closing it fails.
  const file = { kind: 'file', fd: 1_000_000, realPath: '/f/', identity } as const;
  const body: Body = { kind: 'file', file, pieces: [] };
  const answer: Answer = { status: 200, headers: { 'Content-Length': 1 }, body, refusal: null };
  const { url, outcomes } = await serving(() => answer);
  await expect(fetch(url).then((response) => response.text())).rejects.toThrow();
  await expect
    .poll(() => outcomes.map(eventOf))
    .toEqual([expect.objectContaining({ event: 'RequestFailed', reason: expect.stringContaining('EBADF') })]);
});

it('tells at its end, at once, of what is being sent, as far as it came', async () => {
  async function* chunks(): AsyncGenerator<Buffer, void> {
    yield Buffer.from('begun');
    await never;
  }
  const answer: Answer = { status: 200, headers: {}, body: { kind: 'stream', chunks: chunks() }, refusal: null };
  const { http, url, outcomes } = await serving(() => answer);
  const leave = new AbortController();
  const reader = (await fetch(url, { signal: leave.signal })).body?.getReader();
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('begun');
  http.end();
  expect(outcomes.map(eventOf)).toEqual([
    expect.objectContaining({ event: 'TransferCut', sentBytes: 5, reason: 'the window ended' }),
  ]);
  leave.abort();
});

it('tells at its end of a request that waits for its answer', async () => {
  const asked = new EventEmitter();
  const { http, url, outcomes } = await serving(() => {
    asked.emit('request');
    return never;
  });
  const leave = new AbortController();
  const response = fetch(url, { signal: leave.signal }).catch(() => {});
  await once(asked, 'request');
  http.end();
  expect(outcomes.map(eventOf)).toEqual([expect.objectContaining({ event: 'RequestRefused', code: 'closing' })]);
  leave.abort();
  await response;
});
