import { createHash, randomBytes } from 'node:crypto';
import { closeSync, readSync } from 'node:fs';
import { encodePath } from '../../shared/path.ts';
import { FEATURES, type Identity, PROTOCOL_VERSION, WELL_KNOWN_PATH } from '../../shared/protocol.ts';
import type { RefusalCode } from '../../shared/refusal.ts';
import { fileEntityTag } from '../../shared/validator.ts';
import { version } from '../common/version.ts';
import { type Answer, answerWith, type Body, refuse } from './answer.ts';
import { type FileStore, type OpenEntry, refusalOf } from './file-store.ts';
import { listingJson, listingPage } from './listing.ts';
import { mediaTypeOf } from './media-type.ts';
import { type Representation, type SelectionFields, select } from './representation.ts';
import { parseTarget, type Target } from './target.ts';
import { walk } from './walk.ts';

/** What of a request the site's answer depends on. */
export interface SiteRequest extends SelectionFields {
  readonly target: string;
  readonly accept: string | undefined;
}

/**
 * A file up to this size is read at once, in one go, while nothing else happens: for a small file that is twice as fast
 * as asking the thread pool. Larger, it would hold up every other connection on slow flash.
 */
const READ_AT_ONCE_BYTES = 64 * 1024;

/** Files of /proc say that they have no size. What is read of one is held in memory, and so bounded. */
const MOST_KERNEL_BYTES = 8 * 1024 * 1024;

/** Answers GET and HEAD: from the directory, and below {@link WELL_KNOWN_PATH} about itself. */
export class Site {
  readonly #store: FileStore;

  constructor(store: FileStore) {
    this.#store = store;
  }

  answer(request: SiteRequest): Answer {
    const target = parseTarget(request.target);
    if (typeof target === 'string') return refuse(target);
    if (target.path === WELL_KNOWN_PATH) return identity();
    const entry = this.#store.open(target.path);
    if (typeof entry === 'string') return refuse(entry);
    if (entry.kind === 'directory') return inDirectory(entry, target, request);
    if (target.asDirectory) {
      closeSync(entry.fd);
      return refuse('absent');
    }
    return fromFile(entry, target, request);
  }
}

function identity(): Answer {
  const value: Identity = {
    agent: 'payload-serve',
    version,
    protocol: PROTOCOL_VERSION,
    features: FEATURES.filter(() => false),
  };
  return answerWith(200, 'application/json', `${JSON.stringify(value)}\n`, { 'Cache-Control': 'no-store' });
}

function inDirectory(entry: OpenEntry, target: Target, request: SiteRequest): Answer {
  try {
    if (!target.asDirectory) {
      const query = target.query === '' ? '' : `?${target.query}`;
      const location = `${encodePath(target.path)}/${query}`;
      return answerWith(301, 'text/plain; charset=utf-8', `${location}\n`, { Location: location });
    }
    const entries = [...walk(entry.fd, 1)].filter((found) => found !== null);
    entries.sort((a, b) => (a.path < b.path ? -1 : 1));
    return /\bapplication\/json\b/.test(request.accept ?? '')
      ? answerWith(200, 'application/json', listingJson(entries), { Vary: 'Accept' })
      : answerWith(200, 'text/html; charset=utf-8', listingPage(target.path, entries), { Vary: 'Accept' });
  } finally {
    closeSync(entry.fd);
  }
}

function fromFile(file: OpenEntry, target: Target, request: SiteRequest): Answer {
  let body: Body | null = null;
  try {
    const sizeBytes = Number(file.identity.sizeBytes);
    const mediaType = mediaTypeOf(target.path);
    const now = Date.now();
    const validators = {
      entityTag: fileEntityTag(file.identity, BigInt(now) * 1_000_000n),
      modifiedEpochSeconds: Number(file.identity.modifiedNs / 1_000_000_000n),
    };
    const content = sizeBytes <= READ_AT_ONCE_BYTES ? readContent(file.fd, sizeBytes) : null;
    if (typeof content === 'string') return refuse(content);
    const representation: Representation =
      content === null
        ? { sizeBytes, mediaType, validators, sha256: null }
        : {
            sizeBytes: content.length,
            mediaType,
            validators: content.length === sizeBytes ? validators : null,
            sha256: createHash('sha256').update(content).digest('hex'),
          };
    const selection = select(request, representation, Math.floor(now / 1000), newBoundary);
    if ('refusal' in selection) return refuse(selection.refusal, selection.headers);
    const { status, headers, pieces } = selection;
    if (request.method === 'GET' && status !== 304) {
      body =
        content === null
          ? { kind: 'file', fd: file.fd, pieces, close: () => closeSync(file.fd) }
          : {
              kind: 'bytes',
              bytes: Buffer.concat(
                pieces.map((piece) => ('first' in piece ? content.subarray(piece.first, piece.last + 1) : piece)),
              ),
            };
    }
    return { status, headers, body, refusal: null };
  } finally {
    if (body?.kind !== 'file') closeSync(file.fd);
  }
}

/**
 * All of a small file, or of one whose size the kernel does not know. The content is what is read: files of /proc give
 * more than their size of 0, and files of /sys less than their size of a page.
 */
function readContent(fd: number, sizeBytes: number): Buffer | RefusalCode {
  try {
    let content = Buffer.allocUnsafe(sizeBytes === 0 ? 4096 : sizeBytes);
    let done = 0;
    for (;;) {
      const more = readSync(fd, content, done, content.length - done, done);
      done += more;
      if (more === 0 || (sizeBytes > 0 && done === sizeBytes)) return content.subarray(0, done);
      if (done === MOST_KERNEL_BYTES) return 'endless';
      if (done === content.length) content = Buffer.concat([content, Buffer.allocUnsafe(content.length)]);
    }
  } catch (error) {
    return refusalOf(error);
  }
}

function newBoundary(): string {
  return randomBytes(18).toString('hex');
}
