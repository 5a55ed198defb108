import { connect, createServer, type Server, type Socket } from 'node:net';
import { Transform, type TransformCallback } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { LOWEST_PORT } from '../../../shared/payload.ts';
import type { LinkQuality } from './network.ts';

/**
 * The cable to one payload where loopback addresses stand for the satellite's Ethernet: what the payload listens on at
 * its own address is put through to the address at which the others find it. A port is open there only while the payload
 * listens on it, so that a peer who is too early is refused, as on board. The way through counts, slows and breaks.
 */
export class Link {
  readonly #ownAddress: string;
  readonly #peerAddress: string;
  readonly #quality: LinkQuality;
  readonly #servers = new Map<number, Server>();
  readonly #sockets = new Set<Socket>();
  #sentBytes = 0;
  #receivedBytes = 0;

  constructor(ownAddress: string, peerAddress: string, quality: LinkQuality) {
    this.#ownAddress = ownAddress;
    this.#peerAddress = peerAddress;
    this.#quality = quality;
  }

  /** Bytes that the payload sent through. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Bytes that others sent to it. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  get ownAddress(): string {
    return this.#ownAddress;
  }

  /** Opens and closes ports after what the payload listens on, of those that the satellite's network passes. */
  follow(ports: ReadonlySet<number>): void {
    for (const [port, server] of this.#servers) {
      if (ports.has(port)) continue;
      server.close();
      this.#servers.delete(port);
    }
    for (const port of ports) {
      if (this.#servers.has(port) || port < LOWEST_PORT) continue;
      const server = createServer({ allowHalfOpen: true, noDelay: true }, (peer) => this.#join(peer, port));
      server.on('error', () => this.#servers.delete(port));
      this.#servers.set(port, server.listen(port, this.#peerAddress));
    }
  }

  /** Pulls the cable: connections are reset, since the payload behind them is off. */
  cut(): void {
    this.follow(new Set());
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  #join(peer: Socket, port: number): void {
    const own = connect({ port, host: this.#ownAddress, allowHalfOpen: true, noDelay: true });
    const budget = { leftBytes: this.#quality.breaksAfterBytes ?? Number.POSITIVE_INFINITY };
    const drop = (): void => {
      for (const socket of [peer, own]) if (!socket.destroyed) socket.resetAndDestroy();
    };
    const lane = (count: (bytes: number) => void): Transform => {
      const passes = (bytes: number): boolean => {
        count(bytes);
        budget.leftBytes -= bytes;
        return budget.leftBytes > 0;
      };
      return new Lane(this.#quality.bytesPerSecond, passes, drop);
    };
    for (const socket of [peer, own]) {
      this.#sockets.add(socket);
      socket.on('error', drop).on('close', () => this.#sockets.delete(socket));
    }
    peer.pipe(lane((bytes) => (this.#receivedBytes += bytes))).pipe(own);
    own.pipe(lane((bytes) => (this.#sentBytes += bytes))).pipe(peer);
  }
}

/** A slice small enough that a slow link passes some of it several times a second. */
const SLICES_PER_SECOND = 20;

/** One direction of a connection. */
class Lane extends Transform {
  readonly #bytesPerSecond: number | null;
  readonly #passes: (bytes: number) => boolean;
  readonly #drop: () => void;

  constructor(bytesPerSecond: number | null, passes: (bytes: number) => boolean, drop: () => void) {
    super();
    this.#bytesPerSecond = bytesPerSecond;
    this.#passes = passes;
    this.#drop = drop;
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    this.#pass(chunk).then(
      () => done(),
      (error: Error) => done(error),
    );
  }

  async #pass(chunk: Buffer): Promise<void> {
    const rate = this.#bytesPerSecond;
    const sliceBytes = rate === null ? chunk.length : Math.max(1, Math.floor(rate / SLICES_PER_SECOND));
    for (let at = 0; at < chunk.length && !this.destroyed; at += sliceBytes) {
      const slice = chunk.subarray(at, at + sliceBytes);
      if (rate !== null) await delay((slice.length / rate) * 1000);
      if (!this.#passes(slice.length)) return this.#drop();
      this.push(slice);
    }
  }
}
