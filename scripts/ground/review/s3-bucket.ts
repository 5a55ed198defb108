import type { Readable } from 'node:stream';
import { GetObjectCommand, paginateListObjectsV2, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { GroundFailure } from '../failure.ts';
import type { Bucket, StoredObject } from './bucket.ts';

/** Any region will do where an endpoint is named, and S3 itself says which it wants. */
const REGION_OF_LAST_RESORT = 'us-east-1';

/**
 * A bucket of S3, or of whatever speaks its protocol at `endpoint`. Credentials and region come the usual way:
 * environment, shared configuration files, container or instance. Calls reject with `unreachable` or `refused`.
 */
export function s3Bucket(
  url: string,
  endpoint: string | undefined,
  variables: Readonly<Record<string, string | undefined>>,
): Bucket {
  const { bucket, prefix } = parseS3Url(url);
  const region = variables.AWS_REGION ?? variables.AWS_DEFAULT_REGION;
  const client = new S3Client({
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(region === undefined && endpoint !== undefined ? { region: REGION_OF_LAST_RESORT } : {}),
    // Not every server that speaks S3 knows the checksums that the SDK asks for by default; we check digests ourselves.
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  return {
    name: `s3://${bucket}/${prefix}`,
    list: () =>
      explained(url, async () => {
        const objects: StoredObject[] = [];
        for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix })) {
          for (const { Key: key, Size: sizeBytes, LastModified: modifiedAt } of page.Contents ?? []) {
            if (key !== undefined)
              objects.push({ key, sizeBytes: sizeBytes ?? 0, modifiedAt: modifiedAt ?? new Date(0) });
          }
        }
        return objects;
      }),
    open: (key) =>
      explained(url, async () => {
        const { Body: body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
        if (body === undefined) throw new GroundFailure('bad-answer', `s3://${bucket}/${key} came without a body.`);
        return contentOf(`s3://${bucket}/${key}`, body as Readable);
      }),
  };
}

function parseS3Url(url: string): { bucket: string; prefix: string } {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(url);
  if (match === null) {
    throw new GroundFailure('usage', `"${url}" is not a bucket: give one such as s3://customer-s3-bucket/a/directory.`);
  }
  return { bucket: match[1] ?? '', prefix: match[2] ?? '' };
}

async function explained<T>(url: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw explain(url, error);
  }
}

/** The SDK sends a request again, and does not continue a body. */
async function* contentOf(name: string, body: Readable): AsyncIterable<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw new GroundFailure('unreachable', `${name} broke off (${codeOf(error)}).`, { cause: error });
  }
}

function explain(url: string, error: unknown): unknown {
  if (error instanceof GroundFailure || !(error instanceof Error)) return error;
  const status = error instanceof S3ServiceException ? (error.$metadata.httpStatusCode ?? 0) : 0;
  if (status === 301) {
    const sentence = `${url} lies in another region: set AWS_REGION to the one of the bucket.`;
    return new GroundFailure('refused', sentence, { cause: error });
  }
  if (status >= 400 && status < 500) {
    return new GroundFailure('refused', `${url} was refused with ${status}: ${error.name}.`, { cause: error });
  }
  if (/^(CredentialsProviderError|TokenProviderError)$/.test(error.name)) {
    return new GroundFailure(
      'usage',
      `There are no credentials for ${url}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.`,
      { cause: error },
    );
  }
  if (/region is missing/i.test(error.message)) {
    return new GroundFailure('usage', `The region of ${url} is not known: set AWS_REGION.`, { cause: error });
  }
  const why = status === 0 ? codeOf(error) : status;
  return new GroundFailure('unreachable', `${url} did not answer (${why}).`, { cause: error });
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? String(error.code) : error.name;
}
