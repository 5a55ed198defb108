import { SABERTOOTH, SDR } from '../../shared/payload.ts';
import type { UserCommand } from './window.ts';

/** When the tutorial's two windows open and how long they last. */
export interface Timing {
  readonly durationMs: number;
  /** The SABERTOOTH window opens so long after the SDR's. */
  readonly offsetMs: number;
  /** Between SIGTERM and the loss of power. */
  readonly graceMs: number;
}

/** The tutorial's own. */
export const SEED_TIMING: Timing = { durationMs: 60_000, offsetMs: 30_000, graceMs: 5000 };

/** The same in ten seconds, with four of overlap. */
export const SHORT_TIMING: Timing = { durationMs: 7000, offsetMs: 3000, graceMs: 2000 };

export interface ScheduledWindow {
  readonly type: string;
  readonly opensAtMs: number;
  readonly command: UserCommand;
}

/** Where the two agents are uploaded to. */
export const UPLOADED = { serve: '/persist/bin/payload-serve', fetch: '/persist/bin/payload-fetch' } as const;

/** The file that the tutorial fetches, and the name that it arrives under. */
export const SYSLOG = { source: '/var/log/syslog', output: 'sdr_syslog' } as const;

/** The SDR's address in the tutorial. No simulation dials it: the environment of the window says where the SDR is. */
export const SEED_SDR_ADDRESS = '10.2.1.8';

/** The tutorial's two windows, with only their executables changed (and the progress endpoint opened). */
export function tutorialWindows(
  ports: { readonly port: number; readonly statusPort: number },
  timing: Timing,
): { readonly sdr: ScheduledWindow; readonly sabertooth: ScheduledWindow } {
  const { port, statusPort } = ports;
  const url = `http://${SEED_SDR_ADDRESS}:${port}${SYSLOG.source}`;
  return {
    sdr: {
      type: SDR.windowType,
      opensAtMs: 0,
      command: { executable: UPLOADED.serve, arguments: [String(port), '--bind', '0.0.0.0'] },
    },
    sabertooth: {
      type: SABERTOOTH.windowType,
      opensAtMs: timing.offsetMs,
      command: {
        executable: UPLOADED.fetch,
        arguments: [url, '-o', `/outbox/${SYSLOG.output}`, '--status-port', String(statusPort)],
      },
    },
  };
}
