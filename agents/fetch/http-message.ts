import { Failure } from '../../shared/failure.ts';
import { type Address, formatAddress } from './source.ts';

/** The header of a response; field names in lower case, fields that come several times joined by commas (RFC 9110, 5.3). */
export interface Head {
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
}

/** A request without content as text (RFC 9112, 3), with the fields that every one has. */
export function formatRequest(
  address: Address,
  method: 'GET' | 'HEAD',
  target: string,
  fields: Readonly<Record<string, string>> = {},
): string {
  let text = `${method} ${target} HTTP/1.1\r\nhost: ${formatAddress(address)}\r\naccept-encoding: identity\r\n`;
  for (const name in fields) text += `${name}: ${fields[name]}\r\n`;
  return `${text}\r\n`;
}

/** More than any header of a file needs; the answer of a server that never ends its header stops here. */
export const LONGEST_HEAD_BYTES = 16 * 1024;

const MOST_ANNOUNCEMENTS = 16;

/** 1xx are announcements (RFC 9110, 15.2); the answer follows. Throws `bad-answer` after too many, where none does. */
export function boundAnnouncements(address: Address, announcements: number): void {
  if (announcements <= MOST_ANNOUNCEMENTS) return;
  throw new Failure('bad-answer', `${formatAddress(address)} announces an answer that never comes.`);
}

const NOTHING = Buffer.alloc(0);

/** The header of a response as it came over a connection that is read without undici. */
export interface ResponseHead extends Head {
  /** Whether the connection stays open after this answer (RFC 9112, 9.3). */
  readonly persists: boolean;
}

/** A status line and fields (RFC 9112, 4 and 5; RFC 9110, 5), as a whole: one look is quicker than one for every line. */
const HEAD = /^HTTP\/1\.[01] [1-5][0-9]{2}(?: [^\r\n]*)?(?:\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\0\r\n]*)*$/;

/**
 * Reads the header of a response (RFC 9112, 4 and 5), without the empty line that ends it; `null` where it is malformed.
 * A folded line, or a space before the colon, is malformed here: those who send them may mean something else by them.
 */
export function parseHead(text: string): ResponseHead | null {
  if (!HEAD.test(text)) return null;
  const fields = new Map<string, string>();
  for (let at = text.indexOf('\r\n'); at >= 0; ) {
    const colon = text.indexOf(':', at);
    const end = text.indexOf('\r\n', colon);
    const name = text.slice(at + 2, colon).toLowerCase();
    const value = trimmed(text, colon + 1, end < 0 ? text.length : end);
    const before = fields.get(name);
    fields.set(name, before === undefined ? value : `${before}, ${value}`);
    at = end;
  }
  const options = fields.get('connection')?.toLowerCase() ?? '';
  const persists = text.startsWith('HTTP/1.1') ? !/\bclose\b/.test(options) : /\bkeep-alive\b/.test(options);
  return { status: Number(text.slice(9, 12)), fields, persists };
}

/** A stretch without the spaces and tabs around it (RFC 9110, 5.6.3); other white space is part of a value. */
function trimmed(text: string, from: number, to: number): string {
  const isBlank = (at: number): boolean => text.charAt(at) === ' ' || text.charAt(at) === '\t';
  let [first, end] = [from, to];
  while (first < end && isBlank(first)) first += 1;
  while (first < end && isBlank(end - 1)) end -= 1;
  return text.slice(first, end);
}

/** Reads the headers of the answers of one server, one after the other, however they are cut into pieces. */
export class HeadReader {
  readonly #address: Address;
  #held = NOTHING;
  #announcements = 0;

  constructor(address: Address) {
    this.#address = address;
  }

  /** Whether a header has begun that is not whole. */
  get hasBegun(): boolean {
    return this.#held.length > 0;
  }

  /** Takes what came: the header, and what follows it; `null` while it is not whole. Throws `bad-answer`. */
  read(bytes: Buffer): { readonly head: ResponseHead; readonly rest: Buffer } | null {
    let held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    for (;;) {
      const end = held.indexOf('\r\n\r\n');
      if (end > LONGEST_HEAD_BYTES || (end < 0 && held.length > LONGEST_HEAD_BYTES)) {
        throw new Failure('bad-answer', `${formatAddress(this.#address)} sends a header without end.`);
      }
      if (end < 0) {
        // The memory that it came in is used for what comes next.
        this.#held = Buffer.from(held);
        return null;
      }
      const head = parseHead(held.toString('latin1', 0, end));
      if (head === null) throw new Failure('bad-answer', `${formatAddress(this.#address)} does not answer in HTTP.`);
      held = held.subarray(end + 4);
      if (head.status < 200) {
        this.#announcements += 1;
        boundAnnouncements(this.#address, this.#announcements);
        continue;
      }
      this.#announcements = 0;
      this.#held = NOTHING;
      return { head, rest: held };
    }
  }
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
