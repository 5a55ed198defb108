import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { diskFailure, Failure } from '../../shared/failure.ts';
import { ON_BOARD } from '../../shared/payload.ts';
import { type Environment, onPayload } from './environment.ts';

/**
 * Where the outbox is or will be; `null` where none was named and there is none at `/outbox`, as on any machine but a
 * payload.
 */
export function outboxPath(environment: Environment, named: string | undefined): string | null {
  const path = onPayload(environment, named ?? ON_BOARD.outbox);
  return named === undefined && statSync(path, { throwIfNoEntry: false }) === undefined ? null : path;
}

/**
 * Opens the outbox: an absolute path of a directory that can be written, or `null` as {@link outboxPath}. A named one is
 * made if only its last part is missing; a longer path that is not there is more likely a slip of the pen, and data that
 * nobody downlinks.
 */
export function openOutbox(environment: Environment, named: string | undefined): string | null {
  const path = outboxPath(environment, named);
  if (path === null) return null;
  try {
    if (statSync(path, { throwIfNoEntry: false }) === undefined) mkdirSync(path);
    if (!statSync(path).isDirectory()) throw new Failure('disk-refused', `The outbox ${path} is not a directory.`);
    accessSync(path, constants.W_OK | constants.X_OK);
    return path;
  } catch (error) {
    throw error instanceof Failure ? error : diskFailure(`The outbox ${path} cannot be written`, error);
  }
}
