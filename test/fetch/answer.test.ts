import { describe, expect, it } from 'vitest';
import { type Asked, judge, mayChangeUnseen, statedDigest } from '../../agents/fetch/answer.ts';
import { contentLength } from '../../agents/fetch/http-message.ts';
import { formatDigest } from '../../shared/digest.ts';

const head = (status: number, fields: Record<string, string> = {}) => ({
  status,
  fields: new Map(Object.entries(fields)),
});
const whole: Asked = { from: 0, etag: null, sizeBytes: null };
const rest: Asked = { from: 100, etag: { weak: false, opaque: 'v1' }, sizeBytes: 200 };
const good = { etag: '"v1"', 'content-range': 'bytes 100-199/200', 'content-length': '100' };
const failing = (code: string) => expect.objectContaining({ code });

describe('judge', () => {
  it('takes the rest of the same version, exactly as asked', () => {
    const version = { kind: 'rest', version: { etag: '"v1"', sizeBytes: 200 } };
    expect(judge(head(206, good), rest)).toMatchObject(version);
    // Its size need not be told, since it is known of this version.
    expect(judge(head(206, { ...good, 'content-range': 'bytes 100-199/*' }), rest)).toMatchObject(version);
  });

  it.each([
    ['another version', { ...good, etag: '"v2"' }],
    ['a weak tag', { ...good, etag: 'W/"v1"' }],
    ['no tag', { 'content-range': good['content-range'] }],
    ['another size', { ...good, 'content-range': 'bytes 100-300/301' }],
  ])('joins nothing to %s', (_, fields) => expect(judge(head(206, fields), rest)).toEqual({ kind: 'changed' }));

  it.each([
    ['another stretch', { ...good, 'content-range': 'bytes 99-199/200' }],
    ['a shorter one', { ...good, 'content-range': 'bytes 100-150/200' }],
    ['no Content-Range', { etag: '"v1"' }],
    ['a malformed one', { ...good, 'content-range': 'bytes 100-/200' }],
    ['a length that contradicts it', { ...good, 'content-length': '99' }],
    ['several parts', { etag: '"v1"', 'content-type': 'multipart/byteranges; boundary=x' }],
  ])('trusts no server that sends %s', (_, fields) =>
    expect(() => judge(head(206, fields), rest)).toThrow(failing('bad-answer')),
  );

  it.each([
    [200, whole, { kind: 'whole' }],
    [200, rest, { kind: 'whole' }],
    [304, whole, { kind: 'unchanged' }],
    [412, rest, { kind: 'changed' }],
    [416, rest, { kind: 'changed' }],
  ])('%i', (status, asked, answer) => expect(judge(head(status), asked)).toMatchObject(answer));

  it.each([
    [206, 'bad-answer'],
    [204, 'bad-answer'],
    [300, 'bad-answer'],
    [401, 'refused'],
    [403, 'refused'],
    [404, 'refused'],
    [410, 'refused'],
    [416, 'refused'],
    [408, 'server-busy'],
    [425, 'server-busy'],
    [429, 'server-busy'],
    [500, 'server-busy'],
    [503, 'server-busy'],
  ])('%i to a plain request is %s', (status, code) => expect(() => judge(head(status), whole)).toThrow(failing(code)));

  it.each([
    { 'content-encoding': 'gzip' },
    { 'transfer-encoding': 'gzip' },
    { 'transfer-encoding': 'gzip, chunked' },
    { 'transfer-encoding': 'identity' },
  ])('keeps no encoding that it did not ask for: %j', (fields) => {
    expect(() => judge(head(200, fields), whole)).toThrow(failing('bad-answer'));
    expect(judge(head(200, { 'transfer-encoding': 'Chunked' }), whole).kind).toBe('whole');
  });
});

describe('contentLength', () => {
  it.each([
    [{}, null],
    [{ 'content-length': '5' }, 5],
  ])('%j', (fields, expected) => expect(contentLength(head(200, fields))).toBe(expected));

  it.each(['5, 6', '5, 5', '-1', '0x5', '', '1e3'])('refuses %j', (text) =>
    expect(() => contentLength(head(200, { 'content-length': text }))).toThrow(failing('bad-answer')),
  );
});

describe('statedDigest', () => {
  const hex = 'ab'.repeat(32);
  const field = formatDigest(hex);
  it.each([
    [200, {}, null],
    [200, { 'repr-digest': field }, hex],
    [206, { 'repr-digest': field }, hex],
    [200, { 'content-digest': field }, hex],
    [206, { 'content-digest': field }, null],
    [200, { digest: `SHA-256=${Buffer.from(hex, 'hex').toString('base64')}` }, hex],
    [200, { digest: 'MD5=xxxx' }, null],
  ])('%i %j', (status, fields, expected) => expect(statedDigest(head(status, fields))).toBe(expected));

  it.each([{ 'repr-digest': 'sha-256=abc' }, { 'repr-digest': 'sha-256=:AAAA:' }, { digest: 'SHA-256=xyz' }])(
    'never takes %j for none',
    (fields) => expect(() => statedDigest(head(200, fields))).toThrow(failing('unverified')),
  );
});

describe('mayChangeUnseen (RFC 9110, 8.8.2.2)', () => {
  const date = 'Tue, 24 Nov 2026 06:00:05 GMT';
  it.each([
    ['Tue, 24 Nov 2026 06:00:05 GMT', true],
    ['Tue, 24 Nov 2026 06:00:06 GMT', true],
    ['Tue, 24 Nov 2026 06:00:04 GMT', false],
    ['yesterday', false],
  ])('modified %s: %s', (modified, expected) =>
    expect(mayChangeUnseen(head(200, { date, 'last-modified': modified }))).toBe(expected),
  );
  it('cannot tell without both dates', () => expect(mayChangeUnseen(head(200, { date }))).toBe(false));
});
