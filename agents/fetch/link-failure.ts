import { Failure } from '../../shared/failure.ts';
import { type Address, formatAddress } from './source.ts';

/** How long a server may be silent before the connection is given up: shorter than a window, longer than a slow disk. */
export const SILENCE_MS = 8_000;

/** Answers that undici does not take for HTTP. */
const MALFORMED = new Set(['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH']);

/** What broke a connection, in words: the operator's next step depends on it. */
const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses the connection',
  ECONNRESET: 'reset the connection',
  EPIPE: 'reset the connection',
  EHOSTUNREACH: 'cannot be reached',
  ENETUNREACH: 'cannot be reached',
  ETIMEDOUT: 'does not answer',
  ENOTFOUND: 'is a name that nobody knows',
  EAI_AGAIN: 'is a name that nobody knows',
  UND_ERR_CONNECT_TIMEOUT: 'does not answer',
  UND_ERR_HEADERS_TIMEOUT: 'accepted a request and is silent',
  UND_ERR_BODY_TIMEOUT: 'stopped sending',
  UND_ERR_SOCKET: 'closed the connection in mid-transfer',
};

/** Takes an error of undici or of a socket for what it means here. */
export function linkFailure(address: Address, error: Error): Failure {
  if (error instanceof Failure) return error;
  const code = 'code' in error ? String(error.code) : '';
  const name = formatAddress(address);
  if (code.startsWith('HPE_') || MALFORMED.has(code)) {
    return new Failure('bad-answer', `${name} does not answer in HTTP: ${error.message}.`, { cause: error });
  }
  return new Failure('link-lost', `${name} ${CAUSES[code] ?? `fails: ${error.message}`}.`, { cause: error });
}

/** A connection that ended before its answer did. */
export function cutShort(address: Address, begun: boolean): Failure {
  const when = begun ? 'in mid-transfer' : 'without an answer';
  return new Failure('link-lost', `${formatAddress(address)} closed the connection ${when}.`);
}
