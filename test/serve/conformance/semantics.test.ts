import { createHash } from 'node:crypto';
import { BIG, conforms, get, lines, request, SMALL } from './conformance.ts';

const served = { status: 200, body: SMALL };
const date =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/;
const why = /^\{"error":"[a-z-]+","message":"[^"]+\."\}\n$/;
const digestOf = (text: string): string => `sha-256=:${createHash('sha256').update(text).digest('base64')}:`;

conforms('RFC 9110, 9: methods', [
  { rule: '9.3.1: GET', send: get('/big'), expect: { status: 200, body: BIG, fields: { 'Content-Length': '200000' } } },
  {
    rule: '9.3.1: GET of nothing',
    send: get('/empty'),
    expect: { status: 200, body: '', fields: { 'Content-Length': '0' } },
  },
  {
    rule: '9.3.2: HEAD has the header of GET and no content (small)',
    send: request('HEAD /f'),
    expect: {
      status: 200,
      body: '',
      fields: {
        'Content-Length': '200',
        ETag: '{etag}',
        'Last-Modified': '{date}',
        'Repr-Digest': digestOf(SMALL),
        'Content-Type': 'application/octet-stream',
      },
    },
  },
  {
    rule: '9.3.2: HEAD has the header of GET and no content (large)',
    send: request('HEAD /big'),
    expect: {
      status: 200,
      body: '',
      fields: { 'Content-Length': '200000', ETag: '{bigEtag}', 'Accept-Ranges': 'bytes' },
    },
  },
  {
    rule: '9.3.2: HEAD of a listing',
    send: request('HEAD /'),
    expect: {
      status: 200,
      body: '',
      fields: { 'Content-Type': 'text/html; charset=utf-8', 'Content-Length': /^\d+$/ },
    },
  },
  { rule: '9.3.2: HEAD of what is not there', send: request('HEAD /no'), expect: { status: 404, body: '' } },
  ...['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND', 'LINK'].map((method) => ({
    rule: `15.5.6: ${method} is a 405 that says what is allowed`,
    send: request(`${method} /f`),
    expect: { status: 405, fields: { Allow: 'GET, HEAD' }, body: why },
  })),
  {
    rule: '9.3.7: OPTIONS of the server is not offered either',
    send: request('OPTIONS *'),
    expect: { status: 405 },
    differs:
      'Caddy answers 200 with nothing: here OPTIONS has no meaning, and RFC 9110, 9.1 asks for GET and HEAD alone',
  },
  {
    rule: '15.5.6: a method is refused before its target is looked at',
    send: request('DELETE /no'),
    expect: { status: 405 },
  },
  {
    rule: '9.1: a method that is not known is a 501',
    send: request('BREW /f'),
    expect: { status: 501, body: why },
    differs: 'nginx answers 405: RFC 9110, 9.1 keeps that for methods that are known',
  },
]);

conforms('RFC 9110, 4: identifiers', [
  { rule: '4.2.3: a percent-encoded unreserved byte is the byte', send: get('/%66'), expect: served },
  { rule: '4.2.3: hex digits are case-insensitive', send: get('/a%2520b%2e'), expect: { status: 404 } },
  { rule: 'RFC 3986, 2.1: a space is encoded', send: get('/a%20b'), expect: served },
  { rule: 'RFC 3986, 2.4: decoded once and not twice', send: get('/a%252eb'), expect: served },
  { rule: 'RFC 3986, 2.4: a plus sign is a plus sign', send: get('/a+b'), expect: { status: 404 } },
  { rule: 'RFC 3986, 2.1: a percent sign needs two digits', send: get('/%6'), expect: { status: 400, body: why } },
  { rule: 'RFC 3986, 2.1: and they are hex', send: get('/%6g'), expect: { status: 400 } },
  { rule: 'RFC 3986, 7.3: a NUL is refused', send: get('/f%00.txt'), expect: { status: 400 } },
  {
    rule: 'RFC 3986, 7.3: an encoded slash is refused',
    send: get('/dir%2Finner'),
    expect: { status: 400 },
    differs: 'nginx takes it for a slash: no name holds one, and proxies disagree about it',
  },
  { rule: 'a backslash is a character of a name', send: get('/back%5Cslash'), expect: served },
  { rule: 'a backslash separates nothing', send: get('/dir%5Cinner'), expect: { status: 404 } },
  { rule: 'RFC 3986, 5.2.4: dot segments are resolved', send: get('/dir/./../f'), expect: served },
  { rule: 'RFC 3986, 6.2.2.3: encoded ones too', send: get('/dir/%2e%2E/f'), expect: served },
  { rule: 'none leads above the root', send: get('/../f'), expect: { status: 403, body: why } },
  { rule: 'and none does on its way', send: get('/dir/../../root/f'), expect: { status: 403 } },
  { rule: 'an overlong dot is no dot', send: get('/dir/%c0%ae%c0%ae/f'), expect: { status: 404 } },
  { rule: 'empty segments are passed over', send: get('//dir///inner'), expect: served },
  { rule: 'a file is no directory', send: get('/f/'), expect: { status: 404 } },
  { rule: 'and nothing is below it', send: get('/f/x'), expect: { status: 404 } },
  { rule: 'a name too long for any file is not there', send: get(`/${'a'.repeat(300)}`), expect: { status: 404 } },
  { rule: '4.2: a query does not choose a file', send: get('/f?other'), expect: served },
]);

