import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openSandbox } from '../simulate/sandbox.ts';
import { type Book, PAYLOADS } from './book.ts';
import type { Bucket } from './bucket.ts';
import type { SatelliteClock } from './clock.ts';
import { contactAt, cross, smallestFirst } from './contact.ts';
import type { FaultBoard } from './fault.ts';
import type { Journal } from './journal.ts';
import type { Download, PlannedWindow } from './model.ts';
import type { Network, Place } from './network/network.ts';
import { copyFrom, prepareSandbox, runWindow, sweep, type WindowRun } from './payload-window.ts';

export interface Contacts {
  readonly everyMs: number;
  /** What one contact moves, for each satellite. */
  readonly uplinkBytes: number;
  readonly downlinkBytes: number;
}

export interface FlightOptions {
  readonly book: Book;
  readonly clock: SatelliteClock;
  readonly journal: Journal;
  readonly faults: FaultBoard;
  readonly network: Network;
  readonly bucket: Bucket;
  readonly contacts: Contacts;
  /** How much faster than this machine's clock time runs while there is only waiting to do. */
  readonly timeScale: number;
  /** For so long after a request, time is not hurried: another request may belong to it. */
  readonly settleMs: number;
  /** Between SIGTERM and the loss of power at a window's end. */
  readonly graceMs: number;
  /** Where the sandboxes are. */
  readonly directory: string;
}

/** A timer waits no longer than this at a time, so that a change of the machine's clock is noticed. */
const LONGEST_WAIT_MS = 60_000;

/** A bucket that refuses is tried again so much later. */
const DELIVERY_PAUSE_MS = 3000;

/** What happens by itself: contacts, windows and deliveries, each at its time. */
export class Flight {
  readonly places: readonly Place[];
  readonly #options: FlightOptions;
  readonly #open = new Map<PlannedWindow, WindowRun>();
  readonly #delivering = new Set<Download>();
  #deliveries: Promise<void> = Promise.resolve();
  #settledAt = 0;
  #lastContactMs = 0;
  #stopped = false;
  #wake = new AbortController();

  constructor(options: FlightOptions) {
    this.#options = options;
    this.places = options.book.satellites.flatMap(({ id }, index) =>
      PAYLOADS.map((payload): Place => {
        const sandbox = openSandbox(join(options.directory, id, payload.toLowerCase()));
        return { number: index + 1, satelliteId: id, payload, sandbox };
      }),
    );
  }

  /** Something was asked for. */
  heard(): void {
    this.#settledAt = performance.now() + this.#options.settleMs;
    this.#wake.abort();
  }

  /** Resolves once {@link stop} was called and nothing runs any more. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      this.#wake = new AbortController();
      const waitMs = this.#step();
      await delay(waitMs, undefined, { signal: this.#wake.signal }).catch(() => {});
    }
    for (const run of this.#open.values()) run.cut('power-cut');
    await Promise.allSettled([...this.#open.values()].map((run) => run.ended));
    await this.#deliveries;
  }

  stop(): void {
    this.#stopped = true;
    this.#wake.abort();
  }

  /** Does what is due; returns for how long there is nothing to do, in this machine's milliseconds. */
  #step(): number {
    const { clock, book, timeScale } = this.#options;
    if (this.#contactDueMs() <= clock.nowMs()) this.#contact();
    for (const window of book.windows) {
      if (window.phase === 'waiting' && window.startMs <= clock.nowMs()) this.#begin(window);
    }

    if (book.idle) clock.reset();
    const dueMs = Math.min(this.#contactDueMs(), ...this.#waiting().map((window) => window.startMs));
    const unsettledMs = this.#settledAt - performance.now();
    if (this.#open.size > 0 || unsettledMs > 0 || this.#delivering.size > 0 || dueMs === Number.POSITIVE_INFINITY) {
      clock.walk();
      const waitMs = unsettledMs > 0 ? Math.min(unsettledMs, clock.machineWaitMs(dueMs)) : clock.machineWaitMs(dueMs);
      return Math.min(LONGEST_WAIT_MS, waitMs);
    }
    clock.hurry(timeScale, dueMs);
    return Math.min(LONGEST_WAIT_MS, clock.machineWaitMs(dueMs));
  }

  #waiting(): readonly PlannedWindow[] {
    return this.#options.book.windows.filter(({ phase }) => phase === 'waiting');
  }

