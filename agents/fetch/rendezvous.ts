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

/** A server that is found again where it was within this was not away: only one connection to it broke. */
const BLINK_MS = 1_000;

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
  #lost: Server | null = null;
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

  /** A connection to the server broke: it is looked for again. What it still sends goes on, unless it was away. */
  lost(server: Server): void {
    if (this.#current !== server) return;
    this.#lost = server;
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
    const looking = new AbortController();
    const onAbort = (): void => looking.abort(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort);
    let attempts = 0;
    const knocked = (): void => {
      attempts += 1;
    };
    let found: Server | null;
    try {
      // Side by side to the end: one that accepts and then is silent holds up none that answers.
      const looks = this.addresses.map((address) => lookAt(address, endMs, knocked, looking.signal));
      found = await firstFound(looks);
    } finally {
      signal.removeEventListener('abort', onAbort);
      looking.abort();
    }
    const before = this.#lost?.exchange;
    if (found !== null && before?.address === found.exchange.address && elapsedMs() - beganMs < BLINK_MS) {
      found.exchange.destroy();
      found = { ...found, exchange: before };
    } else before?.destroy();
    if (found !== null) {
      this.#everAnswered = true;
      this.#current = found;
      this.#events.found(found, elapsedMs() - beganMs, attempts);
      return found;
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
}

/** The first server that is found, or `null` once all have been looked for in vain. Rejects as the first that does. */
async function firstFound(looks: readonly Promise<Server | null>[]): Promise<Server | null> {
  const found = new Promise<Server>((resolve) => {
    for (const look of looks)
      look.then(
        (server) => server !== null && resolve(server),
        () => {},
      );
  });
  return Promise.race([found, Promise.all(looks).then(() => null)]);
}

/** Looks for a server at an address until there is one; `null` when `endMs` came first. Rejects when it is aborted. */
async function lookAt(
  address: Address,
  endMs: number,
  knocked: () => void,
  signal: AbortSignal,
): Promise<Server | null> {
  while (await knock(address, endMs, knocked, signal)) {
    const server = await identify(address, signal);
    if (server !== null) return server;
    await delay(INTERVAL_MS);
    if (signal.aborted) throw signal.reason;
  }
  return null;
}

/** Whoever accepts a connection must also answer: a port that is only forwarded, or a stopped server, does not. */
async function identify(address: Address, signal: AbortSignal): Promise<Server | null> {
  const exchange = new Exchange(address);
  try {
    const { head, text } = await exchange.text(
      { method: 'GET', target: WELL_KNOWN_PATH, signal, silenceMs: IDENTITY_MS, wholeMs: IDENTITY_MS },
      LONGEST_IDENTITY_BYTES,
    );
    return { exchange, identity: head.status === 200 ? parseIdentity(text) : null };
  } catch (error) {
    // It spoke, if not to the point: what it makes of a file is another question.
    if (!signal.aborted && error instanceof Failure && error.code === 'bad-answer') return { exchange, identity: null };
    exchange.destroy();
    if (signal.aborted) throw signal.reason;
    return null;
  }
}

/** Knocks again and again, whatever became of the times before; `true` once the door opens, `false` when `endMs` came first. */
function knock(address: Address, endMs: number, knocked: () => void, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const sockets = new Set<Socket>();
    const settle = (finish: () => void): void => {
      clearInterval(timer);
      signal.removeEventListener('abort', onAbort);
      for (const socket of sockets) socket.destroy();
      finish();
    };
    const onAbort = (): void => settle(() => reject(signal.reason));
    const once = (): void => {
      if (elapsedMs() >= endMs) {
        settle(() => resolve(false));
        return;
      }
      knocked();
      const socket = connect({ host: address.host, port: address.port });
      sockets.add(socket);
      socket.setTimeout(CONNECT_MS, () => socket.destroy());
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
      socket.on('connect', () => settle(() => resolve(true)));
    };
    const timer = setInterval(once, INTERVAL_MS);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort);
    once();
  });
}
