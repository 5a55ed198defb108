import { readFileSync } from 'node:fs';

/** The state LISTEN in `/proc/net/tcp` (net/tcp_states.h). */
const LISTEN = '0A';

/** The ports of this machine on which something listens, by IPv4 address: read off the kernel, without connecting. */
export function listeningPorts(): ReadonlyMap<string, ReadonlySet<number>> {
  return parseListening(readFileSync('/proc/net/tcp', 'latin1'));
}

/** Reads the table of proc(5): addresses are hexadecimal in the machine's byte order, which is little-endian. */
export function parseListening(table: string): ReadonlyMap<string, ReadonlySet<number>> {
  const ports = new Map<string, Set<number>>();
  for (const line of table.split('\n').slice(1)) {
    const [, local = '', , state] = line.trim().split(/\s+/);
    const match = /^([0-9A-F]{2})([0-9A-F]{2})([0-9A-F]{2})([0-9A-F]{2}):([0-9A-F]{4})$/.exec(local);
    if (match === null || state !== LISTEN) continue;
    const [d, c, b, a, port] = match.slice(1).map((hex) => Number.parseInt(hex, 16));
    const address = `${a}.${b}.${c}.${d}`;
    const known = ports.get(address) ?? new Set();
    ports.set(address, known.add(port ?? 0));
  }
  return ports;
}
