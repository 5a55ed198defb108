import type { ServeEvent } from '../../shared/event.ts';
import { refusalKinds } from '../../shared/refusal.ts';
import type { ServeReport } from '../../shared/report.ts';
import type { Outcome } from './http.ts';

/** How many files, and how many clients, are told of by name. */
const MOST_FILES = 100;
const MOST_CLIENTS = 16;

/** A path is logged and reported up to here: longer ones are an attack, or a fault. */
const MOST_PATH_CHARACTERS = 300;

interface FileTally {
  requests: number;
  sentBytes: number;
  readonly clients: Set<string>;
}

/** What has happened so far, counted for the report. Bounded, whatever clients ask for. */
export class Tally {
  requests = 0;
  sentBytes = 0;
  readonly #clients = new Set<string>();
  readonly #files = new Map<string, FileTally>();
  readonly #refusals: Record<string, number> = {};
  #filesOmitted = 0;
  /** No file that is told of had fewer bytes sent: a file with as many is the smallest, and none after it need be looked at. */
  #leastBytes = 0;

  add({ request, answer, sentBytes }: Outcome): void {
    this.requests += 1;
    this.sentBytes += sentBytes;
    if (this.#clients.size < MOST_CLIENTS) this.#clients.add(request.client);
    if (answer.refusal !== null) {
      this.#refusals[answer.refusal] = (this.#refusals[answer.refusal] ?? 0) + 1;
      return;
    }
    const file = this.#fileAt(pathOf(request.target));
    file.requests += 1;
    file.sentBytes += sentBytes;
    if (file.requests === 1) this.#leastBytes = Math.min(this.#leastBytes, sentBytes);
    if (file.clients.size < MOST_CLIENTS) file.clients.add(request.client);
  }

  snapshot(connections: number): Pick<ServeReport, 'totals' | 'files' | 'filesOmitted' | 'refusals'> {
    const { requests, sentBytes } = this;
    const files = [...this.#files].map(([path, file]) => ({ path, ...file, clients: [...file.clients] }));
    return {
      totals: { connections, requests, sentBytes, clients: [...this.#clients] },
      files: files.sort((a, b) => b.sentBytes - a.sentBytes),
      filesOmitted: this.#filesOmitted,
      refusals: { ...this.#refusals },
    };
  }

  #fileAt(path: string): FileTally {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    if (this.#files.size >= MOST_FILES) this.#forgetSmallest();
    const file = { requests: 0, sentBytes: 0, clients: new Set<string>() };
    this.#files.set(path, file);
    return file;
  }

  #forgetSmallest(): void {
    let smallest = '';
    let leastBytes = Number.POSITIVE_INFINITY;
    for (const [path, { sentBytes }] of this.#files) {
      if (sentBytes < leastBytes) {
        smallest = path;
        leastBytes = sentBytes;
      }
      if (leastBytes === this.#leastBytes) break;
    }
    this.#leastBytes = leastBytes;
    this.#files.delete(smallest);
    this.#filesOmitted += 1;
  }
}

/** What there is to tell of a request that has ended. */
export function eventOf({ request, answer, sentBytes, tookMs, cut, thrown }: Outcome): ServeEvent {
  const { client, method } = request;
  const { status, headers, refusal } = answer;
  const range = headers['Content-Range'] === undefined ? null : String(headers['Content-Range']);
  const path = pathOf(request.target);
  const facts = { client, method, path, status, range, sentBytes, tookMs: Math.round(tookMs) };
  if (thrown !== null) {
    return { event: 'RequestFailed', ...facts, reason: thrown instanceof Error ? thrown.message : String(thrown) };
  }
  if (refusal !== null) {
    return { event: 'RequestRefused', ...facts, code: refusal, reason: refusalKinds[refusal].sentence };
  }
  if (cut === null) return { event: 'RequestServed', ...facts };
  return { event: 'TransferCut', ...facts, promisedBytes: Number(headers['Content-Length'] ?? 0), reason: cut };
}

/** Without the query, in which a careless client may have put a secret. */
function pathOf(target: string): string {
  const queryAt = target.indexOf('?');
  const path = queryAt < 0 ? target : target.slice(0, queryAt);
  return path.length > MOST_PATH_CHARACTERS ? `${path.slice(0, MOST_PATH_CHARACTERS)}...` : path;
}
