import { Failure } from '../../shared/failure.ts';

/** The header of a response; field names in lower case, fields that come several times joined by commas (RFC 9110, 5.3). */
export interface Head {
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
}

/** More than any header of a file needs; the answer of a server that never ends its header stops here. */
export const LONGEST_HEAD_BYTES = 16 * 1024;

/** The header of a response as it came over a connection that is read without undici. */
export interface ResponseHead extends Head {
  /** Whether the connection stays open after this answer (RFC 9112, 9.3). */
  readonly persists: boolean;
}

/**
 * Reads the header of a response (RFC 9112, 4 and 5), without the empty line that ends it; `null` where it is malformed.
 * A folded line, or a space before the colon, is malformed here: those who send them may mean something else by them.
 */
export function parseHead(text: string): ResponseHead | null {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const [, minor, status] = /^HTTP\/1\.([01]) ([1-5][0-9]{2})(?: [^\r\n]*)?$/.exec(statusLine) ?? [];
  if (status === undefined) return null;
  const fields = new Map<string, string>();
  for (const line of lines) {
    const [, name, value = ''] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\0\r\n]*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined) return null;
    const before = fields.get(name.toLowerCase());
    fields.set(name.toLowerCase(), before === undefined ? value : `${before}, ${value}`);
  }
  const options = fields.get('connection')?.toLowerCase() ?? '';
  const persists = minor === '1' ? !/\bclose\b/.test(options) : /\bkeep-alive\b/.test(options);
  return { status: Number(status), fields, persists };
}

/**
 * Content-Length; `null` where there is none. Several equal ones might be taken for one (RFC 9112, 6.3), which undici does
 * not do, and so neither path does.
 */
export function contentLength(head: Head): number | null {
  const text = head.fields.get('content-length');
  if (text === undefined) return null;
  if (!/^[0-9]{1,15}$/.test(text)) throw new Failure('bad-answer', `The server's Content-Length "${text}" is none.`);
  return Number(text);
}

/**
 * How many bytes of content follow a header that answers a GET (RFC 9112, 6.3); `null` where only a reader of transfer
 * codings, or the end of the connection, can tell. Throws `bad-answer` for a Content-Length that is none.
 */
export function contentBytes(head: Head): number | null {
  if (head.status === 204 || head.status === 304) return 0;
  const lengthBytes = contentLength(head);
  return head.fields.has('transfer-encoding') ? null : lengthBytes;
}

/** The answer has no length that is known beforehand: undici reads it, and whoever relies on one gives up. */
export class Unmeasured extends Error {}
