import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { ApiFlags } from './command/options.ts';
import { diskFailure, GroundFailure } from './failure.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** The operator's (tutorial). */
const OPERATOR_API = 'https://api.orb.spire.com';

/** Where the Tasking API is. Away from this machine only https will do: the token goes along with every request. */
export function readApi(flags: ApiFlags, variables: Variables): URL {
  const text = flags.api ?? (variables.PAYLOAD_LINK_API || OPERATOR_API);
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '') {
    throw new GroundFailure('usage', `"${text}" is not the address of an API: give one such as ${OPERATOR_API}.`);
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new GroundFailure(
      'usage',
      `${url.origin} is not on this machine and not https: the token would be readable.`,
    );
  }
  return url;
}

/** The API's address as receipts keep it, however it was spelled. */
export function apiName(api: URL): string {
  return api.href.replace(/\/$/, '');
}

/** The token, from `--token-file` or `PAYLOAD_LINK_TOKEN`: an argument would stand in the list of processes. */
export function readToken(flags: ApiFlags, variables: Variables): string {
  const token = (flags.tokenFile === undefined ? variables.PAYLOAD_LINK_TOKEN : readTokenFile(flags.tokenFile))?.trim();
  if (!token) {
    throw new GroundFailure('usage', 'There is no token: set PAYLOAD_LINK_TOKEN, or name a file with --token-file.');
  }
  // Checked here, because an error of the HTTP client would quote it.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new GroundFailure('usage', 'The token holds characters that no token has: check where it was copied from.');
  }
  return token;
}

function readTokenFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw diskFailure(`The token file ${path} cannot be read`, error);
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'));
}
