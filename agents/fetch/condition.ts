import { formatEntityTag } from '../../shared/validator.ts';
import type { DeliveredRecord } from './journal.ts';
import { offers } from './proof.ts';
import type { Server } from './rendezvous.ts';
import type { Kept } from './stage.ts';

/**
 * The condition fields of a request (RFC 9110, 13.1): continue this part if it is still of the same version; send all of
 * it, unless this complete part, or what was delivered, is still what it is.
 */
export function conditions(
  server: Server,
  partial: Kept | null,
  complete: Kept | null,
  delivered: DeliveredRecord | null,
): Record<string, string> {
  if (partial?.etag != null) {
    const tag = formatEntityTag(partial.etag);
    // Our own server says 412 to If-Match, and then whether the file has only grown; any other one sends all of it.
    const condition = offers(server, 'digest') ? 'if-match' : 'if-range';
    return { range: `bytes=${partial.bytes}-`, [condition]: tag };
  }
  if (complete?.etag != null) return { 'if-none-match': formatEntityTag(complete.etag) };
  if (delivered?.etag != null) return { 'if-none-match': delivered.etag };
  if (delivered?.lastModified != null) return { 'if-modified-since': delivered.lastModified };
  return {};
}
