import { createHash, timingSafeEqual } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import type { RefusalCode } from '../../shared/refusal.ts';

/** Who is let in: every one, or the addresses listed; with the token, where there is one. */
export interface Admission {
  readonly allowed: BlockList | null;
  /** SHA-256 of the token: the token itself is kept nowhere. */
  readonly tokenSha256: Buffer | null;
}

/** Says why a request is not let in; `null` where it is. */
export function refusalAtDoor(
  { allowed, tokenSha256 }: Admission,
  client: string,
  authorization: string | undefined,
): RefusalCode | null {
  if (allowed !== null && !allowed.check(client, isIP(client) === 6 ? 'ipv6' : 'ipv4')) return 'not-allowed';
  if (tokenSha256 === null) return null;
  // RFC 6750, 2.1; the scheme's name is case-insensitive (RFC 9110, 11.1).
  const token = /^bearer +([\w\-.~+/]+=*)$/i.exec(authorization ?? '')?.[1];
  // Digests are of one length, and comparing them takes the same time wherever they differ.
  return token !== undefined && timingSafeEqual(sha256(token), tokenSha256) ? null : 'token-needed';
}

/** Reads `--allow`, an address or a CIDR block each; `null` in the place of what is neither. */
export function readAllowed(entries: readonly string[]): BlockList | string {
  const allowed = new BlockList();
  for (const entry of entries) {
    const [, address = '', bits] = /^([^/]+)(?:\/([0-9]{1,3}))?$/.exec(entry) ?? [];
    const version = isIP(address);
    if (version === 0 || Number(bits ?? 0) > (version === 6 ? 128 : 32)) return entry;
    const family = version === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) allowed.addAddress(address, family);
    else allowed.addSubnet(address, Number(bits), family);
  }
  return allowed;
}

/** Takes a token that fits into an `Authorization` field (RFC 6750, 2.1); `null` for any other text. */
export function readToken(text: string): Buffer | null {
  const token = text.trim();
  return /^[\w\-.~+/]+=*$/.test(token) ? sha256(token) : null;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
