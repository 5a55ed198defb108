import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serveReport } from '../../shared/report.ts';
import { nodes } from '../support/agent.ts';
import { startServer } from './server.ts';
import { open, parseResponses, sendRaw } from './wire.ts';

const residentMib = (pid: number | undefined): number =>
  Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1024;

describe.each(nodes)('a crowd, on %s', (_, node) => {
  it('200 slow or silent connections keep nobody from being served, in 80 MiB', async () => {
    const server = await startServer({ node });
    writeFileSync(join(server.root, 'f'), 'content');
    writeFileSync(join(server.root, 'large'), '');
    truncateSync(join(server.root, 'large'), 1024 ** 3);
    const sockets: Socket[] = [];
    for (let index = 0; index < 200; index += 1) {
      const [silent, halfHeader, noReader] = [
        '',
        'GET /f HTTP/1.1\r\nHost: s',
        'GET /large HTTP/1.1\r\nHost: sdr\r\n\r\n',
      ];
      const socket = await open(server.port, [silent, halfHeader, noReader][index % 3]);
      socket.pause();
      sockets.push(socket);
    }
    for (let asked = 0; asked < 20; asked += 1) {
      expect(await (await fetch(`${server.origin}/f`)).text()).toBe('content');
    }
    expect(residentMib(server.child.pid)).toBeLessThan(80);
    for (const socket of sockets) socket.destroy();
  });

  it('makes room for who asks when there are too many who do not', async () => {
    const server = await startServer({ node, args: ['--max-connections', '4'] });
    writeFileSync(join(server.root, 'f'), 'content');
    const silent: Socket[] = [];
    for (let index = 0; index < 8; index += 1) silent.push(await open(server.port));
    const [response] = parseResponses(await sendRaw(server.port, 'GET /f HTTP/1.0\r\n\r\n'), ['GET']);
    expect(response?.status).toBe(200);
    for (const socket of silent) socket.destroy();
  });

  it('turns away who comes when all are being served', async () => {
    const server = await startServer({ node, args: ['--max-connections', '2'] });
    writeFileSync(join(server.root, 'large'), '');
    truncateSync(join(server.root, 'large'), 1024 ** 3);
    const readers: Socket[] = [];
    for (let index = 0; index < 2; index += 1) {
      const reader = await open(server.port, 'GET /large HTTP/1.1\r\nHost: sdr\r\n\r\n');
      await once(reader, 'data');
      reader.pause();
      readers.push(reader);
    }
    const [response] = parseResponses(await sendRaw(server.port, 'GET /f HTTP/1.0\r\n\r\n'), ['GET']);
    expect(response).toMatchObject({ status: 503, fields: { connection: 'close' } });
    expect(response?.body.toString()).toContain('"busy"');
    for (const reader of readers) reader.destroy();
  });

  it('refuses a header that takes too long, and cuts a reader that is too slow', async () => {
    const server = await startServer({ node, args: ['--header-timeout', '0.5', '--lowest-rate', '100M'] });
    writeFileSync(join(server.root, 'large'), '');
    truncateSync(join(server.root, 'large'), 1024 ** 3);
    const [late] = parseResponses(await sendRaw(server.port, 'GET /large HTTP/1.1\r\nHost: s'), ['GET']);
    expect(late).toMatchObject({ status: 408, fields: { connection: 'close' } });

    const slow = await open(server.port, 'GET /large HTTP/1.1\r\nHost: sdr\r\n\r\n');
    const closed = once(slow, 'close');
    await once(slow, 'data');
    slow.pause();
    await expect
      .poll(() => readFileSync(join(server.outbox, 'payload-serve-log.ndjson'), 'utf8'), { timeout: 10_000 })
      .toContain('the client reads too slowly');
    slow.resume();
    await closed;
  });

  it('gives readers that stop and go every byte once, in order', async () => {
    const server = await startServer({ node });
    const content = randomBytes(16 * 1024 ** 2);
    writeFileSync(join(server.root, 'large'), content);
    const readers = Array.from({ length: 4 }, async (_, index) => {
      const socket = await open(server.port, 'GET /large HTTP/1.1\r\nHost: sdr\r\nConnection: close\r\n\r\n');
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        // Long enough for the system's buffers to fill up, now and then.
        if (chunks.length % (16 + index) !== 0) return;
        socket.pause();
        setTimeout(() => socket.resume(), 5 * index);
      });
      await once(socket, 'close');
      const received = Buffer.concat(chunks);
      return received.subarray(received.indexOf('\r\n\r\n') + 4);
    });
    for (const received of await Promise.all(readers)) expect(received.equals(content)).toBe(true);
  });

  it('ends with its window, however many are being served', async () => {
    const server = await startServer({ node, args: ['--duration', '3'] });
    writeFileSync(join(server.root, 'f'), 'x'.repeat(1000));
    writeFileSync(join(server.root, 'large'), '');
    truncateSync(join(server.root, 'large'), 1024 ** 3);
    const readers: Socket[] = [];
    for (let index = 0; index < 16; index += 1) {
      const reader = await open(server.port, 'GET /large HTTP/1.1\r\nHost: sdr\r\n\r\n');
      if (index % 2 === 0) reader.resume();
      readers.push(reader);
    }
    let turnedAway = 0;
    let refused = false;
    while (!refused) {
      const response = await fetch(`${server.origin}/f`, { headers: { Connection: 'close' } }).catch(() => null);
      if (response?.status === 503) turnedAway += 1;
      refused = response === null;
      await response?.arrayBuffer().catch(() => {});
    }
    const exit = await server.exit;
    expect(exit.code).toBe(0);
    expect(turnedAway).toBeGreaterThan(0);
    const report = serveReport.parse(
      JSON.parse(readFileSync(join(server.outbox, 'payload-serve-report.json'), 'utf8')),
    );
    expect(report).toMatchObject({ state: 'ended', ending: 'duration', exitCode: 0 });
    expect(report.refusals.closing).toBe(turnedAway);
    // All of them are told of, the slow ones as far as they came.
    expect(report.files.find(({ path }) => path === '/large')?.requests).toBe(16);
    // By the run's own clock; this machine's, with all its other work, is not what is tested.
    expect(report.elapsedMs).toBeLessThanOrEqual(3000);
    for (const reader of readers) reader.destroy();
  });
});
