import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rounds } from '../support/effort.ts';
import { startServer, type TestServer } from './server.ts';
import { open, parseResponses, sendRaw } from './wire.ts';

const SECRET = 'what nobody outside may read';

/** A server whose directory has everything around it that a hostile client could wish to reach. */
async function besieged(): Promise<TestServer> {
  const server = await startServer({ args: ['--log-budget', '4KiB'] });
  const { root } = server;
  mkdirSync(join(root, 'dir/deep'), { recursive: true });
  writeFileSync(join(root, 'f'), 'inside');
  writeFileSync(join(root, 'dir/f'), 'inside');
  writeFileSync(join(root, '../secret'), SECRET);
  writeFileSync(join(root, '../root-secret'), SECRET);
  symlinkSync('../secret', join(root, 'link'));
  symlinkSync('..', join(root, 'up'));
  symlinkSync('/', join(root, 'dir/top'));
  return server;
}

/** Sends many requests ahead over one connection; everything that came back until the server closed. */
async function sendAhead(port: number, targets: readonly string[]): Promise<Buffer> {
  const requests = targets.map((target) => `GET ${target} HTTP/1.1\r\nHost: sdr\r\n\r\n`);
  const socket = await open(port, `${requests.join('')}GET /f HTTP/1.1\r\nHost: sdr\r\nConnection: close\r\n\r\n`);
  const received: Buffer[] = [];
  for await (const chunk of socket) received.push(chunk as Buffer);
  return Buffer.concat(received);
}

const step = fc.constantFrom(
  '..',
  '.',
  '',
  '%2e%2e',
  '%2E.',
  '.%2e',
  '%252e%252e',
  '..%2f',
  '..%5c',
  '..\\',
  '%c0%ae%c0%ae',
  '%e0%80%ae.',
  '..;',
  '..%00',
  'link',
  'up',
  'dir',
  'dir/top',
  'deep',
  'f',
  'secret',
  'root',
  'root-secret',
  'etc',
  'passwd',
  'proc',
  'self',
  'cwd',
  '%2f',
  '%5c',
  '...',
  '. .',
  '%20',
  '%0d%0a',
  '%ff',
  '~',
  'C:',
  '\xff',
);
const separator = fc.constantFrom('/', '/', '/', '//', '/./', '\\', '%2f', '/%2e/', ';/');
const prefix = fc.constantFrom(
  '/',
  '/',
  '//',
  'http://sdr/',
  'http://sdr/../',
  '/?/',
  'file:///',
  '/.well-known/payload-link/digest/',
  '/.well-known/payload-link/manifest/',
  '/.well-known/payload-link/../',
);
const target = fc
  .tuple(prefix, fc.array(fc.tuple(step, separator), { maxLength: 8 }), step, fc.constantFrom('', '', '?x', '#x', '/'))
  .map(([start, steps, last, end]) => start + steps.map((pair) => pair.join('')).join('') + last + end)
  // A space would end the target, and with it what is tested.
  .filter((text) => !/[ \t]/.test(text));

describe('nothing outside the directory is read', () => {
  it(`by ${rounds(10_000)} hostile targets`, async () => {
    const { port } = await besieged();
    const atOnce = 50;
    await fc.assert(
      fc.asyncProperty(fc.array(target, { minLength: atOnce, maxLength: atOnce }), async (targets) => {
        const answers = await Promise.all(
          targets.map((text) => sendRaw(port, `GET ${text} HTTP/1.1\r\nHost: sdr\r\nConnection: close\r\n\r\n`)),
        );
        for (const received of answers) {
          expect(received.includes(SECRET)).toBe(false);
          expect(received.includes('root:x:0:0')).toBe(false);
          expect(received.includes('"path":"secret"')).toBe(false);
          const [response] = parseResponses(received, ['GET']);
          expect([200, 301, 400, 403, 404]).toContain(response?.status);
          if (response?.status === 200 && response.body.length < 10) expect(response.body.toString()).toBe('inside');
        }
      }),
      { numRuns: rounds(10_000) / atOnce, endOnFailure: true },
    );
  });

  it(`by links that are swapped during ${rounds(2000)} requests`, async () => {
    const { root, port } = await besieged();
    mkdirSync(join(root, '../outside'));
    writeFileSync(join(root, '../outside/f'), SECRET);
    writeFileSync(join(root, '../outside/listed'), '');
    // Each of these changes, all the time, between what is inside and what is not.
    mkdirSync(join(root, 'swapped'));
    writeFileSync(join(root, 'swapped/f'), 'inside');
    symlinkSync('../outside', join(root, 'bait'));
    let swapping = true;
    const swap = async (): Promise<void> => {
      while (swapping) {
        renameSync(join(root, 'swapped'), join(root, 'kept'));
        renameSync(join(root, 'bait'), join(root, 'swapped'));
        await new Promise(setImmediate);
        renameSync(join(root, 'swapped'), join(root, 'bait'));
        renameSync(join(root, 'kept'), join(root, 'swapped'));
        await new Promise(setImmediate);
      }
    };
    const swapped = swap();
    const seen = new Map<string, number>();
    const targets = [
      '/swapped/f',
      '/swapped/',
      '/.well-known/payload-link/manifest/swapped',
      '/.well-known/payload-link/manifest/',
      '/.well-known/payload-link/digest/swapped/f',
    ];
    for (let asked = 0; asked < rounds(2000); asked += 20) {
      const received = await sendAhead(
        port,
        Array.from({ length: 20 }, (_, index) => targets[index % targets.length] ?? ''),
      );
      expect(received.includes(SECRET)).toBe(false);
      expect(received.includes('listed')).toBe(false);
      for (const { status } of parseResponses(received, []))
        seen.set(String(status), (seen.get(String(status)) ?? 0) + 1);
    }
    swapping = false;
    await swapped;
    // The swaps did happen in mid-request: some were served, and some were turned away.
    expect([...seen.keys()]).toEqual(expect.arrayContaining(['200', '403']));
  });
});
