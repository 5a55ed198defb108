import { BIG, conforms, get, lines, request, SMALL } from './conformance.ts';

const served = { status: 200, body: SMALL };
const refused = { status: 400, fields: { Connection: 'close', 'Content-Type': 'application/json' } };
const kept = (line: string, ...fields: readonly string[]): string => lines(`${line} HTTP/1.1`, 'Host: sdr', ...fields);

conforms('RFC 9112, 2: message', [
  { rule: '2.1: a request line, fields, an empty line', send: get('/f'), expect: served },
  { rule: '2.2: an empty line before the request line is passed over', send: `\r\n${get('/f')}`, expect: served },
  {
    rule: '2.2: whitespace before the first field is refused',
    send: lines('GET /f HTTP/1.1', ' Host: sdr'),
    expect: refused,
  },
  {
    rule: '2.2: a bare LF does not end a line',
    send: 'GET /f HTTP/1.1\nHost: sdr\nConnection: close\n\n',
    expect: refused,
    differs: 'nginx and Caddy take it: RFC 9112, 2.2 allows that, and parsers that disagree about it let smuggling in',
  },
  { rule: '2.2: a bare CR in a line is refused', send: get('/f', 'X: a\rb'), expect: refused },
  {
    rule: '2.3: the name of the protocol is case-sensitive',
    send: lines('GET /f http/1.1', 'Host: sdr'),
    expect: refused,
  },
  {
    rule: '2.3: HTTP/2.0 in a request line is not spoken',
    send: lines('GET /f HTTP/2.0', 'Host: sdr'),
    expect: { status: 505 },
  },
  {
    rule: '2.3: nor for a HEAD, whose refusal has no content',
    send: lines('HEAD /f HTTP/2.0', 'Host: sdr'),
    expect: { status: 505, body: '' },
  },
  { rule: '2.3: HTTP/3.0 is not spoken', send: lines('GET /f HTTP/3.0', 'Host: sdr'), expect: { status: 505 } },
  {
    rule: '2.3: HTTP/1.2 is not spoken',
    send: lines('GET /f HTTP/1.2', 'Host: sdr'),
    expect: { status: 505 },
    differs: 'nginx takes it for 1.1, as RFC 9110, 2.5 suggests; the parser of Node knows no 1.2, nor does any client',
  },
  {
    rule: '2.3: a version of three digits is malformed',
    send: lines('GET /f HTTP/1.10', 'Host: sdr'),
    expect: refused,
  },
  { rule: 'what is not HTTP at all is refused', send: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', expect: refused },
  { rule: 'the preface of HTTP/2 is refused', send: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', expect: { status: 505 } },
]);

conforms('RFC 9112, 3: request line', [
  { rule: '3: HTTP/0.9 has no version, and is refused', send: 'GET /f\r\n\r\n', expect: refused },
  { rule: '3: a request line without a target is refused', send: lines('GET HTTP/1.1', 'Host: sdr'), expect: refused },
  {
    rule: '3: more than one space is taken for one',
    send: lines('GET /f  HTTP/1.1', 'Host: sdr', 'Connection: close'),
    expect: served,
    differs: 'nginx refuses it: RFC 9112, 3 allows words to be told apart by any whitespace',
  },
  { rule: '3: a target with a space in it is refused', send: lines('GET /a b HTTP/1.1', 'Host: sdr'), expect: refused },
  { rule: '3: words after the version are refused', send: lines('GET /f HTTP/1.1 x', 'Host: sdr'), expect: refused },
  { rule: '3.1: a method is case-sensitive', send: lines('get /f HTTP/1.1', 'Host: sdr'), expect: { status: 501 } },
  {
    rule: '3: a target longer than any file name is a 414',
    send: get(`/${'a'.repeat(5000)}`),
    expect: { status: 414 },
  },
  {
    rule: '3: a target longer than a header may be is a 414',
    send: get(`/${'a'.repeat(20_000)}`),
    expect: { status: 414 },
  },
  { rule: '3.2.1: the origin form', send: get('/dir/inner'), expect: served },
  { rule: '3.2.1: a query belongs to the origin form', send: get('/f?a=b?c/../d'), expect: served },
  { rule: '3.2.2: the absolute form is taken', send: get('http://sdr/f'), expect: served },
  { rule: '3.2.2: the absolute form goes before the Host', send: get('http://other.example:1/f'), expect: served },
  { rule: '3.2.2: a scheme is case-insensitive', send: get('HTTP://sdr/f'), expect: served },
  {
    rule: '3.2.2: an absolute form with an empty path is the root',
    send: get('http://sdr'),
    expect: { status: 200, body: /inner|dir/ },
  },
  {
    rule: '3.2.2: an absolute form with a query alone is the root',
    send: get('http://sdr?x'),
    expect: { status: 200 },
  },
  { rule: '3.2.2: an absolute form without a host is refused', send: get('http:///f'), expect: refused },
  { rule: '3.2.2: another scheme is not taken', send: get('ftp://sdr/f'), expect: refused },
  { rule: '3.2.3: the authority form is for CONNECT alone', send: get('sdr:80'), expect: refused },
  {
    rule: '3.2.3: CONNECT is not offered',
    send: request('CONNECT sdr:80'),
    expect: { status: 405, fields: { Allow: 'GET, HEAD' } },
  },
  {
    rule: '9.3.2: CONNECT waits for the answers before it',
    send: `${kept('GET /big')}${request('CONNECT sdr:80')}`,
    expect: [
      { status: 200, body: BIG },
      { status: 405, fields: { Connection: 'close' } },
    ],
  },
  { rule: '3.2.4: the asterisk form is for OPTIONS alone', send: get('*'), expect: refused },
  { rule: '3.2: a fragment is no part of a target', send: get('/f#x'), expect: refused },
  { rule: '3.2: a request without a Host is refused', send: lines('GET /f HTTP/1.1'), expect: refused },
  { rule: '3.2: a request with two Hosts is refused', send: get('/f', 'Host: other'), expect: refused },
  { rule: '3.2: so is one with the same Host twice', send: get('/f', 'Host: sdr'), expect: refused },
  { rule: '3.2: an invalid Host is refused', send: lines('GET /f HTTP/1.1', 'Host: s dr'), expect: refused },
  { rule: '3.2: a Host with a path is refused', send: lines('GET /f HTTP/1.1', 'Host: sdr/f'), expect: refused },
  ...['sdr:http', 'sdr:80:80', '::1', '[::1', '[::1]80', 'a%zz', 'user@sdr', 'sdr, sdr'].map((host) => ({
    rule: `3.2: so is one that is no host and port: ${host}`,
    send: lines('GET /f HTTP/1.1', `Host: ${host}`, 'Connection: close'),
    expect: refused,
  })),
  {
    rule: '3.2: a Host may have a port',
    send: lines('GET /f HTTP/1.1', 'Host: sdr.local:10101', 'Connection: close'),
    expect: served,
  },
  { rule: '3.2: a Host may be empty', send: lines('GET /f HTTP/1.1', 'Host:', 'Connection: close'), expect: served },
  {
    rule: '3.2: a Host may be an IPv6 address',
    send: lines('GET /f HTTP/1.1', 'Host: [::1]:10101', 'Connection: close'),
    expect: served,
  },
  { rule: '3.2: HTTP/1.0 needs no Host', send: lines('GET /f HTTP/1.0'), expect: served },
]);

conforms('RFC 9112, 5: fields', [
  {
    rule: '5: the name of a field is case-insensitive',
    send: get('/f', 'rAnGe: bytes=0-1'),
    expect: { status: 206, body: '01' },
  },
  {
    rule: '5: whitespace around a value is no part of it',
    send: get('/f', 'Range:\t  bytes=0-1 \t'),
    expect: { status: 206, body: '01' },
  },
  {
    rule: '5: no whitespace is needed before a value',
    send: get('/f', 'Range:bytes=0-1'),
    expect: { status: 206, body: '01' },
  },
  { rule: '5: a value may be empty', send: get('/f', 'Range:'), expect: served },
  { rule: '5: a field that is not known is passed over', send: get('/f', 'X-Unknown: 1'), expect: served },
  { rule: '5: bytes above ASCII in a value are taken', send: get('/f', 'X-Name: \xc3\xa9'), expect: served },
  { rule: '5.1: whitespace before the colon is refused', send: get('/f', 'Range : bytes=0-1'), expect: refused },
  { rule: '5.1: a line without a colon is refused', send: get('/f', 'Range'), expect: refused },
  { rule: '5.1: an empty name is refused', send: get('/f', ': x'), expect: refused },
  { rule: '5.1: a name that is no token is refused', send: get('/f', 'X(y): z'), expect: refused },
  { rule: '5.5 of RFC 9110: a NUL in a value is refused', send: get('/f', 'X: a\0b'), expect: refused },
  {
    rule: '5.2: a folded line is refused, or one value: never a field of its own',
    send: get('/f', 'X: a', ' Range: bytes=0-1'),
    expect: { status: [200, 400] },
  },
  {
    rule: 'RFC 6585, 5: a header too large is a 431',
    send: get('/f', `X: ${'a'.repeat(20_000)}`),
    expect: { status: 431, fields: { Connection: 'close' } },
  },
]);

conforms('RFC 9112, 6: body', [
  { rule: '6.2: a content of no length is none', send: get('/f', 'Content-Length: 0'), expect: served },
  {
    rule: '6.3: a GET with content is refused, and the connection closed',
    send: `${get('/f', 'Content-Length: 3')}abc`,
    expect: { status: 413, fields: { Connection: 'close' } },
  },
  {
    rule: '6.3: content is never taken for the next request',
    send: `${kept('GET /f', 'Content-Length: 33')}${kept('GET /big')}`,
    expect: { status: 413 },
  },
  {
    rule: '6.1: a GET with chunks is refused',
    send: `${get('/f', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
    expect: { status: 413, fields: { Connection: 'close' } },
  },
  {
    rule: '15.5.6 of RFC 9110: a PUT with content is a 405 that says what is allowed, and closes',
    send: `PUT /f HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc`,
    expect: { status: 405, fields: { Allow: 'GET, HEAD', Connection: 'close' } },
  },
  {
    rule: '15.5.6 of RFC 9110: a POST in chunks likewise',
    send: `POST /f HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    expect: { status: 405, fields: { Allow: 'GET, HEAD', Connection: 'close' } },
  },
  {
    rule: '6.1: a coding that is not known is a 501',
    send: `${get('/f', 'Transfer-Encoding: gzip, chunked')}0\r\n\r\n`,
    expect: { status: 501, fields: { Connection: 'close' } },
  },
  { rule: '6.3: chunked must come last', send: get('/f', 'Transfer-Encoding: chunked, gzip'), expect: refused },
  {
    rule: '6.3: a length and a coding at once are refused',
    send: `${get('/f', 'Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
    expect: refused,
  },
  {
    rule: '6.3: two different lengths are refused',
    send: get('/f', 'Content-Length: 0', 'Content-Length: 5'),
    expect: refused,
  },
  { rule: '6.3: a length that is no number is refused', send: get('/f', 'Content-Length: abc'), expect: refused },
  { rule: '6.3: a negative length is refused', send: get('/f', 'Content-Length: -1'), expect: refused },
  { rule: '6.3: a signed length is refused', send: get('/f', 'Content-Length: +0'), expect: refused },
  { rule: '6.3: a list of lengths is refused', send: get('/f', 'Content-Length: 0, 0'), expect: refused },
  { rule: '6.3: a length in hex is refused', send: get('/f', 'Content-Length: 0x0'), expect: refused },
]);

conforms('RFC 9112, 9: connection', [
  {
    rule: '9.3: a connection persists',
    send: kept('GET /f') + get('/f'),
    expect: [
      { ...served, fields: { Connection: 'keep-alive' } },
      { ...served, fields: { Connection: 'close' } },
    ],
  },
  {
    rule: '9.3: HTTP/1.0 does not persist',
    send: lines('GET /f HTTP/1.0') + get('/f'),
    expect: [{ ...served, fields: { Connection: 'close' } }],
  },
  {
    rule: '9.3: HTTP/1.0 persists where it asks',
    send: lines('GET /f HTTP/1.0', 'Connection: keep-alive') + get('/f'),
    expect: [{ ...served, fields: { Connection: 'keep-alive' } }, served],
  },
  { rule: '9.3: nothing is answered after close', send: get('/f') + get('/f'), expect: [served] },
  {
    rule: '9.6: the option is case-insensitive, in any list',
    send: lines('GET /f HTTP/1.1', 'Host: sdr', 'Connection: foo, CLOSE') + get('/f'),
    expect: [served],
  },
  {
    rule: '9.3.2: requests sent ahead are answered in order',
    send: kept('GET /big') + kept('GET /f', 'Range: bytes=3-3') + kept('HEAD /big') + kept('GET /no') + get('/f'),
    expect: [{ status: 200, body: BIG }, { status: 206, body: '3' }, { status: 200 }, { status: 404 }, served],
  },
  {
    rule: '9.3.2: a refusal in between closes what follows',
    send: kept('GET /f') + kept('GET /%') + get('/f'),
    expect: [served, { status: 400, fields: { Connection: 'close' } }],
  },
  {
    rule: '9.3: a refusal that leaves no doubt keeps the connection',
    send: kept('GET /no') + kept('PUT /f') + get('/f'),
    expect: [{ status: 404 }, { status: 405 }, served],
  },
]);
