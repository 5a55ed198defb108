import { Failure } from '../../shared/failure.ts';
import { compileGlob } from '../../shared/glob.ts';
import { parseListing } from '../../shared/listing.ts';
import { type ManifestEnd, parseManifestLine } from '../../shared/manifest.ts';
import { decodePath, encodePath } from '../../shared/path.ts';
import { featurePath } from '../../shared/protocol.ts';
import { judge } from './answer.ts';
import { offers } from './proof.ts';
import type { Server } from './rendezvous.ts';
import { pathSource, type Source } from './source.ts';

/** A file that a server lists. */
export interface Listed {
  readonly source: Source;
  readonly sizeBytes: number | null;
}

/** What a source stands for. */
export interface Listing {
  readonly files: readonly Listed[];
  /** Why there may be more files than these; `null` where these are all. */
  readonly gap: Failure | null;
}

/** A source that stands for many: a directory, and what is wanted of it. Paths are bytes (shared/path.ts). */
export interface Selection {
  /** Ends with a slash. */
  readonly directory: string;
  /** `null` for everything. */
  readonly pattern: string | null;
  /** How far down, 1 being the directory's own files. */
  readonly depth: number;
}

/** Trees deeper than this are loops of links. */
const DEEPEST = 32;

/** No window carries more files, and a listing without end must end. */
const MOST_FILES = 100_000;
const LONGEST_LISTING_BYTES = 64 * 1024 * 1024;

/**
 * What of a server a source stands for; `null` where that is one file. In a path, `*`, `?` and `[` make a pattern (see
 * shared/glob.ts), and a slash at the end a directory. In a URL a `?` begins the query as ever.
 *
 * | source             | recursive | directory   | pattern | depth |
 * |--------------------|-----------|-------------|---------|-------|
 * | `/var/log/*.log`   | no        | `/var/log/` | `*.log` | 1     |
 * | `/var/log/*.log`   | yes       | `/var/log/` | `*.log` | any   |
 * | `/var/&#42;/x.log` | no        | `/var/`     | `&#42;/x.log` | 2 |
 * | `/var/log/`        | no        | `/var/log/` | -       | 1     |
 * | `/var/log/syslog`  | no        | one file    |         |       |
 */
