import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { Link } from '../../scripts/satellite/network/link.ts';
import type { LinkQuality } from '../../scripts/satellite/network/network.ts';

const OWN = '127.0.0.2';
const PEER = '127.0.0.3';
const WHOLE = Buffer.alloc(300_000, 'x');

/** A payload that sends 300,000 bytes to whoever connects, behind a link; gives the connection of a peer. */
async function linked(quality: Partial<LinkQuality>): Promise<{ link: Link; port: number; peer: () => Socket }> {
  const payload = createServer((socket) => socket.on('error', () => {}).end(WHOLE));
  await once(payload.listen(0, OWN), 'listening');
  const { port } = payload.address() as AddressInfo;
  const link = new Link(OWN, PEER, { bytesPerSecond: null, breaksAfterBytes: null, ...quality });
  onTestFinished(() => {
    link.cut();
    payload.close();
  });
  // The end of a test resets what still goes through.
  return { link, port, peer: () => connect(port, PEER).on('error', () => {}) };
}

/** Follows the ports until the peer's address answers. */
async function opened(link: Link, port: number, peer: () => Socket): Promise<Socket> {
  link.follow(new Set([port]));
  for (;;) {
    const socket = peer();
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    if (isOpen) return socket;
  }
}

it('passes everything, and counts it', async () => {
  const { link, port, peer } = await linked({});
  expect(await buffer(await opened(link, port, peer))).toEqual(WHOLE);
  expect(link.sentBytes).toBe(WHOLE.length);
  expect(link.receivedBytes).toBe(0);
});

it('refuses whoever comes before the payload listens', async () => {
  const { peer } = await linked({});
  await expect(once(peer(), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

it('passes no port below 10000', async () => {
  const { link } = await linked({});
  link.follow(new Set([9999]));
  await expect(once(connect(9999, PEER), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

it('breaks each connection after so many bytes', async () => {
  const { link, port, peer } = await linked({ breaksAfterBytes: 100_000 });
  await expect(buffer(await opened(link, port, peer))).rejects.toMatchObject({ code: 'ECONNRESET' });
  await expect(buffer(peer())).rejects.toMatchObject({ code: 'ECONNRESET' });
});

it('passes slowly in small slices', async () => {
  const { link, port, peer } = await linked({ bytesPerSecond: 1000 });
  const socket = await opened(link, port, peer);
  const [first] = await once(socket, 'data');
  expect(first.length).toBe(1000 / 20);
});

it('resets what goes through when it is cut, and refuses from then on', async () => {
  const { link, port, peer } = await linked({ bytesPerSecond: 1000 });
  const socket = await opened(link, port, peer);
  await once(socket, 'data');
  link.cut();
  await expect(buffer(socket)).rejects.toMatchObject({ code: 'ECONNRESET' });
  await expect(once(peer(), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});
