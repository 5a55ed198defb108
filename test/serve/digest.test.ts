import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDigest } from '../../shared/digest.ts';
import { parseFileDigest } from '../../shared/file-digest.ts';
import { featurePath } from '../../shared/protocol.ts';
import { nodes } from '../support/agent.ts';
import { startServer } from './server.ts';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe.each(nodes)('digests from payload-serve on %s', (_, node) => {
  const content = randomBytes(2_500_000);

  it('come with HEAD when asked for, and from then on with GET', async () => {
    const { origin, root } = await startServer({ node });
    writeFileSync(join(root, 'f'), content);
    const stated = async (init: RequestInit): Promise<unknown> => {
      const response = await fetch(`${origin}/f`, init);
      await response.arrayBuffer();
      return parseDigest(response.headers.get('repr-digest') ?? undefined);
    };
    const want = { 'Want-Repr-Digest': 'sha-256=5' };
    expect(await stated({})).toEqual({ kind: 'none' });
    // A file that was just written has no strong validator yet, under which its digest could be remembered.
    await expect.poll(async () => (await fetch(`${origin}/f`, { method: 'HEAD' })).headers.get('etag')).toMatch(/^"/);
    expect(await stated({ method: 'HEAD' })).toEqual({ kind: 'none' });
    expect(await stated({ method: 'HEAD', headers: want })).toEqual({ kind: 'sha-256', hex: sha256(content) });
    expect(await stated({})).toEqual({ kind: 'sha-256', hex: sha256(content) });
    expect(await stated({ headers: { Range: 'bytes=5-9' } })).toEqual({ kind: 'sha-256', hex: sha256(content) });

    appendFileSync(join(root, 'f'), 'more');
    expect(await stated({})).toEqual({ kind: 'none' });
  });

  it('are computed for a file, its beginning, and its blocks', async () => {
    const { origin, root } = await startServer({ node });
    writeFileSync(join(root, 'f f'), content);
    const digest = async (query: string) => {
      const response = await fetch(`${origin}${featurePath('digest', '/f%20f')}${query}`);
      return parseFileDigest(await response.text());
    };
    const whole = { from: 0, to: 2_500_000, sizeBytes: 2_500_000, blockBytes: null, blocks: null, unchanged: true };
    expect(await digest('')).toEqual({ ...whole, sha256: sha256(content) });
    expect(await digest('?to=1000')).toEqual({ ...whole, to: 1000, sha256: sha256(content.subarray(0, 1000)) });
    expect(await digest('?from=10&to=2000000&block=1048576')).toEqual({
      ...whole,
      from: 10,
      to: 2_000_000,
      sha256: sha256(content.subarray(10, 2_000_000)),
      blockBytes: 1_048_576,
      blocks: [sha256(content.subarray(10, 1_048_586)), sha256(content.subarray(1_048_586, 2_000_000))],
    });
  });
});

describe('the digest resource refuses', () => {
  it.each([
    ['?from=2&to=1', {}, 400],
    ['?block=1', {}, 400],
    ['?to=-1', {}, 400],
    ['?to=1&to=2', {}, 400],
    ['?other=1', {}, 400],
    ['?to=8', {}, 416],
    ['', { 'If-Match': '"other"' }, 412],
  ])('%s %j with %i', async (query, headers, status) => {
    const { origin, root } = await startServer();
    writeFileSync(join(root, 'f'), 'content');
    expect((await fetch(`${origin}${featurePath('digest', '/f')}${query}`, { headers })).status).toBe(status);
    expect((await fetch(`${origin}${featurePath('digest', '/absent')}`)).status).toBe(404);
    expect((await fetch(`${origin}${featurePath('digest', '/')}`)).status).toBe(404);
  });
});
