import { createRequire } from 'node:module';
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
