import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type {
  AvailabilityQuery,
  Interval,
  PayloadName,
  Satellite,
  UploadEntry,
  UploadQuery,
  WindowEntry,
  WindowRequest,
  WindowType,
} from '../tasking/api.ts';
import { UPLOAD_LIMIT_BYTES, WINDOW_RULES } from '../tasking/rules.ts';
import type { SatelliteClock } from './clock.ts';
import { contactAt } from './contact.ts';
import type { FaultBoard } from './fault.ts';
import type { Journal } from './journal.ts';
import { type DeliveredObject, type Download, type PlannedWindow, Refusal, type Upload } from './model.ts';
import { conflict, freeIntervals } from './schedule.ts';

/** The payloads of every simulated satellite. */
export const PAYLOADS = ['SDR', 'SABERTOOTH'] as const satisfies readonly PayloadName[];

const WINDOW_TYPES = ['PAYLOAD_SDR', 'PAYLOAD_SABERTOOTH'] as const satisfies readonly WindowType[];

/** The tutorial's kind of id. */
const FIRST_WINDOW_ID = 3_020_553;

export interface BookOptions {
  readonly satelliteCount: number;
  readonly clock: SatelliteClock;
  readonly journal: Journal;
  readonly faults: FaultBoard;
  readonly contactEveryMs: number;
  readonly minimumSeconds: number;
  /** Where uploads wait on the ground. */
  readonly directory: string;
}

/** What the operator has been asked for, and whether it can be: the Tasking API without HTTP. */
export class Book {
  readonly satellites: readonly Satellite[];
  readonly uploads: Upload[] = [];
  readonly windows: PlannedWindow[] = [];
  readonly downloads: Download[] = [];
  readonly objects: DeliveredObject[] = [];
  readonly #options: BookOptions;
  #nextWindowId = FIRST_WINDOW_ID;

  constructor(options: BookOptions) {
    this.#options = options;
    this.satellites = Array.from({ length: options.satelliteCount }, (_, n) => ({
      id: `FM${n + 1}`,
      norad_id: String(90_001 + n),
      supported_windows: [...WINDOW_TYPES],
    }));
  }

  /** Whether nothing waits for anything. */
  get idle(): boolean {
    return (
      this.downloads.length === 0 &&
      this.windows.every(({ phase }) => phase === 'closed' || phase === 'missed') &&
      this.uploads.every(({ status }) => status === 'UPLOADED')
    );
  }

