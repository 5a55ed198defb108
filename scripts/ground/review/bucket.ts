import { createReadStream, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { listBucket } from '../../simulate/listing.ts';
import { diskFailure, GroundFailure } from '../failure.ts';

export interface StoredObject {
  readonly key: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}

/** Where downlinked files arrive. Keys come in the order of S3, folders as objects of no bytes whose key ends in `/`. */
export interface Bucket {
  /** For sentences: where it is. */
  readonly name: string;
  list(): Promise<readonly StoredObject[]>;
  /** The content of an object; that of a bucket that is far away breaks off with `unreachable`. */
  open(key: string): Promise<AsyncIterable<Uint8Array>>;
}

/** A directory that stands for a bucket: a copy made by `aws s3 sync`, or the one that `npm run simulate` fills. */
export function directoryBucket(path: string): Bucket {
  const root = resolve(path);
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory()) {
    throw new GroundFailure('usage', `${path} is not a directory: name one, or a bucket such as s3://bucket/prefix.`);
  }
  return {
    name: root,
    list: async () => {
      try {
        // The whole path is the key: it may be named from anywhere above or below the satellites.
        return listBucket(root).map((object) => ({ ...object, key: join(root, object.key) }));
      } catch (error) {
        throw diskFailure(`The directory ${root} cannot be read`, error);
      }
    },
    open: async (key) => createReadStream(key),
  };
}
