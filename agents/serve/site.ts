import { closeSync } from 'node:fs';
import { encodePath } from '../../shared/path.ts';
import {
  FEATURES,
  type Feature,
  featurePath,
  type Identity,
  PROTOCOL_VERSION,
  WELL_KNOWN_PATH,
} from '../../shared/protocol.ts';
import { version } from '../common/version.ts';
import { type Answer, answerWith, refuse } from './answer.ts';
import { answerWithDigest } from './digest-answer.ts';
import type { Digests } from './digests.ts';
import { entriesOf } from './entries.ts';
import { answerFromFile } from './file-answer.ts';
import { type FileStore, type OpenEntry, refusalOf } from './file-store.ts';
import type { Request } from './http.ts';
import { arrange, listingJson, listingPage, prefersJson, readView } from './listing.ts';
import { answerWithManifest } from './manifest-answer.ts';
import { parseTarget, type Target } from './target.ts';
import type { Walkers } from './walkers.ts';

/** What the operator decides about a site. */
export interface SiteOptions {
  /** Whether a directory's `index.html` stands for it. */
  readonly index: boolean;
}

const READS: Answer = refuse('method-not-allowed', { Allow: 'GET, HEAD' });

/** Answers requests: from the directory, and below {@link WELL_KNOWN_PATH} about it and about itself. */
export class Site {
  readonly #store: FileStore;
  readonly #digests: Digests;
  readonly #walkers: Walkers;
  readonly #options: SiteOptions;
  readonly #done: () => void;

  /** `done` is called when a client says that it has everything. */
  constructor(store: FileStore, digests: Digests, walkers: Walkers, options: SiteOptions, done: () => void) {
    this.#store = store;
    this.#digests = digests;
    this.#walkers = walkers;
    this.#options = options;
    this.#done = done;
  }

  answer(request: Request): Answer | Promise<Answer> {
    const target = parseTarget(request.target);
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (typeof target === 'string') return isRead ? refuse(target) : READS;
    const { path } = target;
    if (path === featurePath('done')) return this.#answerDone(request.method);
    if (!isRead) return READS;
    if (path === WELL_KNOWN_PATH) return identity();
    if (path.startsWith(`${WELL_KNOWN_PATH}/`)) return this.#answerFeature(target, request);

    const entry = this.#store.open(path);
    if (typeof entry === 'string') return refuse(entry);
    if (entry.kind === 'file') {
      if (!target.asDirectory) return answerFromFile(entry, path, request, this.#digests);
      closeSync(entry.fd);
      return refuse('absent');
    }
    const index =
      target.asDirectory && this.#options.index ? this.#store.open(`${path === '/' ? '' : path}/index.html`) : 'absent';
    if (typeof index === 'string') return inDirectory(entry, target, request);
    closeSync(entry.fd);
    if (index.kind === 'file') return answerFromFile(index, 'index.html', request, this.#digests);
    closeSync(index.fd);
    return refuse('absent');
  }

  #answerDone(method: string): Answer {
    if (method !== 'POST') return refuse('method-not-allowed', { Allow: 'POST' });
    this.#done();
    return { status: 204, headers: {}, body: null, refusal: null };
  }

  #answerFeature({ path, query }: Target, request: Request): Answer | Promise<Answer> {
    const below = (feature: Feature): string | null => {
      const start = featurePath(feature);
      return path === start || path.startsWith(`${start}/`) ? path.slice(start.length) || '/' : null;
    };
    const hashed = below('digest');
    const listed = below('manifest');
    const named = hashed ?? listed;
    if (named === null) return refuse('absent');
    const entry = this.#store.open(named);
    if (typeof entry === 'string') return refuse(entry);
    if (entry.kind === 'file' && hashed !== null) {
      return answerWithDigest(entry, query, request.field('if-match'), this.#digests, request.whenGone);
    }
    closeSync(entry.fd);
    return entry.kind === 'directory' && listed !== null
      ? answerWithManifest(entry.realPath, query, request.method, this.#walkers)
      : refuse('absent');
  }
}

function identity(): Answer {
  const value: Identity = { agent: 'payload-serve', version, protocol: PROTOCOL_VERSION, features: FEATURES };
  return answerWith(200, 'application/json', `${JSON.stringify(value)}\n`, { 'Cache-Control': 'no-store' });
}

function inDirectory(entry: OpenEntry, target: Target, request: Request): Answer {
  try {
    if (!target.asDirectory) {
      const query = target.query === '' ? '' : `?${target.query}`;
      const location = `${encodePath(target.path)}/${query}`;
      return answerWith(301, 'text/plain; charset=utf-8', `${location}\n`, { Location: location });
    }
    const view = readView(target.query);
    const entries = arrange([...entriesOf(entry.fd)], view);
    // The page needs nothing from anywhere, and no name in it can make it ask for something.
    const headers = { Vary: 'Accept', 'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'" };
    return prefersJson(request.field('accept'))
      ? answerWith(200, 'application/json', listingJson(entries), headers)
      : answerWith(200, 'text/html; charset=utf-8', listingPage(target.path, entries, view), headers);
  } catch (error) {
    return refuse(refusalOf(error));
  } finally {
    closeSync(entry.fd);
  }
}