  /** Windows fit from the first contact on, since the satellite has to hear of them, and with time to start up. */
  availability(query: AvailabilityQuery): readonly Interval[] {
    const { clock, contactEveryMs, minimumSeconds } = this.#options;
    this.#requireSatellite(query.satellite_id);
    const payload = this.#requirePayload(query.window_type);
    const heardS = Math.ceil(contactAt(clock.nowMs(), contactEveryMs) / 1000);
    const earliest = heardS + WINDOW_RULES[query.window_type].preBufferSeconds;
    const asked = { start: Math.max(query.start, earliest), end: query.start + query.duration };
    return freeIntervals(asked, this.#taken(query.satellite_id, payload), query.window_type, minimumSeconds);
  }

  addUpload(query: UploadQuery, content: Uint8Array): Upload {
    const { clock, directory, faults, journal } = this.#options;
    this.#requireSatellite(query.satellite_id);
    if (!PAYLOADS.some((payload) => payload === query.payload)) throw noSuchPayload(query.satellite_id, query.payload);
    if (content.length > UPLOAD_LIMIT_BYTES) throw tooLarge();
    const id = randomUUID();
    const file = join(directory, id);
    writeFileSync(file, content);
    const lateMs = faults.takeForUpload(query.satellite_id, query.payload) * 1000;
    const notBeforeMs = clock.nowMs() + lateMs;
    const sizeBytes = content.length;
    const upload: Upload = { id, query, file, sizeBytes, notBeforeMs, sentBytes: 0, status: 'PENDING', placed: false };
    this.uploads.push(upload);
    journal.tell(
      query.satellite_id,
      'info',
      `Upload for ${query.payload}: ${query.destination_path}, ${sizeBytes} bytes.`,
    );
    return upload;
  }

  uploadEntries(): readonly UploadEntry[] {
    return this.uploads.map(({ id, query, status }) => ({ id, ...query, status }));
  }

  addWindow(request: WindowRequest): PlannedWindow {
    const { clock, journal, minimumSeconds } = this.#options;
    this.#requireSatellite(request.satellite_id);
    const payload = this.#requirePayload(request.type);
    if (request.duration < minimumSeconds) {
      const message = `A ${request.type} window lasts at least ${minimumSeconds} s; ${request.duration} s were asked for.`;
      throw new Refusal(400, 'window_too_short', message);
    }
    if (request.start <= clock.nowSeconds()) {
      const message = `The start ${request.start} has passed: it is ${clock.nowSeconds()} (${iso(clock.nowMs())}).`;
      throw new Refusal(400, 'window_in_the_past', message);
    }
    const interval = { start: request.start, end: request.start + request.duration };
    const other = conflict(interval, this.#taken(request.satellite_id, payload), request.type);
    if (other !== null) {
      const message = `Window ${other.id} of ${payload} runs from ${other.start} to ${other.end}, and its buffers leave no room: ask for /tasking/availability.`;
      throw new Refusal(409, 'window_overlaps', message);
    }
    const window: PlannedWindow = {
      id: String(this.#nextWindowId),
      request,
      payload,
      startMs: interval.start * 1000,
      endMs: interval.end * 1000,
      state: 'PENDING_SYNC',
      phase: 'waiting',
      closedMs: null,
      outcome: null,
    };
    this.#nextWindowId += 1;
    this.windows.push(window);
    journal.tell(
      request.satellite_id,
      'info',
      `Window ${window.id} on ${payload}: ${iso(window.startMs)}, ${request.duration} s.`,
    );
    return window;
  }

  windowEntries(satelliteId: string): readonly WindowEntry[] {
    this.#requireSatellite(satelliteId);
    return this.windows
      .filter(({ request }) => request.satellite_id === satelliteId)
      .map(({ id, request, state }) => ({ id, ...request, state }));
  }

  removeWindow(id: string): void {
    const at = this.windows.findIndex((window) => window.id === id);
    const window = this.windows[at];
    if (window === undefined) throw new Refusal(404, 'window_unknown', `There is no window ${id}.`);
    if (window.phase !== 'waiting') {
      throw new Refusal(409, 'window_begun', `Window ${id} has begun and cannot be taken back.`);
    }
    this.windows.splice(at, 1);
    this.#options.journal.tell(window.request.satellite_id, 'info', `Window ${id} was taken back.`);
  }

  #taken(satelliteId: string, payload: PayloadName): readonly (Interval & { id: string })[] {
    return this.windows
      .filter((window) => window.request.satellite_id === satelliteId && window.payload === payload)
      .filter(({ phase }) => phase === 'waiting' || phase === 'open')
      .map(({ id, startMs, endMs }) => ({ id, start: startMs / 1000, end: endMs / 1000 }));
  }

  #requireSatellite(id: string): void {
    if (this.satellites.some((satellite) => satellite.id === id)) return;
    const known = this.satellites.map((satellite) => satellite.id);
    const range = known.length === 1 ? known[0] : `${known[0]} to ${known.at(-1)}`;
    throw new Refusal(404, 'satellite_unknown', `There is no satellite ${id}: there is ${range}.`);
  }

  #requirePayload(type: WindowType): PayloadName {
    const { payload } = WINDOW_RULES[type];
    if (!PAYLOADS.some((known) => known === payload)) throw noSuchPayload('The satellite', payload);
    return payload;
  }
}

/** What an upload over the operator's limit is refused with. */
export function tooLarge(): Refusal {
  return new Refusal(
    413,
    'file_too_large',
    `A file of more than ${UPLOAD_LIMIT_BYTES} bytes cannot be uploaded: send it in parts.`,
  );
}

function noSuchPayload(owner: string, payload: string): Refusal {
  return new Refusal(400, 'payload_unknown', `${owner} has no ${payload}: there are ${PAYLOADS.join(' and ')}.`);
}

function iso(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
