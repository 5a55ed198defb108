/**
 * SHA-256 digests in HTTP (RFC 9530). In memory, in logs and in reports a digest is lower-case hex, as `sha256sum`
 * prints it; on the wire it is a byte sequence of structured fields (RFC 9651, 3.3.5), base64 between colons.
 */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const DIGITS = '0123456789abcdef';
const SHA256_HEX = /^[0-9a-f]{64}$/;

/** Whether the text is a SHA-256 in lower-case hex. */
export function isSha256(text: string): boolean {
  return SHA256_HEX.test(text);
}

/** `Repr-Digest` or `Content-Digest` for a SHA-256 in hex. */
export function formatDigest(sha256Hex: string): string {
  return formatBase64Digest(hexToBase64(sha256Hex));
}

/** The same for one in base64, which who has just computed it can have at once. */
export function formatBase64Digest(sha256Base64: string): string {
  return `sha-256=:${sha256Base64}:`;
}

/** What a digest header says of SHA-256: `malformed` must not pass for "no digest", since the server meant to give one. */
export type StatedDigest =
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'sha-256'; readonly hex: string };

/** Reads `Repr-Digest` or `Content-Digest` (RFC 9530, 2 and 3). Other algorithms are passed over. */
export function parseDigest(header: string | undefined): StatedDigest {
  if (header === undefined || header.trim() === '') return { kind: 'none' };
  const usual = /^sha-256=:([A-Za-z0-9+/]{43})=:$/.exec(header)?.[1];
  if (usual !== undefined) return { kind: 'sha-256', hex: base64ToHex(usual) };
  let stated: StatedDigest = { kind: 'none' };
  for (const member of header.split(',')) {
    const match = /^\s*([a-z*][a-z0-9_.*-]*)\s*=\s*(.*?)\s*$/i.exec(member);
    if (match === null) return { kind: 'malformed' };
    if (match[1]?.toLowerCase() !== 'sha-256') continue;
    const base64 = /^:([A-Za-z0-9+/]*={0,2}):\s*(?:;.*)?$/.exec(match[2] ?? '')?.[1];
    const hex = base64ToHex(base64 ?? '');
    // RFC 9651, 3.2: where a key comes twice, the last one counts.
    stated = isSha256(hex) ? { kind: 'sha-256', hex } : { kind: 'malformed' };
  }
  return stated;
}

/** Whether `Want-Repr-Digest` (RFC 9530, 4) asks for SHA-256: a preference of 1 to 10; 0 declines it. */
export function wantsSha256(header: string | undefined): boolean {
  if (header === undefined) return false;
  // RFC 9651, 3.2: where a key comes twice, the last one counts.
  const wish = header
    .split(',')
    .filter((member) => /^\s*sha-256\s*=/i.test(member))
    .at(-1);
  return /=\s*(?:[1-9]|10)\s*$/.test(wish ?? '');
}

/** Three bytes, six digits, make four characters. */
function hexToBase64(hex: string): string {
  let base64 = '';
  for (let at = 0; at < hex.length; at += 6) {
    const bits = Number.parseInt(hex.slice(at, at + 6).padEnd(6, '0'), 16);
    for (let shift = 18; shift >= 0; shift -= 6) base64 += ALPHABET.charAt((bits >> shift) & 63);
  }
  const characters = Math.ceil((hex.length * 4) / 6);
  return base64.slice(0, characters).padEnd(base64.length, '=');
}

/** Padding may be missing, and bits that fill up the last character need not be zero (RFC 9651, 4.2.7). */
function base64ToHex(base64: string): string {
  const text = base64.replace(/=+$/, '');
  let hex = '';
  // Two characters make three digits; where there is no second one, nothing is found at 0, as an A would be.
  for (let at = 0; at < text.length; at += 2) {
    const bits = (ALPHABET.indexOf(text.charAt(at)) << 6) | ALPHABET.indexOf(text.charAt(at + 1));
    hex += DIGITS.charAt(bits >> 8) + DIGITS.charAt((bits >> 4) & 15) + DIGITS.charAt(bits & 15);
  }
  return hex.slice(0, Math.floor((text.length * 6) / 8) * 2);
}
