import type { ServeEvent } from '../../shared/event.ts';
import { refusalKinds } from '../../shared/refusal.ts';
import type { ServeReport } from '../../shared/report.ts';
import type { Outcome } from './http.ts';

/** How many files, and how many clients, are told of by name. */
const MOST_FILES = 100;
const MOST_CLIENTS = 16;

/** How many files are counted apart: half a kilobyte each, at most, and as many as a window may well deliver. */
const MOST_COUNTED = 10_000;

/** A path is logged and reported up to here: longer ones are an attack, or a fault. */
const MOST_PATH_CHARACTERS = 300;

interface FileTally {
  readonly path: string;
  requests: number;
  sentBytes: number;
  readonly clients: string[];
}

/** What has happened so far, counted for the report. Bounded, whatever clients ask for. */
export class Tally {
  requests = 0;
  sentBytes = 0;
  readonly #clients: string[] = [];
  readonly #files = new Map<string, FileTally>();
  readonly #refusals: Record<string, number> = {};

  add({ request, answer, sentBytes }: Outcome): void {
    this.requests += 1;
    this.sentBytes += sentBytes;
    note(this.#clients, request.client);
    if (answer.refusal !== null) {
      this.#refusals[answer.refusal] = (this.#refusals[answer.refusal] ?? 0) + 1;
      return;
    }
    const file = this.#fileAt(pathOf(request.target));
    if (file === undefined) return;
    file.requests += 1;
    file.sentBytes += sentBytes;
    note(file.clients, request.client);
  }

  snapshot(connections: number): Pick<ServeReport, 'totals' | 'files' | 'filesOmitted' | 'refusals'> {
    const { requests, sentBytes } = this;
    const files = [...this.#files.values()].sort((a, b) => b.sentBytes - a.sentBytes).slice(0, MOST_FILES);
    return {
      totals: { connections, requests, sentBytes, clients: this.#clients },
      files,
      filesOmitted: this.#files.size - files.length,
      refusals: this.#refusals,
    };
  }

  #fileAt(target: string): FileTally | undefined {
    const known = this.#files.get(target);
    if (known !== undefined || this.#files.size === MOST_COUNTED) return known;
    // A copy: a part of a text keeps the whole of it, and a query may be long.
    const path = Buffer.from(target, 'latin1').toString('latin1');
    const file = { path, requests: 0, sentBytes: 0, clients: [] };
    this.#files.set(path, file);
    return file;
  }
}

function note(clients: string[], client: string): void {
  if (clients.length < MOST_CLIENTS && !clients.includes(client)) clients.push(client);
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
