import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFileDigest } from '../../shared/file-digest.ts';
import { parseListing } from '../../shared/listing.ts';
import { parseManifestLine } from '../../shared/manifest.ts';
import { featurePath, parseIdentity } from '../../shared/protocol.ts';
import { formatRefusal, type RefusalCode, refusalKinds } from '../../shared/refusal.ts';

const sha256 = 'a'.repeat(64);
const identity = { agent: 'payload-serve', version: '0.1.0', protocol: 1, features: ['digest'] };
const digest = { from: 0, to: 10, sizeBytes: 10, sha256, blockBytes: null, blocks: null, unchanged: true };
const blocks = { ...digest, blockBytes: 4, blocks: [sha256, sha256, sha256] };
const entry = { kind: 'file', path: 'a', sizeBytes: 1, modifiedMs: 2, etag: '"x"' };
const end = { kind: 'end', count: 1, complete: true, reason: null };
const listing = [{ name: 'a', type: 'file', mtime: 'Sun, 06 Nov 1994 08:49:37 GMT', size: 1 }];

const readers = { parseIdentity, parseFileDigest, parseManifestLine, parseListing } as const;
type Reader = keyof typeof readers;

describe('what one agent reads of the other', () => {
  it.each<[Reader, unknown]>([
    ['parseIdentity', identity],
    ['parseFileDigest', digest],
    ['parseFileDigest', blocks],
    ['parseManifestLine', entry],
    ['parseManifestLine', end],
    ['parseListing', listing],
    ['parseListing', []],
  ])('%s takes what was meant: %j', (reader, value) => {
    expect(readers[reader](JSON.stringify(value))).toEqual(value);
  });

  it('passes over what a newer server adds', () => {
    expect(parseIdentity(JSON.stringify({ ...identity, mood: 'good', features: ['digest', 7] }))).toEqual(identity);
    expect(parseManifestLine(JSON.stringify({ ...entry, kind: 'portal' }))).toEqual({ ...entry, kind: 'other' });
  });

  it.each<[Reader, unknown]>([
    ['parseIdentity', { ...identity, protocol: '1' }],
    ['parseIdentity', []],
    ['parseFileDigest', { ...digest, sha256: 'A'.repeat(64) }],
    ['parseFileDigest', { ...digest, to: 11 }],
    ['parseFileDigest', { ...digest, from: 11 }],
    ['parseFileDigest', { ...digest, to: 0.5 }],
    ['parseFileDigest', { ...digest, blockBytes: 4 }],
    ['parseFileDigest', { ...blocks, blockBytes: 0 }],
    ['parseFileDigest', { ...blocks, blocks: [sha256] }],
    ['parseFileDigest', { ...blocks, blocks: [sha256, sha256, 'x'] }],
    ['parseManifestLine', { ...entry, path: '' }],
    ['parseManifestLine', { ...end, complete: 'yes' }],
    ['parseListing', [{ ...listing[0], type: 'fifo' }]],
    ['parseListing', {}],
  ])('%s does not take %j', (reader, value) => {
    expect(readers[reader](JSON.stringify(value))).toBeNull();
  });

  it.each(Object.keys(readers) as Reader[])('%s reads anything without throwing', (reader) => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        readers[reader](text);
      }),
    );
    expect(readers[reader]('<html>not found</html>')).toBeNull();
    expect(readers[reader]('null')).toBeNull();
  });
});

it('features lie below the well-known path', () => {
  expect(featurePath('done')).toBe('/.well-known/payload-link/done');
  expect(featurePath('digest', '/var/log/syslog')).toBe('/.well-known/payload-link/digest/var/log/syslog');
});

describe('refusals', () => {
  it.each(Object.keys(refusalKinds) as RefusalCode[])('%s is one line of JSON', (code) => {
    const body = formatRefusal(code);
    expect(body.indexOf('\n')).toBe(body.length - 1);
    expect(JSON.parse(body)).toEqual({ error: code, message: refusalKinds[code].sentence });
    expect(refusalKinds[code].status).toBeGreaterThanOrEqual(400);
  });
});
