import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pLimit from 'p-limit';
import { diskFailure, GroundFailure } from '../failure.ts';
import type { Arrival } from './arrival.ts';
import type { Bucket } from './bucket.ts';

/** An arrival with its bytes on this machine. */
export interface Collected extends Arrival {
  readonly path: string;
  readonly sha256: string;
}

const OBJECTS_AT_ONCE = 4;

/**
 * Brings what arrived to `directory`, below the satellite's name, and takes its digest. What is there already, of the
 * right size, is not fetched again; a file appears only when it is whole.
 */
export async function collect(
  bucket: Bucket,
  arrivals: readonly Arrival[],
  directory: string,
): Promise<readonly Collected[]> {
  const limit = pLimit(OBJECTS_AT_ONCE);
  return Promise.all(
    arrivals.map((arrival) =>
      limit(async () => {
        const path = join(directory, arrival.satellite, safePath(arrival));
        try {
          return { ...arrival, path, sha256: await bring(bucket, arrival, path) };
        } catch (error) {
          // Nobody waits for the others any more.
          limit.clearQueue();
          throw error;
        }
      }),
    ),
  );
}

async function bring(bucket: Bucket, arrival: Arrival, path: string): Promise<string> {
  const there = await stat(path).catch(() => null);
  if (there?.isFile() && there.size === arrival.sizeBytes) return digestOf(createReadStream(path));
  const source = await bucket.open(arrival.key);
  const staged = `${path}.partial`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const hash = createHash('sha256');
    let sizeBytes = 0;
    await pipeline(
      source,
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          hash.update(chunk);
          sizeBytes += chunk.length;
          yield chunk;
        }
      },
      createWriteStream(staged),
    );
    if (sizeBytes !== arrival.sizeBytes) {
      const sentence = `${arrival.key} had ${arrival.sizeBytes} bytes when it was listed, and has ${sizeBytes} now.`;
      throw new GroundFailure('unreachable', sentence);
    }
    await rename(staged, path);
    return hash.digest('hex');
  } catch (error) {
    await rm(staged, { force: true });
    if (error instanceof GroundFailure) throw error;
    throw diskFailure(`${arrival.key} cannot be brought to ${path}`, error);
  }
}

async function digestOf(source: Readable): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(source, hash);
  return hash.digest('hex');
}

/** An object's name comes from a satellite: it must not lead out of the directory, whatever it holds. */
function safePath(arrival: Arrival): string {
  return arrival.listedAs
    .split('/')
    .map((part) => (part === '' || part === '.' || part === '..' ? '_' : part.replaceAll('\0', '_')))
    .join('/');
}
