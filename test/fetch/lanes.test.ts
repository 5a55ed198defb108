import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Delivery } from '../../agents/fetch/delivery.ts';
import type { DeliveryContext, Item } from '../../agents/fetch/item.ts';
import { Pace } from '../../agents/fetch/pace.ts';
import type { Server } from '../../agents/fetch/rendezvous.ts';
import { PATIENCE_MS } from '../../agents/fetch/retry.ts';
import { Failure } from '../../shared/failure.ts';
import { freePort } from '../support/agent.ts';
import { desk, noise } from '../support/fetching.ts';
import { answerFile, httpOrigin, rawOrigin } from '../support/origin.ts';

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

  it.each([
    ['a trickle', `HTTP/1.1 200 OK\r\nContent-Length: ${content.length}\r\nETag: "v"\r\n\r\n`, 'x'],
    ['a body without a length that is a trickle', 'HTTP/1.1 200 OK\r\n\r\n', 'x'],
  ])('by %s', async (_, head, more) => {
    const trickling = await rawOrigin((request, socket) => {
      socket.write(request.startsWith('HEAD') ? 'HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n' : head);
      if (request.startsWith('HEAD')) return;
      const timer = setInterval(() => socket.write(more), 100);
      socket.on('close', () => clearInterval(timer));
    });
    const { url } = await httpOrigin((request, response) => answerFile(request, response, { content }));
    const { run, delivered } = desk();
    expect((await run([`${trickling.url}/trickle`, `${url}/f`, '--duration', '10'])).code).toBe(3);
    expect(delivered()).toEqual(['f']);
  });

  it.each([
    ['a large file', 'Content-Length: 700000\r\n'],
    ['a small one', 'Content-Length: 7\r\n'],
    ['one without a length', ''],
  ])('by a server that announces %s and never sends it', async (_, length) => {
    const announcing = await rawOrigin((request, socket) => {
      if (request.startsWith('HEAD')) return void socket.end(`HTTP/1.1 200 OK\r\n${length}\r\n`);
      const timer = setInterval(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 10);
      socket.on('close', () => clearInterval(timer));
    });
    const { url } = await httpOrigin((request, response) => answerFile(request, response, { content }));
    const { run, delivered } = desk();
    const exit = await run([`${announcing.url}/never`, `${url}/f`, '--duration', '8']);
    expect(exit).toMatchObject({ code: 6, stderr: expect.stringContaining('never comes') });
    expect(delivered()).toEqual(['f']);
  });
});

describe('a file that is tried again', () => {
  it('has all its patience still, however long it waited for its turn', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const nothing = (): null => null;
    const context = {
      stage: { kept: nothing, delivered: nothing },
      rate: { begin: nothing, end: nothing },
      emit: nothing,
      changed: nothing,
      deadlineMs: null,
      signal: new AbortController().signal,
    };
    const peer = { lost: nothing, explain: (failure: Failure) => failure };
    const item = { source: { target: '/f' }, listedBytes: 1, expectedSha256: null, entry: {}, peer };
    const delivery = new Delivery(context as unknown as DeliveryContext, item as unknown as Item);
    vi.advanceTimersByTime(PATIENCE_MS);
    const ask = (): Promise<never> => Promise.reject(new Failure('link-lost', 'It was reset.'));
    const server = { exchange: { pipeline: { ask } }, identity: null } as unknown as Server;
    await delivery.step(server, () => false);
    expect(delivery.settled).toBe(false);
  });

  it('after its connection was reset leaves alone what the server still sends of another', async () => {
    let resets = 0;
    let rest: (() => void) | null = null;
    const { url, requests } = await httpOrigin((request, response) => {
      if (request.url === '/whole-later') {
        if (request.method === 'HEAD') return void response.end();
        response.write('half ');
        rest = () => response.end('and half');
      } else if (request.method === 'HEAD') response.writeHead(200, { 'Content-Length': 6 }).end();
      else if (rest !== null && resets === 3) {
        rest();
        response.end('at all');
      } else {
        if (rest !== null) resets += 1;
        request.socket.destroy();
      }
    });
    const { run, read } = desk();
    expect((await run([`${url}/whole-later`, `${url}/reset`, '--duration', '9'])).code).toBe(0);
    expect(read('whole-later').toString()).toBe('half and half');
    expect(requests.filter(({ line }) => line.endsWith('later'))).toHaveLength(1);
  });
});

describe('Pace', () => {
  const always = (): boolean => true;

  /** When it first gives way, of a body that comes in pieces of so many bytes a second. */
  const givesWayAt = (pace: Pace, bytes: number, othersWait: () => boolean): number | null => {
    pace.begin();
    for (let second = 0; second < 600; second += 1) if (pace.givesWay(bytes, second * 1000, othersWait)) return second;
    return null;
  };

  it.each([
    ['200 bytes a second while others wait', 200, always, 5],
    ['200 bytes a second by itself', 200, () => false, null],
    ['10 kB a second', 10_000, always, null],
    ['nothing at all, which is told by its silence', 0, always, null],
  ])('%s', (_, bytes, othersWait, at) => {
    expect(givesWayAt(new Pace(), bytes, othersWait)).toBe(at);
  });

  it('gives ever more time, so that where all are slow each comes to its end', () => {
    const pace = new Pace();
    expect([1, 2, 3, 4].map(() => givesWayAt(pace, 200, always))).toEqual([5, 10, 20, 40]);
  });
});
