import { lstatSync, readdirSync } from 'node:fs';
import { join, sep } from 'node:path';

export interface ListedObject {
  /** Below the prefix that is listed; ends with a slash where it stands for a folder. */
  readonly key: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}

/** The objects of a directory that stands for a bucket, in the order of S3: by the bytes of the key. */
export function listBucket(directory: string): readonly ListedObject[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .flatMap((name): readonly ListedObject[] => {
      const stats = lstatSync(join(directory, name), { throwIfNoEntry: false });
      // Renamed since, by the copy that is still being made; or its name is not UTF-8, as every key is.
      if (stats === undefined) return [];
      const key = name.split(sep).join('/');
      return stats.isDirectory()
        ? [{ key: `${key}/`, sizeBytes: 0, modifiedAt: stats.mtime }]
        : [{ key, sizeBytes: stats.size, modifiedAt: stats.mtime }];
    })
    .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
}

/** One line as `aws s3 ls --recursive` prints it, in UTC: `2021-09-06 04:32:29       2568 2021/09/06/...`. */
export function formatListing(object: ListedObject): string {
  const time = object.modifiedAt.toISOString().slice(0, 19).replace('T', ' ');
  return `${time} ${String(object.sizeBytes).padStart(10)} ${object.key}`;
}
