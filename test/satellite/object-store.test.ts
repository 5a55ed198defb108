import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { openObjectStore } from '../../scripts/satellite/object-store.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { objects } from './objects.ts';

const BUCKET = 'customer-s3-bucket';
const content = Buffer.alloc(200_000, 'x');
const half = content.subarray(0, content.length / 2);

async function store() {
  const directory = temporaryDirectory();
  const { endpoint, close } = await openObjectStore(directory, 0, BUCKET);
  onTestFinished(close);
  const sizes = (): number[] =>
    readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .map((name) => statSync(join(directory, name)))
      .flatMap((stats) => (stats.isFile() ? [stats.size] : []));
  return { s3Endpoint: endpoint, sizes };
}

/** Begins to put the object `key`, and resolves once half of it has reached the store's disk. */
async function putHalf(
  { s3Endpoint, sizes }: Awaited<ReturnType<typeof store>>,
  key: string,
): Promise<{ put: ClientRequest; answered: Promise<unknown[]> }> {
  const put = request(`${s3Endpoint}/${BUCKET}/${key}`, {
    method: 'PUT',
    headers: {
      'content-length': content.length,
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      'x-amz-date': new Date().toISOString().replace(/[-:]|\.\d+/g, ''),
      authorization: `AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=any`,
    },
  });
  const answered = once(put, 'response');
  answered.catch(() => {});
  put.write(half);
  await vi.waitFor(() => expect(sizes()).toContain(half.length));
  return { put, answered };
}

it('shows an object when it is whole, and all of it from the answer on', async () => {
  const desk = await store();
  const { put, answered } = await putHalf(desk, 'a/file');
  expect(await objects(desk)).toEqual(new Map());
  put.end(content.subarray(half.length));
  const [answer] = (await answered) as [IncomingMessage];
  expect(answer.statusCode).toBe(200);
  expect(await objects(desk)).toEqual(new Map([['a/file', content]]));
});

it('keeps nothing of an object that breaks off', async () => {
  const desk = await store();
  const { put } = await putHalf(desk, 'a/file');
  put.destroy();
  await vi.waitFor(() => expect(desk.sizes()).not.toContain(half.length));
  expect(await objects(desk)).toEqual(new Map());
});
