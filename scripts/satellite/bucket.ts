import { createReadStream, type ReadStream } from 'node:fs';
import { GetObjectCommand, PutObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { downlinkPrefix, folderMarkers, objectKey } from '../simulate/bucket.ts';
import type { DeliveredObject, Download } from './model.ts';

export interface BucketOptions {
  readonly endpoint: string;
  readonly bucket: string;
  readonly prefix: string;
  /** Absent: the usual credential chain of the AWS SDK. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** The customer's bucket, into which the operator puts what was downlinked. */
export class Bucket {
  readonly #client: S3Client;
  readonly #options: BucketOptions;
  /** The markers and objects that stand there already: a name is never used twice. */
  readonly #keys = new Set<string>();
  readonly #latestMs = new Map<string, number>();

  constructor(options: BucketOptions) {
    this.#options = options;
    // The SDK warns of what its later versions will ask for; ours is pinned, and runs on the Node that `engines` names.
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
    this.#client = new S3Client({
      endpoint: options.endpoint,
      region: process.env.AWS_REGION ?? 'us-east-1',
      forcePathStyle: true,
      // The embedded store would keep the SDK's own checksum trailer as a part of the object.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    });
  }

  /**
   * Puts one file under the name that the tutorial shows, with the zero-byte objects for its folders. Of one satellite a
   * later object never has an earlier name, even where its clock was set back in between. Rejects where S3 does.
   */
  async deliver(download: Download, nowMs: number): Promise<DeliveredObject> {
    const { satelliteId, name, file, sizeBytes } = download;
    const downlink = downlinkPrefix(this.#options.prefix, satelliteId);
    let atMs = Math.max(nowMs, this.#latestMs.get(satelliteId) ?? 0);
    while (this.#keys.has(downlink + objectKey(new Date(atMs), name))) atMs += 1000;

    const below = objectKey(new Date(atMs), name);
    for (const marker of folderMarkers([below])) {
      if (!this.#keys.has(downlink + marker)) await this.#put(downlink + marker, '', 0);
    }
    await this.#put(downlink + below, createReadStream(file), sizeBytes);
    this.#latestMs.set(satelliteId, atMs);
    return { satelliteId, key: downlink + below, sizeBytes, atMs };
  }

  /** An object's content, as a stream for an answer over HTTP. */
  async read(key: string): Promise<ReadableStream> {
    const { Body } = await this.#client.send(new GetObjectCommand({ Bucket: this.#options.bucket, Key: key }));
    if (Body === undefined) throw new Error(`${key} came without a body.`);
    return Body.transformToWebStream();
  }

  /** The keys of everything in the bucket, folder markers too. */
  async list(): Promise<readonly string[]> {
    const keys: string[] = [];
    for await (const { Contents = [] } of paginateListObjectsV2(
      { client: this.#client },
      { Bucket: this.#options.bucket },
    )) {
      keys.push(...Contents.flatMap(({ Key }) => Key ?? []));
    }
    return keys;
  }

  close(): void {
    this.#client.destroy();
  }

  async #put(key: string, body: string | ReadStream, sizeBytes: number): Promise<void> {
    const { bucket } = this.#options;
    await this.#client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentLength: sizeBytes }));
    this.#keys.add(key);
  }
}