export function selectionOf({ address, path, target }: Source, recursive: boolean): Selection | null {
  if (target.includes('?')) return null;
  const isUrl = address !== null;
  const text = isUrl ? target : path;
  const wild = text.search(isUrl ? /[*[]/ : /[*?[]/);
  if (wild < 0) {
    if (!path.endsWith('/') && !recursive) return null;
    return { directory: path.endsWith('/') ? path : `${path}/`, pattern: null, depth: recursive ? DEEPEST : 1 };
  }
  // In a URL what is percent-encoded stands for itself.
  const read = (part: string): string => (isUrl ? (decodePath(part) ?? '') : part);
  const beginsAt = text.lastIndexOf('/', wild) + 1;
  const directory = read(text.slice(0, beginsAt));
  const rest = text.slice(beginsAt);
  const pattern = read(isUrl ? rest.replace(/%(?:2A|3F|5B)/gi, '[$&]') : rest);
  const depth = recursive || pattern.includes('**') ? DEEPEST : pattern.split('/').length;
  return { directory, pattern, depth };
}

/** Lists what a selection stands for: by the manifest of our own server, by the listings of any other. */
export async function listFiles(
  server: Server,
  source: Source,
  selection: Selection,
  signal: AbortSignal,
): Promise<Listing> {
  const matches = selection.pattern === null ? () => true : compileGlob(selection.pattern);
  if (matches === null) throw new Failure('usage', `"${source.text}": a [ is not closed.`);
  const { found, gap } = offers(server, 'manifest')
    ? await fromManifest(server, selection, signal)
    : await fromListings(server, selection.directory, selection.depth, signal);
  const origin = source.address === null ? null : new URL(source.text).origin;
  const files = found
    .filter(({ path }) => matches(path))
    .map(({ path, sizeBytes }) => {
      const whole = `${selection.directory}${path}`;
      return { source: pathSource(textOf(origin, whole), whole, source.address), sizeBytes };
    });
  return { files, gap };
}

interface Found {
  /** Relative to the directory asked, in bytes. */
  readonly path: string;
  readonly sizeBytes: number | null;
}

interface Tree {
  readonly found: readonly Found[];
  readonly gap: Failure | null;
}

async function fromManifest(
  server: Server,
  { directory, pattern, depth }: Selection,
  signal: AbortSignal,
): Promise<Tree> {
  const query = [`limit=${MOST_FILES}`, `depth=${depth}`];
  if (pattern !== null) query.push(`glob=${encodePath(pattern).replaceAll('/', '%2F')}`);
  const path = featurePath('manifest', encodePath(directory).replace(/\/$/, '') || '/');
  const request = { method: 'GET', target: `${path}?${query.join('&')}`, signal } as const;
  const { head, text } = await server.exchange.text(request, LONGEST_LISTING_BYTES);
  judge(head, { from: 0, etag: null, sizeBytes: null });
  const found: Found[] = [];
  const links: string[] = [];
  let end: ManifestEnd | null = null;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const entry = parseManifestLine(line);
    if (entry === null) throw new Failure('bad-answer', 'The manifest of the server cannot be read.');
    if (entry.kind === 'end') end = entry;
    if (entry.kind !== 'file' && entry.kind !== 'link') continue;
    const name = safePath(entry.path);
    if (name === null) continue;
    if (entry.kind === 'file') found.push({ path: name, sizeBytes: entry.sizeBytes });
    else links.push(name);
  }
  await Promise.all(
    links.map(async (name) => {
      // Where it leads is the server's to say: to a file that it gives, or to a directory, to nothing, or outside.
      const target = encodePath(`${directory}${name}`);
      const { status } = await server.exchange.head(target, signal);
      if (status === 200) found.push({ path: name, sizeBytes: null });
    }),
  );
  if (end === null) throw new Failure('link-lost', 'The manifest of the server was cut off.');
  return { found, gap: end.complete ? null : gapBelow(directory, end.reason) };
}

const GAPS = {
  limit: `there are more than ${MOST_FILES} entries`,
  unreadable: 'a directory there cannot be read',
  loop: 'a link there leads back',
};

function gapBelow(directory: string, reason: keyof typeof GAPS | null): Failure {
  const why = GAPS[reason ?? 'unreadable'];
  return new Failure('refused', `Not everything below ${textOf(null, directory)} is listed: ${why}.`);
}

async function fromListings(
  server: Server,
  directory: string,
  depth: number,
  signal: AbortSignal,
  prefix = '',
  left = { files: MOST_FILES },
  above: readonly string[] = [],
): Promise<Tree> {
  const target = encodePath(`${directory}${prefix}`);
  const { head, text } = await server.exchange.text({ method: 'GET', target, signal }, LONGEST_LISTING_BYTES);
  const answer = judge(head, { from: 0, etag: null, sizeBytes: null });
  if (answer.kind !== 'whole') throw new Failure('refused', `The server lists nothing at ${target}.`);
  const found: Found[] = [];
  const links = readListing(text, target);
  const names = links.map(({ name }) => name).join('/');
  // Two directories above it hold the very same: so does every one below it.
  if (names !== '' && above.filter((other) => other === names).length > 1) {
    return { found, gap: gapBelow(`${directory}${prefix}`, 'loop') };
  }
  let gap: Failure | null = null;
  for (const { name, isDirectory, sizeBytes } of links) {
    left.files -= 1;
    if (left.files < 0) return { found, gap: gapBelow(`${directory}${prefix}`, 'limit') };
    const path = `${prefix}${name}`;
    if (!isDirectory) found.push({ path, sizeBytes });
    else if (depth > 1) {
      try {
        const below = await fromListings(server, directory, depth - 1, signal, `${path}/`, left, [...above, names]);
        found.push(...below.found);
        gap ??= below.gap;
      } catch (thrown) {
        // One directory that may not be read does not keep back the others.
        if (!(thrown instanceof Failure) || thrown.code !== 'refused') throw thrown;
        gap ??= gapBelow(`${directory}${path}/`, 'unreadable');
      }
    }
  }
  return { found, gap };
}

interface Link {
  readonly name: string;
  readonly isDirectory: boolean;
  readonly sizeBytes: number | null;
}

/**
 * Reads a listing: nginx's JSON and ours, or the links of a page as nginx, Apache, lighttpd, Caddy and python make them.
 * Only names right below the directory count; links elsewhere, and those that sort the page, do not.
 */
export function readListing(text: string, target: string): readonly Link[] {
  const json = parseListing(text);
  const links =
    json === null
      ? Array.from(text.matchAll(/<a\s[^>]*?href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))/gi), ([, a, b, c]) => ({
          href: unescapeHtml(a ?? b ?? c ?? ''),
          sizeBytes: null,
        }))
      : json.flatMap(({ name, type, size, href }) => {
          const plain =
            href ?? `${encodePath(Buffer.from(name, 'utf8').toString('latin1'))}${type === 'directory' ? '/' : ''}`;
          return type === 'other' ? [] : [{ href: plain, sizeBytes: size ?? null }];
        });
  const listings = new Map<string, Link>();
  for (const { href, sizeBytes } of links) {
    // A colon makes a scheme of what stands before it, unless `./` does (RFC 3986, 4.2); webfs writes its names bare.
    if (/^(?:mailto|javascript|data):|[?#]/i.test(href)) continue;
    const relative = href.startsWith(target) ? href.slice(target.length) : href.replace(/^\.\//, '');
    const isDirectory = relative.endsWith('/');
    const name = safePath(isDirectory ? relative.slice(0, -1) : relative);
    if (name !== null && !name.includes('/')) listings.set(name, { name, isDirectory, sizeBytes });
  }
  return [...listings.values()];
}

/** Decodes a relative path; `null` for one that no honest server lists. */
function safePath(encoded: string): string | null {
  const path = decodePath(encoded);
  if (path === null || path === '' || path.includes('\0')) return null;
  return path.split('/').some((part) => part === '' || part === '.' || part === '..') ? null : path;
}

function unescapeHtml(text: string): string {
  const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'" };
  return text.replace(/&(amp|lt|gt|quot|#39|#x27);/gi, (_, name: string) => named[name.toLowerCase()] ?? '');
}

/** What the report calls a listed file: as its source was written, a URL or a path. */
function textOf(origin: string | null, path: string): string {
  return origin === null ? Buffer.from(path, 'latin1').toString('utf8') : `${origin}${encodePath(path)}`;
}
