import type { Sandbox } from '../../simulate/sandbox.ts';
import type { UserCommand } from '../../simulate/window.ts';
import type { PayloadName } from '../../tasking/api.ts';
import type { FaultKind } from '../fault.ts';

/** One payload computer of one simulated satellite. */
export interface Place {
  /** From 1: the number behind `FM`. */
  readonly number: number;
  readonly satelliteId: string;
  readonly payload: PayloadName;
  readonly sandbox: Sandbox;
}

/** How the link to one payload is, until its window ends. */
export interface LinkQuality {
  readonly bytesPerSecond: number | null;
  /** Each connection breaks after so many bytes. */
  readonly breaksAfterBytes: number | null;
}

/** A command as this machine starts it, and what it is told of its surroundings. */
export interface Launch {
  readonly command: UserCommand;
  readonly environment: Readonly<Record<string, string>>;
}

/** What stands for the satellite's Ethernet and for the root of each payload's file system. */
export interface Network {
  /** Faults that this network cannot make. */
  readonly cannot: readonly FaultKind[];
  /** The payload comes on: from now on the others reach it, once something listens. */
  connect(place: Place, quality: LinkQuality): Promise<void>;
  /** The payload goes off. */
  disconnect(place: Place): Promise<void>;
  launch(place: Place, command: UserCommand): Launch;
  /** Bytes that a payload has sent over the link while it was on. */
  sentBytes(place: Place): number;
  close(): Promise<void>;
}

/** The last number of each payload's address, in both worlds. */
export const HOST_NUMBER: Readonly<Record<PayloadName, number>> = { SDR: 12, SABERTOOTH: 10, IPI: 16 };
