import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type Arrival, parseArrival } from '../../scripts/ground/review/arrival.ts';
import type { Bucket } from '../../scripts/ground/review/bucket.ts';
import { collect } from '../../scripts/ground/review/collect.ts';
import { s3Bucket } from '../../scripts/ground/review/s3-bucket.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const SIZE_BYTES = 4;

const arrivalOf = (name: string): Arrival => {
  const arrival = parseArrival(`FM1/downlink/20261201T060200Z_${name}`, SIZE_BYTES);
  if (arrival === null) throw new Error(`${name} is no arrival`);
  return arrival;
};

async function* partsOf(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text);
}

/** A bucket in which every object is what `content` says. */
const bucketOf = (content: (key: string) => string | Promise<string>): Bucket => ({
  name: 'a bucket',
  list: async () => [],
  open: async (key) => partsOf(await content(key)),
});

test('brings what arrived, and takes its digest', async () => {
  const [object] = await collect(
    bucketOf(() => 'four'),
    [arrivalOf('a')],
    temporaryDirectory(),
  );
  expect(object).toMatchObject({ name: 'a', sha256: expect.stringMatching(/^04efaf080f5a3e74/) });
});

test('what is no longer as it was listed is not kept, and is what the failure names', async () => {
  const directory = temporaryDirectory();
  await expect(
    collect(
      bucketOf(() => 'more'.repeat(2)),
      [arrivalOf('a')],
      directory,
    ),
  ).rejects.toMatchObject({
    code: 'unreachable',
    message: 'FM1/downlink/20261201T060200Z_a had 4 bytes when it was listed, and has 8 now.',
  });
  expect(readdirSync(join(directory, 'FM1'))).toEqual([]);
});

test('begins nothing more after a failure', async () => {
  const directory = temporaryDirectory();
  const opened: string[] = [];
  let release = (_: string): void => {};
  const released = new Promise<string>((resolve) => {
    release = resolve;
  });
  const bucket = bucketOf((key) => {
    opened.push(key);
    return key.endsWith('_0') ? 'wrong' : released;
  });
  const many = Array.from({ length: 20 }, (_, n) => arrivalOf(String(n)));
  await expect(collect(bucket, many, directory)).rejects.toMatchObject({ code: 'unreachable' });
  release('four');
  await vi.waitFor(() => expect(readdirSync(join(directory, 'FM1'))).toHaveLength(opened.length - 1));
  expect(opened.length).toBeLessThan(many.length);
});

/** A bucket by way of a server that speaks as little of S3 as a test needs. */
async function answeredBy(answer: RequestListener): Promise<Bucket> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, 'any');
  onTestFinished(() => void vi.unstubAllEnvs());
  const { port } = server.address() as AddressInfo;
  return s3Bucket('s3://customer-s3-bucket', `http://127.0.0.1:${port}`, {});
}

test('an object that breaks off on its way is no fault of the disk', async () => {
  const bucket = await answeredBy((_, response) => {
    response.writeHead(200, { 'content-length': SIZE_BYTES });
    response.write('fo', () => response.destroy());
  });
  await expect(collect(bucket, [arrivalOf('a')], temporaryDirectory())).rejects.toMatchObject({
    code: 'unreachable',
    message: 's3://customer-s3-bucket/FM1/downlink/20261201T060200Z_a broke off (ECONNRESET).',
  });
});

test('a bucket of another region is not asked again, and the sentence says what to set', async () => {
  const bucket = await answeredBy((_, response) => {
    response.writeHead(301, { 'content-type': 'application/xml', 'x-amz-bucket-region': 'eu-west-1' });
    response.end('<Error><Code>PermanentRedirect</Code><Message>Use the other endpoint.</Message></Error>');
  });
  await expect(bucket.list()).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining('set AWS_REGION'),
  });
});
