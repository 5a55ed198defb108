import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import S3rver from 's3rver';

/**
 * The S3 that the desk brings along, so that nothing has to be installed: s3rver, on loopback only. Of the servers on npm
 * it is the one that the AWS SDK and awscli can list, get and put against and that keeps its objects as files; it has not
 * been released since 2021, which is why nothing but this machine may reach it.
 */
export interface ObjectStore {
  readonly endpoint: string;
  close(): Promise<void>;
}

/** Who the desk itself is to its store. Any other key is as good: see {@link acceptAnyKey}. */
export const DESK_CREDENTIALS = { accessKeyId: 'desk', secretAccessKey: 'desk' } as const;

/** Rejects with the error of `listen(2)` where the port is taken. `port` 0 takes any. */
export async function openObjectStore(directory: string, port: number, bucket: string): Promise<ObjectStore> {
  acceptAnyKey();
  putWhole();
  const server = new S3rver({
    address: '127.0.0.1',
    port,
    directory,
    silent: true,
    allowMismatchedSignatures: true,
    configureBuckets: [{ name: bucket, configs: [] }],
  });
  const address = await server.run();
  return { endpoint: `http://127.0.0.1:${address.port}`, close: () => server.close() };
}

/** What is used here of s3rver's store of files. */
interface FileStore {
  putObject(object: PutObject): Promise<{ size: number; md5: string }>;
  putMetadata(bucket: string, key: string, metadata: unknown, md5: string): Promise<void>;
  getResourcePath(bucket: string, key: string, resource: string): string;
}

interface PutObject {
  readonly bucket: string;
  readonly key: string;
  readonly content: AsyncIterable<Buffer>;
  readonly metadata: unknown;
}

/**
 * s3rver writes an object where it is listed and read meanwhile, and answers before its last bytes are written. In S3 an
 * object is there whole or not at all, from the answer on.
 */
function putWhole(): void {
  const { prototype }: { prototype: FileStore } = createRequire(import.meta.url)('s3rver/lib/stores/filesystem');
  prototype.putObject = async function ({ bucket, key, content, metadata }) {
    const path = this.getResourcePath(bucket, key, 'object');
    // What does not end as an object does is not listed.
    const staged = `${path}.${randomUUID()}`;
    const hash = createHash('md5');
    let sizeBytes = 0;
    await mkdir(dirname(path), { recursive: true });
    try {
      await pipeline(
        content,
        async function* (chunks: AsyncIterable<Buffer>) {
          for await (const chunk of chunks) {
            hash.update(chunk);
            sizeBytes += chunk.length;
            yield chunk;
          }
        },
        createWriteStream(staged),
      );
      const md5 = hash.digest('hex');
      await this.putMetadata(bucket, key, metadata, md5);
      await rename(staged, path);
      return { size: sizeBytes, md5 };
    } catch (error) {
      await rm(staged, { force: true });
      throw error;
    }
  };
}

interface AccountRegistry {
  get(accessKeyId: string): unknown;
}

/** s3rver knows one key and refuses others before it looks at a signature; on a desk whatever key is set will do. */
function acceptAnyKey(): void {
  const { registry, DUMMY_ACCOUNT }: { registry: AccountRegistry; DUMMY_ACCOUNT: { accessKeys: Map<string, string> } } =
    createRequire(import.meta.url)('s3rver/lib/models/account');
  registry.get = (accessKeyId) => {
    DUMMY_ACCOUNT.accessKeys.set(accessKeyId, DUMMY_ACCOUNT.accessKeys.get(accessKeyId) ?? 'any');
    return DUMMY_ACCOUNT;
  };
}
