import { on } from 'node:events';
import { closeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { compileGlob } from '../../shared/glob.ts';
import type { ManifestEnd } from '../../shared/manifest.ts';
import { type Answer, refuse } from './answer.ts';
import type { OpenEntry } from './file-store.ts';
import source from './manifest.worker.ts?source';
import { type ManifestChunk, type ManifestQuery, manifestLines } from './manifest-lines.ts';
import { readQuery, wholeNumber } from './query.ts';
import { ALL, type Share } from './walk.ts';

/** What the helping thread is given. */
export interface ManifestJob {
  readonly fd: number;
  readonly query: ManifestQuery;
  readonly share: Share;
  /** How many of its chunks have been taken; it waits when it is `aheadChunks` ahead. */
  readonly taken: Int32Array;
  readonly aheadChunks: number;
}

/** 64 KiB each. */
const AHEAD_CHUNKS = 8;

/** What is made before a second thread is started: about 2,000 entries, in less time than its start would take. */
const CHUNKS_ALONE = 4;

/**
 * Answers the `manifest` resource (shared/manifest.ts). Nearly all of its time goes into asking the system about one name
 * after the other, so of a large tree half of the names are asked about by a second thread. There is one such thread at a
 * time, and none for a manifest with a limit, which would stop in two places.
 */
export class Manifests {
  #helping = false;

  /** The directory is closed when the last line is made. */
  answer(directory: OpenEntry, query: string, method: string): Answer {
    const asked = readQuery(query, {
      glob: (text) => (compileGlob(text) === null ? null : text),
      depth: wholeNumber,
      limit: wholeNumber,
    });
    const headers = { 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store' };
    if (asked === null || asked.depth === 0 || method === 'HEAD') {
      closeSync(directory.fd);
      return asked === null || asked.depth === 0
        ? refuse('bad-query')
        : { status: 200, headers, body: null, refusal: null };
    }
    const { glob = null, depth = Number.POSITIVE_INFINITY, limit = Number.POSITIVE_INFINITY } = asked;
    const chunks = this.#chunks(directory, { glob, depth, limit });
    return { status: 200, headers, body: { kind: 'stream', chunks }, refusal: null };
  }

  async *#chunks({ fd }: OpenEntry, query: ManifestQuery): AsyncGenerator<Uint8Array> {
    let count = 0;
    let reason: ManifestEnd['reason'] = null;
    const alone = manifestLines(fd, query, ALL);
    const begun = [...take(alone, CHUNKS_ALONE)];
    const helped = begun.length === CHUNKS_ALONE && !this.#helping && !Number.isFinite(query.limit);
    try {
      if (helped) this.#helping = true;
      for await (const chunk of helped ? inTwoThreads(fd, query) : inTurns(begun, alone)) {
        count += chunk.count;
        reason ??= chunk.reason;
        yield chunk.bytes;
      }
    } finally {
      if (helped) this.#helping = false;
      alone.return();
      closeSync(fd);
    }
    const end: ManifestEnd = { kind: 'end', count, complete: reason === null, reason };
    yield Buffer.from(`${JSON.stringify(end)}\n`);
  }
}

/** The first few, without ending what they come from. */
function* take<T>(from: Iterator<T, void>, most: number): Generator<T> {
  for (let taken = 0; taken < most; taken += 1) {
    const result = from.next();
    if (result.done === true) return;
    yield result.value;
  }
}

/** Between two chunks everybody else has a turn. */
async function* inTurns(...sources: readonly Iterable<ManifestChunk>[]): AsyncGenerator<ManifestChunk> {
  for (const chunks of sources) {
    for (const chunk of chunks) {
      yield chunk;
      await new Promise(setImmediate);
    }
  }
}

/** One share is made here, the other by a helper; its chunks are passed on as they come. */
async function* inTwoThreads(fd: number, query: ManifestQuery): AsyncGenerator<ManifestChunk> {
  const theirs = byHelper(fd, query);
  let next = theirs.next();
  let isHere = false;
  const watch = (): void => {
    isHere = false;
    const settled = (): void => {
      isHere = true;
    };
    next.then(settled, settled);
  };
  try {
    watch();
    for await (const chunk of inTurns(manifestLines(fd, query, { index: 0, of: 2 }))) {
      yield chunk;
      if (!isHere) continue;
      const result = await next;
      if (result.done === true) continue;
      yield result.value;
      next = theirs.next();
      watch();
    }
    for (let result = await next; result.done !== true; result = await theirs.next()) yield result.value;
  } finally {
    await theirs.return(undefined);
  }
}

async function* byHelper(fd: number, query: ManifestQuery): AsyncGenerator<ManifestChunk> {
  const taken = new Int32Array(new SharedArrayBuffer(4));
  const job: ManifestJob = { fd, query, share: { index: 1, of: 2 }, taken, aheadChunks: AHEAD_CHUNKS };
  // Without the flags of the main thread: -e among them would be taken for the worker's own.
  const worker = new Worker(source, { eval: true, execArgv: [], workerData: job, trackUnmanagedFds: true });
  try {
    for await (const [chunk] of on(worker, 'message') as AsyncIterable<[ManifestChunk | null]>) {
      if (chunk === null) return;
      Atomics.add(taken, 0, 1);
      Atomics.notify(taken, 0);
      yield chunk;
    }
  } finally {
    await worker.terminate();
  }
}
