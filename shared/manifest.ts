/**
 * The `manifest` resource: a whole tree in one request, as NDJSON (one JSON value a line), streamed while the tree is
 * walked. `GET /.well-known/payload-link/manifest/<path>?glob=&depth=&limit=`:
 *
 * - `glob`: only what matches (see glob.ts); directories are walked whether or not they match;
 * - `depth`: how far down, 1 being the directory's own entries; no bound without it;
 * - `limit`: no more than so many entries.
 *
 * Entries come in no order that a client may rely on. The last line is always a {@link ManifestEnd}: a manifest without
 * one was cut off. Links are listed, never walked.
 */
export interface ManifestEntry {
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  /** Relative to the directory asked, encoded as path.ts says: append it to that directory's URL to fetch it. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Milliseconds since the epoch, by the payload's clock. */
  readonly modifiedMs: number;
  /** What the ETag of the file would be; `null` for anything but a file. */
  readonly etag: string | null;
}

export interface ManifestEnd {
  readonly kind: 'end';
  /** How many entries were listed before this line. */
  readonly count: number;
  /** Whether everything that was asked for is listed; if not, `reason` says why. */
  readonly complete: boolean;
  /** `limit`: there were more. `unreadable`: a directory could not be read, or changed under the walk. */
  readonly reason: 'limit' | 'unreadable' | null;
}

export type ManifestLine = ManifestEntry | ManifestEnd;

const KINDS = ['file', 'directory', 'link', 'other'] as const;
const REASONS = ['limit', 'unreadable'] as const;

/** Reads one line of a manifest; `null` for anything that is none. A kind that is not known yet is an `other`. */
export function parseManifestLine(text: string): ManifestLine | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { kind, path, sizeBytes, modifiedMs, etag, count, complete, reason } = value as Record<string, unknown>;
  if (kind === 'end') {
    if (typeof count !== 'number' || typeof complete !== 'boolean') return null;
    return { kind, count, complete, reason: REASONS.find((known) => known === reason) ?? null };
  }
  if (typeof path !== 'string' || path === '' || typeof sizeBytes !== 'number') return null;
  return {
    kind: KINDS.find((known) => known === kind) ?? 'other',
    path,
    sizeBytes,
    modifiedMs: typeof modifiedMs === 'number' ? modifiedMs : 0,
    etag: typeof etag === 'string' ? etag : null,
  };
}
