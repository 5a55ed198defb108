import { decodePath } from '../../shared/path.ts';
import type { RefusalCode } from '../../shared/refusal.ts';

/** What a request names. */
export interface Target {
  /** An absolute path of byte characters (shared/path.ts) without empty or dot segments: `/` or `/a/b`. */
  readonly path: string;
  /** Whether it was written as a directory, with a slash at its end. */
  readonly asDirectory: boolean;
  /** What follows the `?`, still encoded; empty without one. */
  readonly query: string;
}

/** PATH_MAX of Linux: no file can be opened by a longer name. */
const LONGEST_PATH_BYTES = 4095;

/**
 * Reads a request target (RFC 9112, 3.2) as a path below the served directory, or says why it is none. Dot segments are
 * resolved here, before any file system sees them (RFC 3986, 5.2.4), and may not climb above the root. Everything else
 * is taken as the bytes that it is: a backslash is a character of a name, and so is an overlong UTF-8 slash. An encoded
 * slash is refused, because no name holds one and proxies disagree about it.
 */
export function parseTarget(requestTarget: string): Target | RefusalCode {
  // RFC 9112, 3.2.2: a server takes the absolute form, whatever host it names.
  const originForm = requestTarget.startsWith('/')
    ? requestTarget
    : requestTarget.replace(/^https?:\/\/[^/?#]+(?=([/?]?))/i, (_, next) => (next === '/' ? '' : '/'));
  if (!originForm.startsWith('/') || /[\0-\x20\x7f#]/.test(originForm)) return 'bad-target';
  const queryAt = originForm.indexOf('?');
  const encoded = queryAt < 0 ? originForm : originForm.slice(0, queryAt);
  const query = queryAt < 0 ? '' : originForm.slice(queryAt + 1);
  const decoded = /%2f/i.test(encoded) ? null : decodePath(encoded);
  if (decoded === null || decoded.includes('\0')) return 'bad-target';
  if (decoded.length > LONGEST_PATH_BYTES) return 'target-too-long';
  // Nearly always there is nothing to resolve.
  if (!/\/\.{0,2}(?:\/|$)/.test(decoded)) return { path: decoded, asDirectory: false, query };

  const names: string[] = [];
  let last = '';
  for (last of decoded.split('/')) {
    if (last === '..') {
      if (names.pop() === undefined) return 'outside';
    } else if (last !== '' && last !== '.') {
      names.push(last);
    }
  }
  return { path: `/${names.join('/')}`, asDirectory: last === '' || last === '.' || last === '..', query };
}
