import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../../shared/failure.ts';
import { type Identity, parseIdentity, WELL_KNOWN_PATH } from '../../shared/protocol.ts';
import { elapsedMs } from '../common/run-clock.ts';
import { Exchange } from './exchange.ts';
import { PATIENCE_MS } from './retry.ts';
import { type Address, formatAddress } from './source.ts';

/** A server that answered. */
export interface Server {
  readonly exchange: Exchange;
  /** What it says of itself; `null` for any other web server. */
  readonly identity: Identity | null;
}

/** A connection is tried so often at every address, whatever became of the ones before. */
const INTERVAL_MS = 100;

/**
 * A connection attempt ends after this. It must be longer than the interval, for a slow link, and short, because a SYN
 * that was sent before the other payload was up is sent again only after 1, 3 and 7 s (RFC 6298): a new one is quicker.
 */
const CONNECT_MS = 1_000;

/**
 * For the whole answer, and not only between its bytes: undici never hears of a connection that the server closes while
 * the parser for the process's first one is still being compiled, and its request would wait for ever.
 */
const IDENTITY_MS = 3_000;
const LONGEST_IDENTITY_BYTES = 16 * 1024;

export interface PeerEvents {
  waiting(addresses: readonly string[]): void;
  found(server: Server, waitedMs: number, attempts: number): void;
}

/**
 * The other payload: one server at one of several addresses. {@link server} finds it, and finds it again after
 * {@link lost}; whoever asks while it is looked for waits for the same answer.
 */
export class Peer {
  readonly addresses: readonly Address[];
  readonly #deadlineMs: number | null;
  readonly #events: PeerEvents;
  #found: Promise<Server> | null = null;
  #current: Server | null = null;
  #everAnswered = false;

  constructor(addresses: readonly Address[], deadlineMs: number | null, events: PeerEvents) {
    this.addresses = addresses;
    this.#deadlineMs = deadlineMs;
    this.#events = events;
  }

  /** The server that answers; `null` while there is none. */
  get current(): Server | null {
    return this.#current;
  }

  /** Whether {@link server} was called since there was none. */
  get isLookedFor(): boolean {
    return this.#found !== null && this.#current === null;
  }

  /** The server, as soon as one answers. Rejects with `no-server` or `link-lost` when patience or the window ends. */
  server(signal: AbortSignal): Promise<Server> {
    this.#found ??= this.#look(signal);
    return this.#found;
  }

  /** The server does not answer any more: it is looked for again. */
  lost(server: Server): void {
    if (this.#current !== server) return;
    server.exchange.destroy();
    this.#current = null;
    this.#found = null;
  }

  close(): void {
    this.#current?.exchange.destroy();
  }

  async #look(signal: AbortSignal): Promise<Server> {
    const beganMs = elapsedMs();
    this.#events.waiting(this.addresses.map(formatAddress));
    // The window's end comes by the signal, so that there is one clock for it and one account of it.
    const endMs = this.#deadlineMs === null ? beganMs + PATIENCE_MS : Number.POSITIVE_INFINITY;
    let attempts = 0;
    while (elapsedMs() < endMs) {
      const knock = await knockAtAll(this.addresses, endMs, signal);
      attempts += knock.attempts;
      if (knock.address === null) break;
      const server = await this.#identify(knock.address, signal);
      if (server !== null) {
        this.#everAnswered = true;
        this.#current = server;
        this.#events.found(server, elapsedMs() - beganMs, attempts);
        return server;
      }
      await delay(INTERVAL_MS);
      if (signal.aborted) throw signal.reason;
    }
    // Not forgotten: the files after this one need not wait as long to learn the same.
    throw this.#everAnswered
      ? new Failure('link-lost', `The server at ${this.#names()} went away and did not come back.`)
      : this.#noServer();
  }

  /** What a failure comes down to: where nobody ever answered, a window that ended was one spent on waiting. */
  explain(failure: Failure): Failure {
    return failure.code === 'time-ran-out' && !this.#everAnswered ? this.#noServer() : failure;
  }

  #noServer(): Failure {
    return new Failure('no-server', `No server answered at ${this.#names()}.`);
  }

  #names(): string {
    return this.addresses.map(formatAddress).join(' and ');
  }

  /** Whoever accepts a connection must also answer: a port that is only forwarded, or a stopped server, does not. */
  async #identify(address: Address, signal: AbortSignal): Promise<Server | null> {
    const exchange = new Exchange(address, signal);
    try {
      const { head, text } = await exchange.text(
        { method: 'GET', target: WELL_KNOWN_PATH, signal, silenceMs: IDENTITY_MS, wholeMs: IDENTITY_MS },
        LONGEST_IDENTITY_BYTES,
      );
      return { exchange, identity: head.status === 200 ? parseIdentity(text) : null };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      // It spoke, if not to the point: what it makes of a file is another question.
      if (error instanceof Failure && error.code === 'bad-answer') return { exchange, identity: null };
      exchange.destroy();
      return null;
    }
  }
}

/**
 * Knocks at every address at once, again and again, until one accepts (in the manner of RFC 8305: nobody waits for a
 * slower one). `address` is `null` when `endMs` came first.
 */
function knockAtAll(
  addresses: readonly Address[],
  endMs: number,
  signal: AbortSignal,
): Promise<{ address: Address | null; attempts: number }> {
  return new Promise((resolve, reject) => {
    const sockets = new Set<Socket>();
    let attempts = 0;
    const settle = (finish: () => void): void => {
      clearInterval(timer);
      signal.removeEventListener('abort', onAbort);
      for (const socket of sockets) socket.destroy();
      finish();
    };
    const onAbort = (): void => settle(() => reject(signal.reason));
    const knock = (): void => {
      if (elapsedMs() >= endMs) {
        settle(() => resolve({ address: null, attempts }));
        return;
      }
      attempts += 1;
      for (const address of addresses) {
        const socket = connect({ host: address.host, port: address.port });
        sockets.add(socket);
        socket.setTimeout(CONNECT_MS, () => socket.destroy());
        socket.on('error', () => {});
        socket.on('close', () => sockets.delete(socket));
        socket.on('connect', () => settle(() => resolve({ address, attempts })));
      }
    };
    const timer = setInterval(knock, INTERVAL_MS);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort);
    knock();
  });
}
