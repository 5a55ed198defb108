import { conforms, get, request, SMALL } from './conformance.ts';

const whole = { status: 200, body: SMALL, fields: { ETag: '{etag}', 'Last-Modified': '{date}' } };
const failed = { status: 412, body: /^\{"error":"changed",/, fields: { ETag: '{etag}', 'Repr-Digest': null } };
const notModified = {
  status: 304,
  body: '',
  fields: { ETag: '{etag}', 'Last-Modified': null, 'Content-Type': null, 'Content-Length': null },
};
const part = { status: 206, body: '01' };
const before = 'Wed, 21 Oct 2015 07:27:59 GMT';
const after = 'Wed, 21 Oct 2015 07:28:01 GMT';

conforms('RFC 9110, 13.1.1: If-Match', [
  { rule: 'the tag', send: get('/f', 'If-Match: {etag}'), expect: whole },
  { rule: 'the tag among others', send: get('/f', 'If-Match: "a", {etag} , "c"'), expect: whole },
  { rule: 'the tag in a second line', send: get('/f', 'If-Match: "a"', 'If-Match: {etag}'), expect: whole },
  { rule: 'any tag', send: get('/f', 'If-Match: *'), expect: whole },
  { rule: 'another tag', send: get('/f', 'If-Match: "a"'), expect: failed },
  { rule: 'a weak tag never matches strongly', send: get('/f', 'If-Match: W/{etag}'), expect: failed },
  { rule: 'a tag without its quotes is none', send: get('/f', 'If-Match: a'), expect: failed },
  { rule: 'HEAD fails alike', send: request('HEAD /f', 'If-Match: "a"'), expect: { status: 412 } },
  { rule: 'what is not there has no tag: 404', send: get('/no', 'If-Match: "a"'), expect: { status: 404 } },
  { rule: 'a large file fails alike', send: get('/big', 'If-Match: "a"'), expect: { status: 412 } },
  { rule: 'a large file matches alike', send: request('HEAD /big', 'If-Match: {bigEtag}'), expect: { status: 200 } },
]);

conforms('RFC 9110, 13.1.2: If-None-Match', [
  { rule: 'the tag', send: get('/f', 'If-None-Match: {etag}'), expect: notModified },
  { rule: 'the tag, weak: compared weakly', send: get('/f', 'If-None-Match: W/{etag}'), expect: notModified },
  { rule: 'the tag among others', send: get('/f', 'If-None-Match: "a",, {etag}'), expect: notModified },
  { rule: 'a tag that holds a comma is one', send: get('/f', 'If-None-Match: "a,b", {etag}'), expect: notModified },
  { rule: 'any tag', send: get('/f', 'If-None-Match: *'), expect: notModified },
  { rule: 'another tag', send: get('/f', 'If-None-Match: "a"'), expect: whole },
  { rule: 'what cannot be read matches nothing', send: get('/f', 'If-None-Match: a'), expect: whole },
  { rule: 'HEAD is not modified alike', send: request('HEAD /f', 'If-None-Match: {etag}'), expect: notModified },
  {
    rule: 'a large file is not modified alike',
    send: get('/big', 'If-None-Match: {bigEtag}'),
    expect: { status: 304 },
  },
]);

conforms('RFC 9110, 13.1.3: If-Modified-Since', [
  { rule: 'the date', send: get('/f', 'If-Modified-Since: {date}'), expect: notModified },
  {
    rule: 'a later date',
    send: get('/f', `If-Modified-Since: ${after}`),
    expect: notModified,
    differs: 'nginx compares for equality: RFC 9110 asks for "earlier or equal"',
  },
  { rule: 'an earlier date', send: get('/f', `If-Modified-Since: ${before}`), expect: whole },
  {
    rule: '5.6.7: in the form of RFC 850',
    send: get('/f', 'If-Modified-Since: Wednesday, 21-Oct-15 07:28:00 GMT'),
    expect: notModified,
  },
  {
    rule: '5.6.7: in the form of asctime',
    send: get('/f', 'If-Modified-Since: Wed Oct 21 07:28:00 2015'),
    expect: notModified,
  },
  { rule: 'what is no date is passed over', send: get('/f', 'If-Modified-Since: 2015-10-21T07:28:00Z'), expect: whole },
  {
    rule: 'two dates are none',
    send: get('/f', 'If-Modified-Since: {date}', 'If-Modified-Since: {date}'),
    expect: whole,
  },
  {
    rule: 'a date with a zone is none',
    send: get('/f', 'If-Modified-Since: Wed, 21 Oct 2015 07:28:00 +0000'),
    expect: whole,
  },
  {
    rule: 'a day that there is not is none',
    send: get('/f', 'If-Modified-Since: Tue, 31 Feb 2017 07:28:00 GMT'),
    expect: whole,
  },
  { rule: 'HEAD alike', send: request('HEAD /f', 'If-Modified-Since: {date}'), expect: notModified },
]);

conforms('RFC 9110, 13.1.4: If-Unmodified-Since', [
  { rule: 'the date', send: get('/f', 'If-Unmodified-Since: {date}'), expect: whole },
  { rule: 'a later date', send: get('/f', `If-Unmodified-Since: ${after}`), expect: whole },
  { rule: 'an earlier date', send: get('/f', `If-Unmodified-Since: ${before}`), expect: failed },
  { rule: 'what is no date is passed over', send: get('/f', 'If-Unmodified-Since: then'), expect: whole },
  {
    rule: 'two dates are none',
    send: get('/f', `If-Unmodified-Since: ${before}`, `If-Unmodified-Since: ${before}`),
    expect: whole,
  },
]);

conforms('RFC 9110, 13.1.5: If-Range', [
  {
    rule: 'the tag',
    send: get('/f', 'Range: bytes=0-1', 'If-Range: {etag}'),
    expect: { ...part, fields: { ETag: '{etag}', 'Content-Type': null, 'Last-Modified': null } },
  },
  {
    rule: '15.3.7: without it, a part is described in full',
    send: get('/f', 'Range: bytes=0-1'),
    expect: {
      ...part,
      fields: { ETag: '{etag}', 'Content-Type': 'application/octet-stream', 'Last-Modified': '{date}' },
    },
  },
  { rule: 'another tag: the whole', send: get('/f', 'Range: bytes=0-1', 'If-Range: "a"'), expect: whole },
  { rule: 'a weak tag: the whole', send: get('/f', 'Range: bytes=0-1', 'If-Range: W/{etag}'), expect: whole },
  { rule: 'two tags are none', send: get('/f', 'Range: bytes=0-1', 'If-Range: {etag}, "a"'), expect: whole },
  {
    rule: 'the date',
    send: get('/f', 'Range: bytes=0-1', 'If-Range: {date}'),
    expect: whole,
    differs:
      'nginx sends the part: a date can be set back by any program, and bytes must never be joined on it (RFC 9110, 8.8.2.2)',
  },
  { rule: 'another date', send: get('/f', 'Range: bytes=0-1', `If-Range: ${before}`), expect: whole },
  { rule: 'without a range it means nothing', send: get('/f', 'If-Range: {etag}'), expect: whole },
  {
    rule: 'a range that does not fit is not looked at when the tag is another',
    send: get('/f', 'Range: bytes=900-', 'If-Range: "a"'),
    expect: whole,
  },
  { rule: 'a large file alike', send: get('/big', 'Range: bytes=0-1', 'If-Range: {bigEtag}'), expect: part },
]);

conforms('RFC 9110, 13.2.2: precedence', [
  {
    rule: 'If-Match goes before If-Unmodified-Since (holds)',
    send: get('/f', 'If-Match: {etag}', `If-Unmodified-Since: ${before}`),
    expect: whole,
  },
  {
    rule: 'If-Match goes before If-Unmodified-Since (fails)',
    send: get('/f', 'If-Match: "a"', `If-Unmodified-Since: ${after}`),
    expect: failed,
  },
  {
    rule: 'If-None-Match goes before If-Modified-Since (holds)',
    send: get('/f', 'If-None-Match: "a"', `If-Modified-Since: ${after}`),
    expect: whole,
  },
  {
    rule: 'If-None-Match goes before If-Modified-Since (fails)',
    send: get('/f', 'If-None-Match: {etag}', `If-Modified-Since: ${before}`),
    expect: notModified,
  },
  {
    rule: 'If-Match goes before If-None-Match',
    send: get('/f', 'If-Match: "a"', 'If-None-Match: {etag}'),
    expect: failed,
  },
  { rule: 'both hold', send: get('/f', 'If-Match: {etag}', 'If-None-Match: "a"'), expect: whole },
  {
    rule: 'If-Unmodified-Since goes before If-None-Match',
    send: get('/f', `If-Unmodified-Since: ${before}`, 'If-None-Match: {etag}'),
    expect: failed,
  },
  {
    rule: '13.2.1: a condition goes before a range',
    send: get('/f', 'If-None-Match: {etag}', 'Range: bytes=0-1'),
    expect: notModified,
  },
  {
    rule: '13.2.1: and before one that does not fit',
    send: get('/f', 'If-Match: "a"', 'Range: bytes=900-'),
    expect: failed,
  },
  {
    rule: '13.2.1: it does not turn a refusal into a 304',
    send: get('/no', 'If-None-Match: *'),
    expect: { status: 404 },
  },
  { rule: '13.2.1: or a 405 into a 412', send: request('PUT /f', 'If-Match: "a"'), expect: { status: 405 } },
]);
