import { closeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { RefusalCode } from '../../shared/refusal.ts';
import { type EntityTag, sameState } from '../../shared/validator.ts';
import { identityOf, type OpenEntry } from './file-store.ts';
import { reopen } from './handle.ts';
import source from './hash.worker.ts?source';

/** A stretch of an open file to be hashed, and whether in blocks. */
export interface Stretch {
  readonly fd: number;
  /** The first byte, and the one after the last. */
  readonly from: number;
  readonly to: number;
  readonly blockBytes: number | null;
}

export interface HashJob extends Stretch {
  readonly id: number;
  /** Not 0 once nobody waits for the result any more. */
  readonly cancelled: Int32Array;
}

export interface Hashed {
  readonly sha256: string;
  readonly blocks: readonly string[] | null;
}

export type HashResult = { readonly id: number } & (
  | Hashed
  | { readonly error: 'cancelled' | 'shorter' | 'unreadable' }
);

/** More waiting at once than this are turned away: one thread hashes them in turn. */
const MOST_JOBS = 64;

/** About 150 bytes each. */
const MOST_REMEMBERED = 4096;

/**
 * SHA-256 of files, computed in a thread of its own, so that hashing never holds up a transfer, and remembered by the
 * file's strong validator: an entity tag that is not strong does not name one content. The thread starts with the first
 * job, so that a run without one does not pay for it.
 */
export class Digests {
  readonly #known = new Map<string, string>();
  readonly #underWay = new Map<string, Promise<string | null>>();
  readonly #waiting = new Map<number, (result: HashResult | null) => void>();
  #worker: Worker | null = null;
  #lastId = 0;

  /** The digest of the whole file in that state, in hex; `null` while it is not known. */
  known(tag: EntityTag): string | null {
    return tag.weak ? null : (this.#known.get(tag.opaque) ?? null);
  }

  /**
   * The digest of the whole of an open file, in hex, however long it takes; `null` where it cannot be had, for example
   * because the file changes meanwhile. Asked for twice it is computed once, and goes on when the asker is gone: the
   * next one who asks has it.
   */
  ofFile(file: OpenEntry, tag: EntityTag): Promise<string | null> {
    const known = this.known(tag);
    if (known !== null) return Promise.resolve(known);
    let digest = this.#underWay.get(tag.opaque);
    if (digest === undefined) {
      // Caught here: a GET has it computed for whoever asks next, and waits for no outcome.
      digest = this.#hashFile(file, tag)
        .catch(() => null)
        .finally(() => this.#underWay.delete(tag.opaque));
      this.#underWay.set(tag.opaque, digest);
    }
    return digest;
  }

  async #hashFile(file: OpenEntry, tag: EntityTag): Promise<string | null> {
    // A handle of its own: the asker may be done with the file before this is.
    const fd = reopen(file.fd);
    try {
      const stretch = { fd, from: 0, to: Number(file.identity.sizeBytes), blockBytes: null };
      const hashed = await this.hash(stretch, () => {});
      if (typeof hashed === 'string' || !sameState(file.identity, identityOf(fd))) return null;
      this.remember(tag, hashed.sha256);
      return hashed.sha256;
    } finally {
      closeSync(fd);
    }
  }

  remember(tag: EntityTag, sha256: string): void {
    if (tag.weak) return;
    const [oldest] = this.#known.keys();
    if (this.#known.size >= MOST_REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(tag.opaque, sha256);
  }

  /** Hashes a stretch; the file must stay open until then. `whenGone` is called with what to call when nobody waits. */
  hash(stretch: Stretch, whenGone: (cancel: () => void) => void): Promise<Hashed | RefusalCode> {
    if (this.#waiting.size >= MOST_JOBS) return Promise.resolve('busy');
    this.#lastId += 1;
    const job: HashJob = { ...stretch, id: this.#lastId, cancelled: new Int32Array(new SharedArrayBuffer(4)) };
    whenGone(() => Atomics.store(job.cancelled, 0, 1));
    return new Promise((resolve) => {
      this.#waiting.set(job.id, (result) => {
        if (result === null) resolve('unforeseen');
        else if ('sha256' in result) resolve({ sha256: result.sha256, blocks: result.blocks });
        else resolve(result.error === 'unreadable' ? 'unreadable' : 'changed');
      });
      this.#start().postMessage(job);
    });
  }

  #start(): Worker {
    if (this.#worker !== null) return this.#worker;
    // Without the flags of the main thread: -e among them would be taken for the worker's own.
    const worker = new Worker(source, { eval: true, execArgv: [] });
    worker.unref();
    worker.on('message', (result: HashResult) => this.#settle(result.id, result));
    worker.on('error', () => {
      this.#worker = null;
      for (const id of this.#waiting.keys()) this.#settle(id, null);
    });
    this.#worker = worker;
    return worker;
  }

  #settle(id: number, result: HashResult | null): void {
    const settle = this.#waiting.get(id);
    this.#waiting.delete(id);
    settle?.(result);
  }
}
