import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * Who listens on a TCP port of this machine, as `name (pid 123)`, read from /proc; `null` where that cannot be told, for
 * example because the program belongs to another user.
 */
export function holderOfPort(port: number): string | null {
  const inode = listeningInode('/proc/net/tcp', port) ?? listeningInode('/proc/net/tcp6', port);
  if (inode === null) return null;
  for (const pid of attempt(() => readdirSync('/proc')) ?? []) {
    if (!/^[0-9]+$/.test(pid)) continue;
    const handles = attempt(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
    if (handles.some((fd) => attempt(() => readlinkSync(`/proc/${pid}/fd/${fd}`)) === `socket:[${inode}]`)) {
      return `${attempt(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim()) ?? 'a program'} (pid ${pid})`;
    }
  }
  return null;
}

/** The socket that listens (state 0A) on a port, in a table of proc(5). */
function listeningInode(table: string, port: number): string | null {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const line of (attempt(() => readFileSync(table, 'utf8')) ?? '').split('\n')) {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    if (local?.endsWith(suffix) && state === '0A') return inode ?? null;
  }
  return null;
}

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
