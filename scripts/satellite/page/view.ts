/**
 * What the page shows, as the satellite sends it: one whole view in each server-sent event, so that a page that has
 * missed some is right again with the next. Times are the satellite's, in milliseconds since the epoch.
 */
export interface DeskView {
  readonly nowMs: number;
  /** How much faster than this machine's clock the satellite's runs at the moment. */
  readonly rate: number;
  readonly satellites: readonly SatelliteView[];
  readonly windows: readonly WindowView[];
  readonly uploads: readonly UploadView[];
  /** Files on their way down. */
  readonly downloads: readonly DownloadView[];
  /** The latest delivered objects, the latest first. */
  readonly objects: readonly ObjectView[];
  /** The latest events, the latest first. */
  readonly events: readonly EventView[];
  readonly faults: readonly FaultView[];
  /** What can be ordered to go wrong. */
  readonly faultKinds: readonly { readonly kind: string; readonly amount: string | null; readonly does: string }[];
  readonly downlink: string;
}

export interface SatelliteView {
  readonly id: string;
  readonly payloads: readonly PayloadView[];
}

export interface PayloadView {
  readonly name: string;
  readonly isOn: boolean;
  /** Over the link, since its window opened. */
  readonly sentBytes: number;
  readonly outbox: readonly { readonly name: string; readonly sizeBytes: number }[];
}

export interface WindowView {
  readonly id: string;
  readonly satelliteId: string;
  readonly payload: string;
  readonly command: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly state: string;
  readonly phase: 'waiting' | 'open' | 'closed' | 'missed';
  readonly outcome: string | null;
}

export interface UploadView {
  readonly id: string;
  readonly satelliteId: string;
  readonly payload: string;
  readonly destination: string;
  readonly sizeBytes: number;
  readonly sentBytes: number;
  readonly status: string;
}

export interface DownloadView {
  readonly satelliteId: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly sentBytes: number;
}

export interface ObjectView {
  readonly satelliteId: string;
  readonly key: string;
  readonly sizeBytes: number;
}

export interface EventView {
  readonly number: number;
  readonly atMs: number;
  readonly satelliteId: string;
  readonly severity: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
}

export interface FaultView {
  readonly satelliteId: string;
  readonly payload: string;
  readonly kind: string;
  readonly amount: number | null;
}

/** What the form asks for: the tutorial, at the earliest slot. */
export interface TutorialOrder {
  readonly satellite_id: string;
  /** `agents`: ours, uploaded first where they are not there. `tools`: python3 and curl, as the tutorial has it. */
  readonly with: 'agents' | 'tools';
  /** A file on the SDR. */
  readonly source: string;
  /** Its name in the outbox. */
  readonly output: string;
  readonly duration: number;
  readonly offset: number;
}
