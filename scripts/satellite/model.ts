import type { PayloadName, UploadQuery, UploadStatus, WindowRequest, WindowState } from '../tasking/api.ts';

/** What the operator holds. Times are the satellite's, in milliseconds since the epoch (see clock.ts). */

/** A file on its way to a payload. */
export interface Upload {
  readonly id: string;
  readonly query: UploadQuery;
  /** Where the ground keeps it until the satellite has it. */
  readonly file: string;
  readonly sizeBytes: number;
  /** It does not leave the ground before. */
  readonly notBeforeMs: number;
  sentBytes: number;
  status: UploadStatus;
  /** It lies in the sandbox: from the first window of its payload on. */
  placed: boolean;
}

/**
 * - `waiting`: its start has not come;
 * - `open`: the payload is on;
 * - `closed`: it has ended, and its outbox was taken for the downlink;
 * - `missed`: the satellite had not heard of it when its start came.
 */
export type WindowPhase = 'waiting' | 'open' | 'closed' | 'missed';

export interface PlannedWindow {
  readonly id: string;
  readonly request: WindowRequest;
  readonly payload: PayloadName;
  readonly startMs: number;
  readonly endMs: number;
  state: WindowState;
  phase: WindowPhase;
  /** When it did end: earlier than `endMs` where it was cut short. */
  closedMs: number | null;
  /** How the user's process ended, in words; `null` while it has not. */
  outcome: string | null;
}

/** A file out of an outbox, on its way to the ground. */
export interface Download {
  readonly satelliteId: string;
  /** Where the satellite keeps it until the ground has it. */
  readonly file: string;
  /** Its name in the outbox. */
  readonly name: string;
  readonly sizeBytes: number;
  sentBytes: number;
}

export interface DeliveredObject {
  readonly satelliteId: string;
  readonly key: string;
  readonly sizeBytes: number;
  readonly atMs: number;
}

/** Why the Tasking API says no: the HTTP status, a stable word and one sentence. */
export class Refusal extends Error {
  readonly status: 400 | 401 | 404 | 409 | 413;
  readonly code: string;

  constructor(status: Refusal['status'], code: string, message: string) {
    super(message);
    this.name = 'Refusal';
    this.status = status;
    this.code = code;
  }
}
