/**
 * The wire between payload-serve and payload-fetch, protocol version 1:
 *
 * 1. Everything is plain HTTP/1.1 (RFC 9110, RFC 9112): GET and HEAD of a path name a file below the served directory,
 *    so that curl can be the client and any web server can be the server.
 * 2. A file's ETag is strong only where its bytes cannot have changed unseen, and bytes of two responses are joined
 *    only under the same strong ETag, asked for with If-Range and checked again in Content-Range.
 * 3. `Repr-Digest` (RFC 9530, SHA-256) comes with a response wherever it is known when the header is sent; where it is
 *    not, the body is not kept waiting, and a HEAD with `Want-Repr-Digest` asks again and waits for it.
 * 4. Whatever HTTP has no words for lies below `/.well-known/payload-link`: the resource itself names the agent, its
 *    version and the features it offers, and each feature has one resource below it.
 * 5. A refusal carries a one-line JSON body, `{"error":code,"message":sentence}`, and leaves nothing changed.
 */

/** Raised when a client of the previous version would misunderstand the answers. */
export const PROTOCOL_VERSION = 1;

/** RFC 8615: the one place on the server that is never looked up in the directory. */
export const WELL_KNOWN_PATH = '/.well-known/payload-link';

/**
 * What a server may offer beyond plain HTTP. A client uses one only where {@link Identity.features} lists it; each is the
 * resource of that name below {@link WELL_KNOWN_PATH}:
 *
 * | feature    | request                                           | answer                                           |
 * |------------|---------------------------------------------------|--------------------------------------------------|
 * | `digest`   | `GET .../digest/<path>?from=&to=&block=`          | JSON, see file-digest.ts                         |
 * | `manifest` | `GET .../manifest/<path>?glob=&depth=&limit=`     | NDJSON, one line per file, see manifest.ts       |
 * | `done`     | `POST .../done`                                   | 204: the client has everything it came for       |
 *
 * `<path>` is the file's or directory's own path, encoded as path.ts says, without its first slash.
 */
export const FEATURES = ['digest', 'manifest', 'done'] as const;

export type Feature = (typeof FEATURES)[number];

/** The resource of a feature; `encodedPath` starts with a slash, and `done` has none. */
export function featurePath(feature: Feature, encodedPath = ''): string {
  return `${WELL_KNOWN_PATH}/${feature}${encodedPath}`;
}

/** What `GET /.well-known/payload-link` answers. A client uses a feature only where it stands in the list. */
export interface Identity {
  readonly agent: string;
  readonly version: string;
  readonly protocol: number;
  readonly features: readonly string[];
}

/**
 * Reads the answer of `GET /.well-known/payload-link`: `null` for anything but an agent of ours, such as a plain
 * server's page behind a 200. Unknown members are passed over, so that a newer server is still understood.
 */
export function parseIdentity(text: string): Identity | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { agent, version, protocol, features } = value as Record<string, unknown>;
  if (typeof agent !== 'string' || typeof version !== 'string' || typeof protocol !== 'number') return null;
  const named = Array.isArray(features) ? features.filter((name): name is string => typeof name === 'string') : [];
  return { agent, version, protocol, features: named };
}
