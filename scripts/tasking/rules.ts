import type { PayloadName, WindowType } from './api.ts';

/** What the operator asks of a window, by its type (public API pages, "Minimum Window Padding" and "Duration"). */
export interface WindowRules {
  readonly payload: PayloadName;
  readonly minimumSeconds: number;
  /** The payload is busy with starting up for so long before the window... */
  readonly preBufferSeconds: number;
  /** ...and with shutting down for so long after it: no other window of the same payload may lie in either. */
  readonly postBufferSeconds: number;
}

export const WINDOW_RULES: Readonly<Record<WindowType, WindowRules>> = {
  PAYLOAD_SDR: { payload: 'SDR', minimumSeconds: 30, preBufferSeconds: 120, postBufferSeconds: 210 },
  PAYLOAD_SABERTOOTH: { payload: 'SABERTOOTH', minimumSeconds: 30, preBufferSeconds: 180, postBufferSeconds: 210 },
  PAYLOAD_IPI: { payload: 'IPI', minimumSeconds: 30, preBufferSeconds: 120, postBufferSeconds: 210 },
};

/** "The upper limit on individual upload file size is 10MB" (public API pages). */
export const UPLOAD_LIMIT_BYTES = 10_000_000;

/** What can be uplinked on an average day, and what a user should stay under on the way down (public API pages). */
export const UPLINK_BYTES_PER_DAY = 125_000;
export const DOWNLINK_BYTES_PER_DAY = 100_000_000;

/** The longest wait for a contact, at which uploads and schedules reach the satellite (user guide). */
export const CONTACT_SECONDS = 6 * 3600;
