import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatDigest } from '../../shared/digest.ts';
import { rounds } from '../support/effort.ts';
import { desk, noise, sha256, staged } from '../support/fetching.ts';
import { answerFile, httpOrigin } from '../support/origin.ts';
import { cut } from '../support/relay/cut.ts';
import { relay } from '../support/relay/relay.ts';
import { serving } from '../support/serving.ts';

const SIZE_BYTES = 2_000_000;
const REPLACEMENTS = rounds(100);

describe('a source that is replaced by content of the same size between two attempts', () => {
  it(`is never spliced on payload-serve (${REPLACEMENTS} times, at random points)`, async () => {
    const { directory, port, write } = await serving();
    for (let round = 0; round < REPLACEMENTS; round += 1) {
      const name = `f${round}`;
      const versions = [noise(SIZE_BYTES), noise(SIZE_BYTES)] as const;
      write(name, versions[0]);
      const at = 1000 + Math.floor(Math.random() * (SIZE_BYTES - 2000));
      const link = await relay(port, cut({ leastBytes: at, mostBytes: at + 1 }));
      const { state, start, run, delivered, read } = desk();
      const first = start([`${link.url}/${name}`]);
      await staged(state, Math.max(1, at - 100_000));
      first.child.kill(round % 2 === 0 ? 'SIGKILL' : 'SIGTERM');
      await first.exit;
      // Some programs replace a file, others write over it.
      if (round % 3 === 0) writeFileSync(join(directory, name), versions[1]);
      else {
        writeFileSync(join(directory, 'new'), versions[1]);
        renameSync(join(directory, 'new'), join(directory, name));
      }
      for (const output of delivered()) expect(sha256(read(output))).toBe(sha256(versions[0]));
      link.inject(null);
      expect((await run([`${link.url}/${name}`])).code).toBe(0);
      expect(sha256(read(name))).toBe(sha256(versions[1]));
    }
  }, 600_000);

  it.each([
    ['are strong', '"a"', '"b"', false],
    ['are weak', 'W/"a"', 'W/"a"', false],
    ['are not there', undefined, undefined, false],
    // As nginx makes them of a file that was modified this very second.
    ['are of whole seconds', '"s"', '"s"', true],
  ])('is never spliced on a plain server whose entity tags %s', async (_, before, after, isFresh) => {
    const versions = [noise(SIZE_BYTES), noise(SIZE_BYTES)] as const;
    let now = 0;
    let modified = '';
    const { url } = await httpOrigin((request, response) => {
      const etag = now === 0 ? before : after;
      // Written to all the time, until it is replaced in the second in which it was last asked for.
      if (now === 0) modified = new Date().toUTCString();
      const dates: Record<string, string> = { 'Last-Modified': modified, ...(now === 0 ? { Date: modified } : {}) };
      const fields = isFresh ? dates : {};
      const file = { content: versions[now] ?? versions[0], fields, ...(etag === undefined ? {} : { etag }) };
      answerFile(request, response, file, now === 0 ? { stallAfterBytes: 1_000_000 } : {});
    });
    const { state, start, run, read } = desk();
    const first = start([`${url}/f`]);
    await staged(state, 900_000);
    first.child.kill('SIGKILL');
    await first.exit;
    now = 1;
    expect((await run([`${url}/f`])).code).toBe(0);
    expect(sha256(read('f'))).toBe(sha256(versions[1]));
  });
});

