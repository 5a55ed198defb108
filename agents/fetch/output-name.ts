import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { Failure } from '../../shared/failure.ts';
import { ON_BOARD } from '../../shared/payload.ts';

/** NAME_MAX is 255 bytes everywhere; the ground puts a time stamp before the name, and we a prefix while it is written. */
const LONGEST_NAME_BYTES = 180;

/** Files of these names in an outbox are told by the agents themselves. */
const RESERVED = /^payload-(?:fetch|serve)-(?:report|full-report|log|did-not-start)\b/;

/**
 * The name of a file in a flat outbox, from its path on the server (bytes, see shared/path.ts): the same in every run.
 * `/a/b_c` and `/a_b/c` have one name, since names with `_` are to stay as they are: see {@link distinctName}.
 *
 * | path                | name              |
 * |---------------------|-------------------|
 * | `/var/log/syslog`   | `var_log_syslog`  |
 * | `/a/../../etc/x`    | `etc_x`           |
 * | `/.hidden`          | `hidden-` + hash  |
 * | `/`                 | `index`           |
 */
export function flatName(path: string): string {
  return portableName(segmentsOf(path).join('_'), path);
}

/** The same with its directories kept: a relative path that never leads out of the outbox. */
export function treeName(path: string): string {
  const segments = segmentsOf(path);
  return segments.length === 0 ? 'index' : segments.map((segment) => portableName(segment, segment)).join('/');
}

/** The name that tells two sources apart whose plain names would be equal. */
export function distinctName(name: string, path: string): string {
  return withHash(name, path);
}

/** Whether a file of this name in an outbox is one that the agents write themselves. */
export function isReserved(name: string): boolean {
  return RESERVED.test(name);
}

/**
 * Where `-o` points: an absolute path as it is, a relative one below the outbox. Throws a `usage` failure for one that
 * would leave the outbox, or that names no file.
 */
export function outputPath(named: string, outbox: string | null): string {
  if (named === '' || named.endsWith('/') || named.includes('\0')) {
    throw new Failure('usage', `-o "${named}" does not name a file.`);
  }
  if (named.startsWith('/')) return posix.normalize(named);
  const relative = posix.normalize(named);
  if (relative.split('/').includes('..') || relative === '.') {
    throw new Failure('usage', `-o "${named}" leads out of the outbox.`);
  }
  if (outbox === null) {
    throw new Failure(
      'disk-refused',
      `There is no outbox at ${ON_BOARD.outbox}, to which -o "${named}" would be relative: give -o an absolute path, or name the outbox with --outbox.`,
    );
  }
  return posix.join(outbox, relative);
}

function segmentsOf(path: string): string[] {
  return posix
    .normalize(path)
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.' && segment !== '..');
}

/** Letters, digits and what is harmless in a shell, an object store and a URL; anything else makes the name its own hash's. */
function portableName(text: string, path: string): string {
  if (text === '') return 'index';
  const plain = text.replace(/[^A-Za-z0-9._+=@,~-]/g, '_').replace(/^[.-]+/, '');
  const faithful = plain === text && plain.length <= LONGEST_NAME_BYTES && !RESERVED.test(plain);
  return faithful ? plain : withHash(plain.replace(RESERVED, 'file'), path);
}

function withHash(name: string, path: string): string {
  const hash = createHash('sha256').update(path, 'latin1').digest('hex').slice(0, 8);
  return `${name.slice(0, LONGEST_NAME_BYTES - 9)}-${hash}`;
}
