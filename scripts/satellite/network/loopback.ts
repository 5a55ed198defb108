import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { loopbackEnvironment, type UserCommand } from '../../simulate/window.ts';
import type { PayloadName } from '../../tasking/api.ts';
import { Link } from './link.ts';
import { listeningPorts } from './listening.ts';
import { onMachine } from './machine-command.ts';
import { HOST_NUMBER, type Launch, type LinkQuality, type Network, type Place } from './network.ts';

/** How soon a peer can connect after a payload has begun to listen. */
const FOLLOW_MS = 50;

/** Beside the payloads' own numbers, which are below it: where the others find them. */
const PEER_OFFSET = 100;

/** Held for as long as a block of addresses is in use, so that several desks on one machine keep apart. */
const CLAIM_PORT = 10100;

/**
 * The network of a desk without root: satellite N has the addresses 127.B.N.x, where B is a block that no other desk on
 * this machine uses. A payload binds 127.B.N.12 (SDR), .10 or .16; the others reach it through its link at .112, .110 or
 * .116 while its window is open.
 */
export class LoopbackNetwork implements Network {
  readonly cannot = [];
  readonly #block: number;
  readonly #claim: Server;
  readonly #links = new Map<string, Link>();
  #following: NodeJS.Timeout | null = null;

  private constructor(block: number, claim: Server) {
    this.#block = block;
    this.#claim = claim;
  }

  static async open(): Promise<LoopbackNetwork> {
    for (let block = 10; block < 250; block += 1) {
      const claim = await claimed(`127.${block}.0.1`);
      if (claim !== null) return new LoopbackNetwork(block, claim);
    }
    throw new Error('All loopback blocks are claimed by simulated satellites.');
  }

  async connect(place: Place, quality: LinkQuality): Promise<void> {
    this.#links.set(keyOf(place), new Link(this.#own(place), this.#peer(place, place.payload), quality));
    this.#following ??= setInterval(() => this.#follow(), FOLLOW_MS);
  }

  async disconnect(place: Place): Promise<void> {
    this.#links.get(keyOf(place))?.cut();
    this.#links.delete(keyOf(place));
    if (this.#links.size > 0 || this.#following === null) return;
    clearInterval(this.#following);
    this.#following = null;
  }

  launch(place: Place, command: UserCommand): Launch {
    const sdrAddress = this.#peer(place, 'SDR');
    const stand = {
      sandbox: place.sandbox,
      ownAddress: this.#own(place),
      sdrAddress,
      sabertoothAddress: this.#peer(place, 'SABERTOOTH'),
    };
    return {
      command: onMachine(command, stand),
      environment: loopbackEnvironment(place.sandbox, { own: this.#own(place), sdr: sdrAddress }),
    };
  }

  /** What went to the others of the satellite can only have come from this one: there are two. */
  sentBytes(place: Place): number {
    let sentBytes = 0;
    for (const [key, link] of this.#links) {
      if (key === keyOf(place)) sentBytes += link.sentBytes;
      else if (key.startsWith(`${place.satelliteId}/`)) sentBytes += link.receivedBytes;
    }
    return sentBytes;
  }

  async close(): Promise<void> {
    if (this.#following !== null) clearInterval(this.#following);
    for (const link of this.#links.values()) link.cut();
    this.#links.clear();
    this.#claim.close();
  }

  #follow(): void {
    const ports = listeningPorts();
    for (const link of this.#links.values()) link.follow(ports.get(link.ownAddress) ?? new Set());
  }

  #own(place: Place): string {
    return `127.${this.#block}.${place.number}.${HOST_NUMBER[place.payload]}`;
  }

  #peer(place: Place, payload: PayloadName): string {
    return `127.${this.#block}.${place.number}.${HOST_NUMBER[payload] + PEER_OFFSET}`;
  }
}

function keyOf(place: Place): string {
  return `${place.satelliteId}/${place.payload}`;
}

async function claimed(address: string): Promise<Server | null> {
  const server = createServer().unref();
  try {
    await once(server.listen(CLAIM_PORT, address), 'listening');
    return server;
  } catch {
    return null;
  }
}
