import { Failure } from '../../shared/failure.ts';
import { decodePath, encodePath } from '../../shared/path.ts';
import { DEFAULT_PORT, parsePort, portProblem } from '../../shared/payload.ts';

/** Where a server may listen. */
export interface Address {
  /** A name or an IPv4 address; an IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number;
}

/** What is to be fetched. */
export interface Source {
  /** As the operator wrote it: the report's name for it. */
  readonly text: string;
  /** The server that a URL names; `null` for a path, which any server of `--from` may answer. */
  readonly address: Address | null;
  /** Path and query in percent-encoding, for the request line. */
  readonly target: string;
  /** The file's path as bytes (shared/path.ts), for its name in the outbox. */
  readonly path: string;
}

/** `host:port`, with the brackets that an IPv6 address takes. */
export function formatAddress({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * Reads a source: a URL, as for curl, or an absolute path on the server. Throws a `usage` failure for anything else.
 *
 * | text                               | address        | target           |
 * |------------------------------------|----------------|------------------|
 * | `http://10.2.1.8:10101/var/log/a`  | 10.2.1.8:10101 | `/var/log/a`     |
 * | `http://[::1]:10101/a?b#c`         | ::1:10101      | `/a?b`           |
 * | `/var/log/my file`                 | -              | `/var/log/my%20file` |
 * | `https://h:10101/a`, `a/b`, `ftp:` | refused        |                  |
 */
export function parseSource(text: string): Source {
  if (text.includes('\0')) throw new Failure('usage', 'A source holds a NUL, which no file name can.');
  if (text.startsWith('/')) return pathSource(text, Buffer.from(text, 'utf8').toString('latin1'));
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    throw new Failure('usage', `"${text}" is neither a URL such as http://10.2.1.8:10101/file nor an absolute path.`);
  }
  let url: URL;
  try {
    url = new URL(text);
  } catch (error) {
    throw new Failure('usage', `"${text}" is not a well-formed URL.`, { cause: error });
  }
  if (url.protocol !== 'http:') {
    throw new Failure('usage', `"${text}" is not an http:// URL: the payloads speak plain HTTP.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new Failure('usage', 'A URL with a user name or a password is not taken: it would stand in every log.');
  }
  const path = decodePath(url.pathname);
  if (path === null) throw new Failure('usage', `"${text}" holds a % that is not followed by two hex digits.`);
  // WHATWG URL leaves the port empty where it is 80, http's own.
  const address = { host: url.hostname.replace(/^\[|\]$/g, ''), port: portOf(url.port === '' ? '80' : url.port) };
  return { text, address, target: `${url.pathname}${url.search}`, path };
}

/** A file that a server lists: `path` in bytes. */
export function pathSource(text: string, path: string, address: Address | null = null): Source {
  return { text, address, target: encodePath(path), path };
}

/** Reads `--from host[:port]`; `[v6]:port` for IPv6. Throws a `usage` failure. */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9a-f:.]+)\]|([A-Za-z0-9.-]+))(?::(.*))?$/i.exec(text);
  if (match === null) throw new Failure('usage', `--from "${text}" is not host or host:port.`);
  const [, v6, name, port] = match;
  return { host: v6 ?? name ?? '', port: port === undefined ? DEFAULT_PORT : portOf(port) };
}

function portOf(text: string): number {
  const port = parsePort(text);
  if (port === null) throw new Failure('usage', portProblem(text));
  return port;
}
