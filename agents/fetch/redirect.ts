import { Failure } from '../../shared/failure.ts';
import { type Address, formatAddress } from './source.ts';

/**
 * The target that a redirect leads to. Only on the same host and port: no other server was asked for, and what it serves
 * under this name is not what the operator meant; nor is the page that stands for a directory (what servers send to whoever
 * forgets its slash). Throws `refused` or `bad-answer`.
 */
export function redirectTarget(location: string, address: Address, target: string): string {
  const base = `http://${formatAddress(address)}`;
  let url: URL;
  try {
    url = new URL(location, `${base}${target}`);
  } catch (error) {
    throw new Failure('bad-answer', 'The server redirects to what is no URL.', { cause: error });
  }
  if (url.origin !== new URL(base).origin) {
    // The origin of other schemes than http is the text "null" (WHATWG URL, 4.7).
    const elsewhere = `${url.protocol}//${url.host}`;
    throw new Failure('refused', `The server redirects to ${elsewhere}, which is not followed: ${base} was asked for.`);
  }
  const path = target.split('?')[0];
  if (url.pathname === `${path}/`) {
    throw new Failure('refused', `${path} is a directory: with a slash at its end, what is in it is fetched.`);
  }
  return `${url.pathname}${url.search}`;
}
