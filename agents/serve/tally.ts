import type { ServeReport } from '../../shared/report.ts';
import type { Outcome } from './http.ts';

/** How many files, and how many clients of each, are told of by name. */
const MOST_FILES = 100;
const MOST_CLIENTS = 16;

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

  add({ request, answer, sentBytes }: Outcome): void {
    this.requests += 1;
    this.sentBytes += sentBytes;
    if (this.#clients.size < MOST_CLIENTS) this.#clients.add(request.client);
    if (answer.refusal !== null) {
      this.#refusals[answer.refusal] = (this.#refusals[answer.refusal] ?? 0) + 1;
      return;
    }
    let file = this.#files.get(request.target);
    if (file === undefined) {
      file = { requests: 0, sentBytes: 0, clients: new Set() };
      if (this.#files.size >= MOST_FILES) this.#forgetSmallest();
      this.#files.set(request.target, file);
    }
    file.requests += 1;
    file.sentBytes += sentBytes;
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

  #forgetSmallest(): void {
    let smallest: string | null = null;
    let leastBytes = Number.POSITIVE_INFINITY;
    for (const [path, { sentBytes }] of this.#files) {
      if (sentBytes < leastBytes) [smallest, leastBytes] = [path, sentBytes];
    }
    if (smallest !== null) this.#files.delete(smallest);
    this.#filesOmitted += 1;
  }
}
