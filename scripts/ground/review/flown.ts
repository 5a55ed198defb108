import type { Mission } from '../mission.ts';
import type { Span } from '../window-plan.ts';

/** What was flown, as far as the ground knows: from a mission file, or from the receipts. */
export interface Flown {
  readonly mission: Mission;
  /** The mission as in its file. */
  readonly written: Readonly<Record<string, unknown>>;
  /** When the windows were to run; `null` where nothing was posted from here. */
  readonly planned: { readonly sdr: Span; readonly sabertooth: Span } | null;
}
