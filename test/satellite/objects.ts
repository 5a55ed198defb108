import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';

const Bucket = 'customer-s3-bucket';

/** Everything in the bucket, by key, as the customer gets it: with the AWS SDK, and keys of the customer's own. */
export async function objects(desk: { readonly s3Endpoint: string }): Promise<ReadonlyMap<string, Buffer>> {
  const client = new S3Client({
    endpoint: desk.s3Endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'anybody', secretAccessKey: 'at all' },
  });
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
  const found = new Map<string, Buffer>();
  for (const { Key = '' } of Contents) {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
    found.set(Key, Buffer.from((await Body?.transformToByteArray()) ?? []));
  }
  client.destroy();
  return found;
}

/** The content of the latest object that was this file of an outbox; `undefined` where there is none. */
export async function delivered(desk: { readonly s3Endpoint: string }, name: string): Promise<Buffer | undefined> {
  return [...(await objects(desk))].filter(([key]) => key.endsWith(`Z_${name}`)).at(-1)?.[1];
}
