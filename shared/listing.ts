/**
 * A directory as JSON, in the shape of nginx's `autoindex_format json`, so that one reader serves both servers. Asked
 * by `GET <directory>/` with `Accept: application/json`; a browser, or anything else, gets the HTML page.
 */
export interface ListingEntry {
  /** For people. Bytes that are not UTF-8 are shown as U+FFFD: `href` is what names the file. */
  readonly name: string;
  readonly type: 'file' | 'directory' | 'other';
  /** An HTTP date (RFC 9110, 5.6.7). */
  readonly mtime: string;
  /** In bytes; files only. */
  readonly size?: number;
  /** Relative to the directory, encoded as path.ts says; a directory's ends with a slash. nginx has no such member. */
  readonly href?: string;
}

/** Reads a listing of payload-serve or of nginx; `null` for anything that is none. */
export function parseListing(text: string): readonly ListingEntry[] | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  return Array.isArray(value) && value.every(isEntry) ? value : null;
}

function isEntry(value: unknown): value is ListingEntry {
  if (typeof value !== 'object' || value === null) return false;
  const { name, type, mtime, size, href } = value as Record<string, unknown>;
  return (
    typeof name === 'string' &&
    (type === 'file' || type === 'directory' || type === 'other') &&
    typeof mtime === 'string' &&
    (size === undefined || typeof size === 'number') &&
    (href === undefined || typeof href === 'string')
  );
}
