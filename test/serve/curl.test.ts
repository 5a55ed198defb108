import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { nodes } from '../support/agent.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { startServer } from './server.ts';

const run = promisify(execFile);
const curl = async (...args: string[]): Promise<string> => (await run('curl', ['-sS', ...args])).stdout;

describe.each(nodes)('curl, with payload-serve on %s', (_, node) => {
  it('fetches a file whole, in part, the rest of it, its header, and not again what it has', async () => {
    const { origin, root } = await startServer({ node });
    const content = randomBytes(3_000_000);
    writeFileSync(join(root, 'f'), content);
    utimesSync(join(root, 'f'), 1_000_000_000, 1_000_000_000);
    const out = join(temporaryDirectory(), 'x');

    await curl(`${origin}/f`, '-o', out);
    expect(readFileSync(out).equals(content)).toBe(true);

    await curl(`${origin}/f`, '-r', '100-199', '-o', out);
    expect(readFileSync(out).equals(content.subarray(100, 200))).toBe(true);

    writeFileSync(out, content.subarray(0, 1_234_567));
    await curl(`${origin}/f`, '-C', '-', '-o', out);
    expect(readFileSync(out).equals(content)).toBe(true);

    const header = await curl('-I', `${origin}/f`);
    expect(header).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(header).toMatch(/^content-length: 3000000\r$/im);
    expect(header).toMatch(/^accept-ranges: bytes\r$/im);
    expect(header).toMatch(/^etag: (W\/)?"[^"]+"\r$/im);
    expect(header).toMatch(/^last-modified: Sun, 09 Sep 2001 01:46:40 GMT\r$/im);

    utimesSync(out, 1_000_000_000, 1_000_000_000);
    expect(await curl(`${origin}/f`, '-z', out, '-o', out, '-w', '%{http_code}')).toBe('304');
    expect(statSync(out).size).toBe(3_000_000);
    utimesSync(out, 999_999_999, 999_999_999);
    expect(await curl(`${origin}/f`, '-z', out, '-o', out, '-w', '%{http_code}')).toBe('200');
  });

  it('is told the digest of a small file at once', async () => {
    const { origin, root } = await startServer({ node });
    writeFileSync(join(root, 'small'), 'content');
    const digest = createHash('sha256').update('content').digest('base64');
    expect(await curl('-i', `${origin}/small`)).toContain(`Repr-Digest: sha-256=:${digest}:\r\n`);
  });
});
