import type { ByteRange } from '../../shared/range.ts';
import { formatRefusal, type RefusalCode, refusalKinds } from '../../shared/refusal.ts';
import type { OpenEntry } from './file-store.ts';

export type Headers = Readonly<Record<string, string | number>>;

/** A piece of a body: bytes that are here, or a stretch of the file that is open. */
export type Piece = Buffer | ByteRange;

export type Body =
  /** Bytes as characters (latin1): as text, Node puts a small body and the header into one write. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  /** Whoever sends it closes the file. */
  | { readonly kind: 'file'; readonly file: OpenEntry; readonly pieces: readonly Piece[] }
  | { readonly kind: 'stream'; readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array> };

/** What a request is answered with: a value, written to the connection in one place (http.ts). */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** `null`: there is none, by the status or by the method. */
  readonly body: Body | null;
  /** Why the request was not answered with what it asked for; `null` where it was. */
  readonly refusal: RefusalCode | null;
}

/** Up to here copying is cheaper than a second write. */
export const ONE_WRITE_BYTES = 8 * 1024;

/** A body that is here in memory; of up to {@link ONE_WRITE_BYTES} it is a copy. */
export function bodyOf(bytes: Buffer): Body {
  return bytes.length <= ONE_WRITE_BYTES ? { kind: 'text', text: bytes.toString('latin1') } : { kind: 'bytes', bytes };
}

/** An answer whose body is here in memory. */
export function answerWith(status: number, mediaType: string, text: string, headers: Headers = {}): Answer {
  const bytes = Buffer.from(text);
  return {
    status,
    headers: { ...headers, 'Content-Type': mediaType, 'Content-Length': bytes.length },
    body: bodyOf(bytes),
    refusal: null,
  };
}

/** A refusal, in one line of JSON that says why. */
export function refuse(code: RefusalCode, headers: Headers = {}): Answer {
  return { ...answerWith(refusalKinds[code].status, 'application/json', formatRefusal(code), headers), refusal: code };
}
