import { BIG, type Case, conforms, get, lines, request, SMALL } from './conformance.ts';

const whole = { status: 200, body: SMALL, fields: { 'Accept-Ranges': 'bytes', 'Content-Range': null } };
const part = (first: number, last: number) => ({
  status: 206,
  body: SMALL.slice(first, last + 1),
  fields: { 'Content-Range': `bytes ${first}-${last}/200`, 'Content-Length': String(last - first + 1), ETag: '{etag}' },
});
const bigPart = (first: number, last: number) => ({
  status: 206,
  body: BIG.slice(first, last + 1),
  fields: { 'Content-Range': `bytes ${first}-${last}/200000`, 'Content-Length': String(last - first + 1) },
});
const unsatisfiable = {
  status: 416,
  body: /^\{"error":"unsatisfiable"/,
  fields: { 'Content-Range': 'bytes */200', 'Repr-Digest': null },
};
const asked = (rule: string, range: string, expect: Case['expect'], differs?: string): Case => ({
  rule: `${rule} (${range})`,
  send: get(range.length > 500 ? '/big' : '/f', `Range: ${range}`),
  expect,
  ...(differs !== undefined && { differs }),
});

conforms('RFC 9110, 14.1.2 and 14.2: one range', [
  asked('14.1.2: first and last', 'bytes=0-9', part(0, 9)),
  asked('14.1.2: one byte', 'bytes=0-0', part(0, 0)),
  asked('14.1.2: the last byte', 'bytes=199-199', part(199, 199)),
  asked('14.1.2: from the middle on', 'bytes=100-', part(100, 199)),
  asked('14.1.2: all of it is a part too', 'bytes=0-', part(0, 199)),
  asked('14.1.2: a last beyond the end is the end', 'bytes=100-999', part(100, 199)),
  asked('14.1.2: however far beyond', 'bytes=190-99999999999999999999999999', part(190, 199)),
  asked('14.1.2: the last bytes', 'bytes=-50', part(150, 199)),
  asked(
    '14.1.2: more last bytes than there are',
    'bytes=-999',
    part(0, 199),
    'the library send answers with the wrong bytes',
  ),
  asked('14.1: a unit is case-insensitive', 'BYTES=0-1', part(0, 1)),
  asked('5.6.1.2: empty elements of a list are passed over', 'bytes=,0-1,,', part(0, 1)),
  asked('5.6.3: whitespace around elements', 'bytes= 0-1 , ', part(0, 1)),
  asked('15.5.17: none that fits', 'bytes=200-', unsatisfiable),
  asked('15.5.17: none that fits, far away', 'bytes=99999999999999999999-', unsatisfiable),
  asked('14.1.2: the last no bytes', 'bytes=-0', unsatisfiable),
  asked('15.5.17: none of several', 'bytes=200-,300-400', unsatisfiable),
  asked('14.2: last before first is malformed, and so passed over', 'bytes=9-3', whole),
  asked('14.2: one malformed of several', 'bytes=0-1,9-3', whole),
  asked('14.2: no numbers', 'bytes=a-b', whole),
  asked('14.2: numbers with something behind', 'bytes=1x-2y', whole),
  asked('14.2: no dash', 'bytes=5', whole),
  asked('14.2: a dash alone', 'bytes=-', whole),
  asked('14.2: nothing', 'bytes=', whole),
  asked('14.2: no unit', '0-1', whole),
  asked('14.2: a unit that is not known', 'lines=0-1', whole),
  asked('14.2: a unit that ends like a known one', 'xbytes=0-1', whole),
  asked('14.2: two dashes', 'bytes=0--1', whole),
  asked('14.2: a sign', 'bytes=+0-1', whole),
  asked('14.2: a decimal', 'bytes=0.5-1', whole),
  {
    rule: '14.2: only GET has ranges',
    send: request('HEAD /f', 'Range: bytes=0-1'),
    expect: { status: 200, fields: { 'Content-Length': '200', 'Content-Range': null } },
    differs: 'nginx answers 206: RFC 9110, 14.2 defines Range for GET alone',
  },
  {
    rule: '14.1.2: nothing has no first byte',
    send: get('/empty', 'Range: bytes=0-'),
    expect: { status: 416, fields: { 'Content-Range': 'bytes */0' } },
  },
  {
    rule: '14.1.2: the last bytes of nothing are all of it',
    send: get('/empty', 'Range: bytes=-5'),
    expect: { status: 200, body: '' },
  },
  {
    rule: '14.2: a listing has no ranges',
    send: get('/dir/', 'Range: bytes=0-1'),
    expect: { status: 200, body: /<html|<!doctype/i },
  },
  { rule: '14.1.2: of a large file', send: get('/big', 'Range: bytes=65530-131080'), expect: bigPart(65_530, 131_080) },
  { rule: '14.1.2: the end of a large file', send: get('/big', 'Range: bytes=-5'), expect: bigPart(199_995, 199_999) },
  {
    rule: '14.1.2: nothing of a large file',
    send: get('/big', 'Range: bytes=200000-'),
    expect: { status: 416, fields: { 'Content-Range': 'bytes */200000' } },
  },
  { rule: '14.2: in HTTP/1.0 too', send: lines('GET /f HTTP/1.0', 'Range: bytes=0-1'), expect: part(0, 1) },
]);

const multipart = (...ranges: readonly (readonly [first: number, last: number])[]) => ({
  status: 206,
  body: new RegExp(
    `^${ranges
      .map(
        ([first, last]) =>
          `(?:\\r\\n)?--([0-9a-f]{36})\\r\\nContent-Type: application/octet-stream\\r\\nContent-Range: bytes ${first}-${last}/200000\\r\\n\\r\\n${BIG.slice(first, last + 1)}`,
      )
      .join('')}\\r\\n--[0-9a-f]{36}--\\r\\n$`,
  ),
  fields: {
    'Content-Type': /^multipart\/byteranges; boundary=[0-9a-f]{36}$/,
    'Content-Range': null,
    ETag: '{bigEtag}',
  },
});
const several = (rule: string, ranges: string, expect: Case['expect']): Case => ({
  rule: `${rule} (${ranges.slice(0, 40)})`,
  send: get('/big', `Range: bytes=${ranges}`),
  expect,
});
const bigWhole = { status: 200, body: BIG, fields: { 'Content-Range': null, 'Content-Length': '200000' } };
const many = (count: number, range: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => range(index)).join(',');

conforms('RFC 9110, 14.6 and 15.3.7.2: several ranges', [
  several('14.6: two', '0-1,1000-1001', multipart([0, 1], [1000, 1001])),
  several('15.3.7.2: in the order asked', '1000-1001,0-1', multipart([1000, 1001], [0, 1])),
  several('14.6: three, one of them the end', '0-1,1000-1001,-2', multipart([0, 1], [1000, 1001], [199_998, 199_999])),
  several('15.3.7.2: what does not fit is left out', '0-1,1000-1001,300000-', multipart([0, 1], [1000, 1001])),
  several('15.3.7.2: where one is left, it is no multipart', '0-1,300000-', bigPart(0, 1)),
  several('15.3.7.2: overlapping ones become one', '0-99,50-149', bigPart(0, 149)),
  several('15.3.7.2: neighbours become one', '0-99,100-149', bigPart(0, 149)),
  several('15.3.7.2: a gap smaller than a part costs is sent', '0-99,120-149', bigPart(0, 149)),
  several('15.3.7.2: one in another', '0-999,10-20', bigPart(0, 999)),
  several('15.3.7.2: the same twice', '5-6,5-6', bigPart(5, 6)),
  several('15.3.7.2: one that bridges two', '0-99,1000-1099,50-1050', bigPart(0, 1099)),
  several('15.3.7.2: whatever their order', '1000-1099,0-99,5000-5001', multipart([1000, 1099], [0, 99], [5000, 5001])),
  several(
    '17.15: the whole, many times over',
    many(60, () => '0-'),
    bigPart(0, 199_999),
  ),
  several(
    '17.15: more ranges than anybody needs',
    many(200, (index) => `${index * 900}-${index * 900 + 1}`),
    bigWhole,
  ),
  several('17.15: parts that cost as much as the whole', '0-99900,100100-199999', bigWhole),
  {
    rule: '15.3.7.2: with If-Range',
    send: get('/big', 'Range: bytes=0-1,1000-1001', 'If-Range: {bigEtag}'),
    expect: multipart([0, 1], [1000, 1001]),
  },
  {
    rule: '15.3.7.2: of a small file, no more than the whole',
    send: get('/f', 'Range: bytes=0-1,150-151'),
    expect: { status: 200, body: SMALL },
  },
]);
