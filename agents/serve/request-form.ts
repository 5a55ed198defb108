import type { IncomingMessage } from 'node:http';
import type { RefusalCode } from '../../shared/refusal.ts';

/** Whether a request is one of HTTP/1.1, beyond what Node's parser sees to, and why not where the parser says no. */

/** RFC 9110, 7.2: a host of RFC 3986, 3.2.2, which may be empty, and a port. */
const HOST = /^(?:\[[A-Za-z0-9\-._~!$&'()*+,;=:%]+\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?$/;

/** RFC 9110, 5.6.2. */
const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/.source;
const FIELD_NAME = new RegExp(`^${TOKEN}$`);
/** RFC 9112, 3. */
const REQUEST_LINE = new RegExp(`^${TOKEN} [!-~\x80-\xff]+ HTTP/([0-9]\\.[0-9])\r?\n`);

/** What a request that the parser takes may still get wrong about itself (RFC 9112, 2.3, 3.2 and 6.1). */
export function refusalOfForm(message: IncomingMessage): RefusalCode | null {
  const { method, rawHeaders, headers, httpVersion } = message;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return httpVersion === '0.9' ? 'malformed' : 'other-version';
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    // RFC 9112, 5.1: Node 16 lets whitespace before the colon pass, with which others have smuggled requests.
    if (!FIELD_NAME.test(name)) return 'malformed';
    if (name.toLowerCase() === 'host') hosts += 1;
  }
  if (hosts > 1 || (hosts === 0 && httpVersion === '1.1')) return 'no-host';
  if (!HOST.test(headers.host ?? '')) return 'no-host';
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') return 'unknown-coding';
  // Other methods are refused as such, which says more.
  return hasContent(message) && (method === 'GET' || method === 'HEAD') ? 'has-body' : null;
}

/** Whether content follows the header (RFC 9112, 6). */
export function hasContent({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Why the parser did not take a request. `start` is what arrived last, and so, of a small request, its beginning. */
export function refusalOfParser(code: string, start: string): RefusalCode {
  if (code === 'HPE_HEADER_OVERFLOW') return start.includes('\n') ? 'header-too-large' : 'target-too-long';
  const version = REQUEST_LINE.exec(start)?.[1];
  if (version === undefined) return 'malformed';
  if (version !== '1.1' && version !== '1.0') return 'other-version';
  return code === 'HPE_INVALID_METHOD' ? 'unknown-method' : 'malformed';
}
