import type { Socket } from 'node:net';

export interface ConnectionLimits {
  readonly connections: number;
  /** For a whole header, from its first byte (of a new connection: from its beginning). */
  readonly headerTimeoutMs: number;
}

interface Connection {
  /** When what it is doing began: waiting for a request, or being answered. */
  sinceMs: number;
  /** Requests that are being answered, or wait for their turn. */
  requests: number;
  /** What it had sent when the last request was read; more is the beginning of the next header. */
  readBytes: number;
  /** Ends when the last request before is answered. */
  turn: Promise<void>;
}

const SWEEP_MS = 500;

/**
 * Keeps connections from keeping others out. One that takes too long over a header is refused; when there are too many,
 * the one that has waited longest without a request makes room. Requests of one connection are answered in turn, so that
 * however many are sent ahead, one file at a time is open for it.
 */
export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #open = new Map<Socket, Connection>();
  readonly #refuse: (socket: Socket, code: 'too-slow' | 'busy') => void;
  accepted = 0;

  constructor(limits: ConnectionLimits, refuse: (socket: Socket, code: 'too-slow' | 'busy') => void) {
    this.#limits = limits;
    this.#refuse = refuse;
    setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  /** How many requests are being answered. */
  get busy(): number {
    let busy = 0;
    for (const { requests } of this.#open.values()) busy += requests;
    return busy;
  }

  accept(socket: Socket): void {
    this.accepted += 1;
    if (this.#open.size >= this.#limits.connections && !this.#makeRoom()) {
      this.#refuse(socket, 'busy');
      return;
    }
    this.#open.set(socket, { sinceMs: performance.now(), requests: 0, readBytes: 0, turn: Promise.resolve() });
    socket.setNoDelay(true);
    socket.once('close', () => this.#open.delete(socket));
  }

  /** Answers a request of the connection when those before it are answered. What `answer` throws ends the run. */
  inTurn(socket: Socket, answer: () => Promise<void>): void {
    const connection = this.#open.get(socket);
    if (connection === undefined) return;
    const isFirst = connection.requests === 0;
    connection.requests += 1;
    connection.readBytes = socket.bytesRead;
    const settled = (): void => {
      connection.requests -= 1;
      connection.sinceMs = performance.now();
    };
    connection.turn = (isFirst ? answer() : connection.turn.then(answer)).then(settled);
  }

  #makeRoom(): boolean {
    let idlest: Socket | null = null;
    let sinceMs = Number.POSITIVE_INFINITY;
    for (const [socket, connection] of this.#open) {
      if (connection.requests === 0 && connection.sinceMs < sinceMs) [idlest, sinceMs] = [socket, connection.sinceMs];
    }
    if (idlest === null) return false;
    this.#open.delete(idlest);
    idlest.destroy();
    return true;
  }

  #sweep(): void {
    const nowMs = performance.now();
    for (const [socket, connection] of this.#open) {
      if (connection.requests > 0) continue;
      if (connection.readBytes > 0 && socket.bytesRead === connection.readBytes) {
        // Between requests: a header that begins now has its full time. Node ends what stays idle.
        connection.sinceMs = nowMs;
      } else if (nowMs - connection.sinceMs > this.#limits.headerTimeoutMs) {
        this.#open.delete(socket);
        this.#refuse(socket, 'too-slow');
      }
    }
  }
}
