import { join } from 'node:path';
import { ON_BOARD } from '../../shared/payload.ts';
import { makeDirectorySync } from '../common/directory.ts';
import { type Environment, onPayload } from '../common/environment.ts';

export interface StateDirectory {
  readonly path: string;
  /** Where it should have been, if it is not there. */
  readonly insteadOf: string | null;
}

/**
 * Where bytes are kept from window to window: as named, or below `/persist`. Where that cannot be made, as on a desk, it
 * is below the user's state directory (XDG Base Directory Specification).
 */
export function stateDirectory(
  environment: Environment,
  named: string | null,
  variables: Readonly<Record<string, string | undefined>>,
): StateDirectory {
  if (named !== null) return { path: named, insteadOf: null };
  const customary = customaryState(environment);
  try {
    makeDirectorySync(customary);
    return { path: customary, insteadOf: null };
  } catch {
    const home = variables.XDG_STATE_HOME || join(variables.HOME || '/tmp', '.local', 'state');
    return { path: join(home, 'payload-fetch'), insteadOf: customary };
  }
}

export function customaryState(environment: Environment): string {
  return onPayload(environment, join(ON_BOARD.persist, 'payload-fetch'));
}
