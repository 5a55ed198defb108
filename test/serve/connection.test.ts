import { once } from 'node:events';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serveReport } from '../../shared/report.ts';
import { nodes } from '../support/agent.ts';
import { startServer, type TestServer } from './server.ts';
import { open, parseResponses } from './wire.ts';

const LARGE_BYTES = 64 * 1024 * 1024;

async function serving(node: string, args: readonly string[] = []): Promise<TestServer> {
  const server = await startServer({ node, args });
  writeFileSync(join(server.root, 'f'), 'content');
  writeFileSync(join(server.root, 'small'), 'x'.repeat(60_000));
  mkdirSync(join(server.root, 'directory'));
  writeFileSync(join(server.root, 'large'), '');
  truncateSync(join(server.root, 'large'), LARGE_BYTES);
  return server;
}

const logOf = ({ outbox }: TestServer): string => readFileSync(join(outbox, 'payload-serve-log.ndjson'), 'utf8');

describe.each(nodes)('a connection to payload-serve on %s', (_, node) => {
  it('may be closed on its side by a client that has asked', async () => {
    const { port } = await serving(node);
    const socket = await open(port);
    socket.end('GET /large HTTP/1.1\r\nHost: sdr\r\n\r\nGET /f HTTP/1.1\r\nHost: sdr\r\n\r\n');
    const received: Buffer[] = [];
    for await (const chunk of socket) received.push(chunk as Buffer);
    const [large, small] = parseResponses(Buffer.concat(received), ['GET', 'GET']);
    expect(large).toMatchObject({ status: 200, whole: true });
    expect(large?.body.length).toBe(LARGE_BYTES);
    expect(small?.body.toString()).toBe('content');
  });

  it.each([
    ['small files', 'GET /small'],
    // A redirect says the query again, so that not many of them fill the buffers.
    ['headers alone', `HEAD /directory?${'q'.repeat(8000)}`],
    ['listings', 'GET /'],
  ])('is cut where %s are asked for ahead and never read', async (_name, line) => {
    const server = await serving(node, ['--lowest-rate', '1M', '--log-budget', '1MiB']);
    for (let index = 0; line === 'GET /' && index < 1000; index += 1)
      writeFileSync(join(server.root, `name-${index}`), '');
    const socket = await open(server.port);
    socket.pause();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    // Written as fast as the server takes it, until the answers fill every buffer in between.
    const requests = Buffer.from(`${line} HTTP/1.1\r\nHost: sdr\r\n\r\n`.repeat(100));
    const ahead = setInterval(() => socket.writableLength < requests.length && socket.write(requests), 1);
    await expect.poll(() => logOf(server), { timeout: 20_000, interval: 100 }).toContain('the client reads too slowly');
    clearInterval(ahead);
    socket.resume();
    await closed;
    expect(await (await fetch(`${server.origin}/f`)).text()).toBe('content');
  });

  it.each(['the window', 'a signal'])('that %s cuts is in the report, with what it was sent', async (ending) => {
    const server = await serving(node, ending === 'the window' ? ['--duration', '3'] : []);
    const reader = await open(server.port, 'GET /large HTTP/1.1\r\nHost: sdr\r\n\r\n');
    await once(reader, 'data');
    reader.pause();
    if (ending === 'a signal') server.child.kill('SIGTERM');
    expect((await server.exit).code).toBe(0);
    const report = serveReport.parse(
      JSON.parse(readFileSync(join(server.outbox, 'payload-serve-report.json'), 'utf8')),
    );
    const [file] = report.files;
    expect(file).toMatchObject({ path: '/large', requests: 1, clients: ['127.0.0.1'] });
    expect(file?.sentBytes).toBeGreaterThan(0);
    expect(file?.sentBytes).toBeLessThan(LARGE_BYTES);
    expect(report.totals).toMatchObject({ requests: 1, sentBytes: file?.sentBytes });
    expect(logOf(server)).toContain('"reason":"the window ended"');
    reader.destroy();
  });
});