conforms('RFC 9110, 6 to 8: representation', [
  { rule: '6.6.1: a response has a date', send: get('/f'), expect: { status: 200, fields: { Date: date } } },
  { rule: '6.6.1: so has a 304', send: get('/f', 'If-None-Match: *'), expect: { status: 304, fields: { Date: date } } },
  { rule: '6.6.1: so has a refusal', send: get('/no'), expect: { status: 404, fields: { Date: date }, body: why } },
  {
    rule: '6.6.1: so has a refusal of what is malformed',
    send: lines('GET'),
    expect: { status: 400, fields: { Date: date }, body: why },
  },
  {
    rule: '8.3: text',
    send: get('/f.txt'),
    expect: { status: 200, fields: { 'Content-Type': 'text/plain; charset=utf-8' } },
  },
  {
    rule: '8.3: a log',
    send: get('/f.log'),
    expect: { status: 200, fields: { 'Content-Type': 'text/plain; charset=utf-8' } },
  },
  {
    rule: '8.3: HTML',
    send: get('/f.html'),
    expect: { status: 200, fields: { 'Content-Type': 'text/html; charset=utf-8' } },
  },
  {
    rule: '8.3: JSON, in capitals',
    send: get('/f.JSON'),
    expect: { status: 200, fields: { 'Content-Type': 'application/json' } },
  },
  {
    rule: '8.3: bytes of no known kind',
    send: get('/f'),
    expect: { status: 200, fields: { 'Content-Type': 'application/octet-stream' } },
  },
  {
    rule: '8.4: a compressed file is what it is',
    send: get('/f.tar.gz', 'Accept-Encoding: gzip'),
    expect: { status: 200, body: SMALL, fields: { 'Content-Type': 'application/gzip', 'Content-Encoding': null } },
  },
  {
    rule: '8.6: no length in a 304',
    send: get('/f', 'If-None-Match: *'),
    expect: { status: 304, fields: { 'Content-Length': null } },
  },
  {
    rule: '8.6: no length in a 204',
    send: request('POST /.well-known/payload-link/done'),
    expect: { status: 204, fields: { 'Content-Length': null, 'Transfer-Encoding': null } },
  },
  {
    rule: '8.8.2: the time of modification',
    send: get('/f'),
    expect: { status: 200, fields: { 'Last-Modified': '{date}' } },
  },
  {
    rule: '8.8.2.1: never in the future',
    send: get('/future'),
    expect: { status: 200, fields: { 'Last-Modified': /20[0-8]\d/ } },
    differs:
      'nginx sends the year 2096: RFC 9110, 8.8.2.1 forbids it, and a payload that starts in 1970 has such files',
  },
  { rule: '8.8.3: an entity tag', send: get('/f'), expect: { status: 200, fields: { ETag: /^"[!-~]+"$/ } } },
  {
    rule: '10.2.2: a directory without its slash is redirected',
    send: get('/dir?a=b'),
    expect: { status: 301, fields: { Location: '/dir/?a=b' } },
  },
  { rule: '10.2.2: never to another host', send: get('//dir'), expect: { status: 301, fields: { Location: '/dir/' } } },
  {
    rule: '12.5.5: a listing depends on Accept',
    send: get('/dir/'),
    expect: { status: 200, fields: { Vary: 'Accept', 'Content-Type': 'text/html; charset=utf-8' } },
  },
  {
    rule: '12.5.1: as JSON',
    send: get('/dir/', 'Accept: application/json'),
    expect: {
      status: 200,
      body: /"name":"inner","type":"file"/,
      fields: { Vary: 'Accept', 'Content-Type': 'application/json' },
    },
  },
  {
    rule: '12.5.1: what a browser accepts is HTML',
    send: get('/dir/', 'Accept: text/html,application/xhtml+xml,*/*;q=0.8'),
    expect: { status: 200, fields: { 'Content-Type': 'text/html; charset=utf-8' } },
  },
  {
    rule: '12.5.1: JSON of no weight is not wanted',
    send: get('/dir/', 'Accept: application/json;q=0, */*'),
    expect: { status: 200, fields: { 'Content-Type': 'text/html; charset=utf-8' } },
  },
  { rule: '12.5.1: a file is what it is, whatever is accepted', send: get('/f', 'Accept: image/png'), expect: served },
  {
    rule: '12.5.2: Accept-Charset is passed over',
    send: get('/f.txt', 'Accept-Charset: iso-8859-1;q=1'),
    expect: served,
  },
  {
    rule: '7.8: an upgrade that is not known is passed over',
    send: lines('GET /f HTTP/1.1', 'Host: sdr', 'Connection: close, Upgrade', 'Upgrade: h2c', 'HTTP2-Settings: AA'),
    expect: served,
  },
  {
    rule: '10.1.1: who expects 100 and sends no content is answered at once',
    send: get('/f', 'Expect: 100-continue'),
    expect: served,
  },
  {
    rule: '10.1.1: who waits for 100 with content is told the final status instead',
    send: lines('PUT /f HTTP/1.1', 'Host: sdr', 'Expect: 100-continue', 'Content-Length: 5'),
    expect: { status: 405, fields: { Allow: 'GET, HEAD', Connection: 'close' } },
  },
  {
    rule: '10.1.1: in HTTP/1.0 an expectation is passed over',
    send: lines('GET /f HTTP/1.0', 'Expect: tea'),
    expect: served,
  },
  { rule: '10.1.1: no other is', send: get('/f', 'Expect: tea'), expect: { status: 417, body: why } },
  {
    rule: '5.1: a field of no meaning to GET is passed over',
    send: get('/f', 'Max-Forwards: 0', 'Content-Type: text/plain'),
    expect: served,
  },
  { rule: '15.5.5: what is not there', send: get('/dir/no'), expect: { status: 404, body: why } },
  {
    rule: 'RFC 8615, 3: what is not known below the well-known path',
    send: get('/.well-known/payload-link/no'),
    expect: { status: 404, body: why },
  },
  {
    rule: 'RFC 8615, 3: who this is',
    send: get('/.well-known/payload-link'),
    expect: { status: 200, body: /^\{"agent":"payload-serve",/, fields: { 'Cache-Control': 'no-store' } },
  },
  {
    rule: '9.3.3: what is done is said by POST',
    send: get('/.well-known/payload-link/done'),
    expect: { status: 405, fields: { Allow: 'POST' } },
  },
]);

conforms('RFC 9530: digests', [
  {
    rule: '3: of a small file, at once',
    send: get('/f'),
    expect: { status: 200, fields: { 'Repr-Digest': digestOf(SMALL) } },
  },
  {
    rule: '3: of the whole representation, in a part',
    send: get('/f', 'Range: bytes=0-1'),
    expect: { status: 206, fields: { 'Repr-Digest': digestOf(SMALL) } },
  },
  { rule: '3: of nothing', send: get('/empty'), expect: { status: 200, fields: { 'Repr-Digest': digestOf('') } } },
  {
    rule: '4: a GET that wants one is not kept waiting for it',
    send: get('/a%20b', 'Want-Repr-Digest: sha-256=10'),
    expect: { status: 200, body: SMALL },
  },
  {
    rule: '4: a HEAD that wants one waits for it',
    send: request('HEAD /big', 'Want-Repr-Digest: sha-256=1'),
    expect: { status: 200, fields: { 'Repr-Digest': digestOf(BIG) } },
  },
  {
    rule: '4: by its preference among others',
    send: request('HEAD /big', 'Want-Repr-Digest: sha-512=3, sha-256=10, unixsum=0'),
    expect: { status: 200, fields: { 'Repr-Digest': digestOf(BIG) } },
  },
  { rule: '4: what cannot be read is passed over', send: get('/f', 'Want-Repr-Digest: ???'), expect: served },
  {
    rule: '3: no digest in a 304',
    send: get('/f', 'If-None-Match: *'),
    expect: { status: 304, fields: { 'Repr-Digest': null } },
  },
]);
