/**
 * Paths on the wire. A file name on Linux is bytes, of any encoding or none, so a path is handled here as a *byte
 * string*: each character is one byte, U+0000 to U+00FF (`Buffer.toString('latin1')` makes one, `Buffer.from(path,
 * 'latin1')` reads it). In a URL, a manifest and a listing's `href` each byte that is not an unreserved character of
 * RFC 3986, 2.3 is percent-encoded, whatever the name's encoding is: so every name can be named, and read back exactly.
 */

const PLAIN = /^[A-Za-z0-9\-._~/]*$/;

/** Percent-encodes a path of byte characters; slashes stay. */
export function encodePath(path: string): string {
  return PLAIN.test(path) ? path : path.replace(/[^A-Za-z0-9\-._~/]/g, (byte) => `%${hexByte(byte.charCodeAt(0))}`);
}

/**
 * Reads a percent-encoded path back into byte characters; `null` where a `%` is not followed by two hex digits. Decodes
 * once only: `%252e` is the name `%2e`.
 */
export function decodePath(encoded: string): string | null {
  if (!encoded.includes('%')) return encoded;
  if (/%(?![0-9A-Fa-f]{2})/.test(encoded)) return null;
  return encoded.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function hexByte(code: number): string {
  return code.toString(16).toUpperCase().padStart(2, '0');
}