  /** The next contact that has something to do; a window that starts before it is given one of its own. */
  #contactDueMs(): number {
    const { book, clock, contacts } = this.#options;
    const unsynced = this.#waiting().filter(({ state }) => state === 'PENDING_SYNC');
    const uploads = book.uploads.filter(({ status }) => status !== 'UPLOADED');
    const downloads = book.downloads.filter((download) => !this.#delivering.has(download));
    if (unsynced.length + uploads.length + downloads.length === 0) return Number.POSITIVE_INFINITY;
    const regularMs = contactAt(Math.max(clock.nowMs(), this.#lastContactMs + 1), contacts.everyMs);
    return Math.min(regularMs, ...unsynced.map(({ startMs }) => startMs));
  }

  #contact(): void {
    const { book, clock, contacts, journal } = this.#options;
    this.#lastContactMs = clock.nowMs();
    for (const { id } of book.satellites) {
      for (const window of this.#waiting()) {
        if (window.request.satellite_id !== id || window.state === 'SYNCED') continue;
        window.state = 'SYNCED';
        journal.tell(id, 'info', `Contact: the satellite has heard of window ${window.id}.`);
      }

      const uploads = book.uploads.filter(
        ({ query, status, notBeforeMs }) =>
          query.satellite_id === id && status !== 'UPLOADED' && notBeforeMs <= clock.nowMs(),
      );
      const arrived = cross(uploads, contacts.uplinkBytes);
      for (const upload of uploads) if (upload.sentBytes > 0) upload.status = 'UPLOADING';
      for (const upload of arrived) {
        upload.status = 'UPLOADED';
        journal.tell(id, 'info', `Contact: ${upload.query.destination_path} has arrived for ${upload.query.payload}.`);
      }

      const downloads = book.downloads.filter((d) => d.satelliteId === id && !this.#delivering.has(d));
      for (const download of cross(smallestFirst(downloads), contacts.downlinkBytes)) this.#deliver(download);
    }
    journal.changed();
  }

  /** One after the other, as they come down. A bucket that refuses keeps a file waiting, not losing it. */
  #deliver(download: Download): void {
    const { book, bucket, clock, journal } = this.#options;
    this.#delivering.add(download);
    this.#deliveries = this.#deliveries.then(async () => {
      try {
        const object = await bucket.deliver(download, clock.nowMs());
        book.objects.push(object);
        book.downloads.splice(book.downloads.indexOf(download), 1);
        journal.tell(download.satelliteId, 'info', `Delivered: ${object.key}, ${object.sizeBytes} bytes.`);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        journal.tell(download.satelliteId, 'warn', `${download.name} waits, since the bucket refuses it: ${reason}`);
        await delay(this.#stopped ? 0 : DELIVERY_PAUSE_MS);
      }
      this.#delivering.delete(download);
      this.#wake.abort();
    });
  }

  #begin(window: PlannedWindow): void {
    const { faults, journal } = this.#options;
    const satelliteId = window.request.satellite_id;
    const place = this.places.find((p) => p.satelliteId === satelliteId && p.payload === window.payload);
    if (window.state !== 'SYNCED' || place === undefined) {
      window.phase = 'missed';
      journal.tell(satelliteId, 'error', `Window ${window.id} is missed: the satellite heard of it too late.`);
      return;
    }
    window.phase = 'open';
    this.#openWindow(window, place, faults.takeForWindow(satelliteId, window.payload));
  }

  #openWindow(window: PlannedWindow, place: Place, faults: ReturnType<FaultBoard['takeForWindow']>): void {
    const { book, clock, journal, network, graceMs } = this.#options;
    const { satelliteId, payload } = place;
    const tell = (severity: Parameters<Journal['tell']>[1], message: string): void =>
      journal.tell(satelliteId, severity, `${payload}: ${message}`);

    for (const [other, run] of this.#open) {
      if (other.request.satellite_id === satelliteId && (faults.has('overlap-lost') || this.#lonely.has(other))) {
        run.cut('window-aborted');
      }
    }
    if (faults.has('overlap-lost')) this.#lonely.add(window);

    const queued = book.uploads.filter(
      ({ query, status, placed }) =>
        query.satellite_id === satelliteId && query.payload === payload && status === 'UPLOADED' && !placed,
    );
    for (const sentence of prepareSandbox(place, queued)) tell('error', sentence);
    for (const upload of queued) upload.placed = true;
    const sandboxOf = (name: string) =>
      this.places.find((p) => p.satelliteId === satelliteId && p.payload === name)?.sandbox ?? null;
    for (const sentence of copyFrom(window, place.sandbox, sandboxOf)) tell('warn', sentence);

    const { executable, executable_arguments: words = [] } = window.request.parameters.user_command;
    tell('info', `Window ${window.id} opens: ${[executable, ...words].join(' ')}`);
    const durationMs = window.endMs - window.startMs;
    const clockAheadMs = clock.aheadMs();
    const run = runWindow(place, window, { network, faults, durationMs, graceMs, clockAheadMs, tell });
    this.#open.set(window, run);
    run.ended
      .catch((error: Error) => tell('error', `The window broke: ${error.message}`))
      .then(() => {
        const { downloads, overBudget } = sweep(place, window, join(this.#options.directory, 'downlink'));
        book.downloads.push(...downloads);
        for (const name of overBudget) tell('warn', `${name} is over the downlink budget and stays behind.`);
        tell('info', `Window ${window.id} closes; ${downloads.length} files wait for the downlink.`);
      })
      .catch((error: Error) => tell('error', `Window ${window.id} closes; its outbox is lost: ${error.message}`))
      .then(() => {
        this.#open.delete(window);
        this.#lonely.delete(window);
        window.phase = 'closed';
        window.closedMs = clock.nowMs();
        journal.changed();
        this.#wake.abort();
      });
  }

  /** Open windows that are not to overlap with another. */
  readonly #lonely = new Set<PlannedWindow>();
}