describe('a file without a digest that is written over while it is sent', () => {
  const old = noise(SIZE_BYTES);
  const modified = ['Mon, 06 Sep 2021 04:32:29 GMT', 'Mon, 06 Sep 2021 04:32:31 GMT'];
  const byTag = ['"a"', '"b"'].map((etag) => ({ etag }));
  const byDate = modified.map((date) => ({ fields: { 'Last-Modified': date } }));

  /** Sends the first body torn: half of it old, half new. */
  const tearing = (size: number, validators: readonly object[], rests: boolean) => {
    const now = noise(size);
    let sent = 0;
    return {
      now,
      origin: httpOrigin((request, response) => {
        const first = { content: Buffer.concat([old.subarray(0, size / 2), now.subarray(size / 2)]), ...validators[0] };
        const then = { content: now, ...validators[1] };
        answerFile(request, response, sent % 2 === 0 ? first : then);
        if (request.method === 'GET' && (sent === 0 || !rests)) sent += 1;
        else if (!rests && request.method === 'HEAD') sent += sent % 2;
      }),
    };
  };

  it.each([
    ['large, told by its entity tag', SIZE_BYTES, byTag],
    ['large, told by its date', SIZE_BYTES, byDate],
    ['small, told by its entity tag', 50_000, byTag],
    ['small, told by its date', 50_000, byDate],
  ])('is not published torn: %s', async (_, size, validators) => {
    const { now, origin } = tearing(size, validators, true);
    const { run, read, report } = desk();
    expect((await run([`${(await origin).url}/f`, '--duration', '20'])).code).toBe(0);
    expect(sha256(read('f'))).toBe(sha256(now));
    expect(report().files).toMatchObject([{ state: 'delivered', verified: 'length', attempts: 2 }]);
  });

  describe('in the second in which it is asked for, which a date does not show', () => {
    /** Lists its size, so that nothing is asked before the body; `bodies` are sent one after the other. */
    const modifiedNow = (size: number, bodies: readonly Buffer[]) => {
      let sent = 0;
      let second = '';
      return httpOrigin((request, response) => {
        if (request.url === '/t/')
          return void response.end(JSON.stringify([{ name: 'f', type: 'file', mtime: '', size }]));
        second ||= new Date().toUTCString();
        const fields = { 'Last-Modified': second, ...(sent === 0 ? { Date: second } : {}) };
        const content = bodies[Math.min(sent, bodies.length - 1)] ?? Buffer.alloc(0);
        answerFile(request, response, { content, fields });
        if (request.method === 'GET') sent += 1;
      });
    };

    it.each([SIZE_BYTES, 50_000])('is not published torn: %i bytes', async (size) => {
      const rested = noise(size);
      const torn = Buffer.concat([old.subarray(0, size / 2), rested.subarray(size / 2)]);
      const { url } = await modifiedNow(size, [torn, rested]);
      const { run, read, report } = desk();
      expect((await run([`${url}/t/`, '--duration', '20'])).code).toBe(0);
      expect(read('t_f').equals(rested)).toBe(true);
      expect(report().files).toMatchObject([{ verified: 'length', attempts: 2 }]);
    });

    it('is delivered as it was where it has only grown', async () => {
      const log = noise(50_000);
      const { url } = await modifiedNow(log.length, [log, Buffer.concat([log, noise(100)])]);
      const { run, read, report } = desk();
      expect((await run([`${url}/t/`, '--duration', '20'])).code).toBe(0);
      expect(read('t_f').equals(log)).toBe(true);
      expect(report().files).toMatchObject([{ verified: 'length', attempts: 1 }]);
    });
  });

  it.each([
    ['large', SIZE_BYTES],
    ['small', 50_000],
  ])('is given up where it never rests, unless --snapshot asks for it: %s', async (_, size) => {
    const { url } = await tearing(size, byTag, false).origin;
    const strict = desk();
    expect((await strict.run([`${url}/f`, '--duration', '20'])).code).toBe(6);
    expect(strict.delivered()).toEqual([]);
    const lenient = desk();
    expect((await lenient.run([`${url}/f`, '--snapshot', '--duration', '20'])).code).toBe(6);
    expect(lenient.delivered()).toEqual(['f']);
  });
});

describe('a log that grows', () => {
  it('between two runs moves only its tail', async () => {
    const begun = noise(8_000_000);
    const { directory, port } = await serving({ log: begun });
    const link = await relay(port, cut({ leastBytes: 6_000_000, mostBytes: 6_000_001 }));
    const { state, start, run, read, report } = desk();
    const first = start([`${link.url}/log`]);
    await staged(state, 5_000_000);
    first.child.kill('SIGTERM');
    await first.exit;
    const keptBytes = report().totals.fetchedBytes;
    expect(keptBytes).toBeGreaterThan(1_000_000);

    const tail = noise(500_000);
    appendFileSync(join(directory, 'log'), tail);
    link.inject(null);
    expect((await run([`${link.url}/log`])).code).toBe(0);
    expect(read('log').equals(Buffer.concat([begun, tail]))).toBe(true);
    const { fetchedBytes, reusedBytes } = report().totals;
    expect(fetchedBytes + reusedBytes).toBe(begun.length + tail.length);
    expect(fetchedBytes).toBeLessThan(begun.length);
    expect(report().files).toMatchObject([{ verified: 'sha-256' }]);
  });

  it('while it is fetched is delivered as it was when it was asked for', async () => {
    const { directory, url } = await serving({ log: noise(30_000_000) });
    const { run, read, report } = desk();
    const appending = setInterval(() => appendFileSync(join(directory, 'log'), 'one line more\n'), 5);
    const { code } = await run([`${url}/log`]);
    clearInterval(appending);
    expect(code).toBe(0);
    expect(report().files).toMatchObject([{ verified: 'sha-256', sha256: sha256(read('log')) }]);
  });
});

describe('--snapshot', () => {
  it('delivers the last whole body of a file that never rests, and still exits 6', async () => {
    let version = 0;
    const { url } = await httpOrigin(
      (request, response) => {
        version += 1;
        const content = Buffer.alloc(500_000, version);
        const fields = request.method === 'HEAD' ? { 'Repr-Digest': formatDigest(sha256(content)) } : {};
        answerFile(request, response, { content, etag: `"v${version}"`, fields });
      },
      { features: ['digest'] },
    );
    const rested = desk();
    expect((await rested.run([`${url}/f`])).code).toBe(6);
    expect(rested.delivered()).toEqual([]);
    const { run, delivered, report } = desk();
    expect((await run([`${url}/f`, '--snapshot'])).code).toBe(6);
    expect(delivered()).toEqual(['f']);
    expect(report().files).toMatchObject([{ state: 'delivered', verified: 'length', failure: { code: 'changing' } }]);
  });
});
