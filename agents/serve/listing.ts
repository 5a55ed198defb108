import { formatHttpDate } from '../../shared/http-date.ts';
import type { ListingEntry } from '../../shared/listing.ts';
import { encodePath } from '../../shared/path.ts';
import { formatBytes } from '../../shared/quantity.ts';
import type { Entry } from './entries.ts';
import { oneOf, readQuery } from './query.ts';

/** How a listing is asked for, by its query. */
export interface ListingView {
  readonly sort: 'name' | 'size' | 'time';
  readonly order: 'up' | 'down';
  /** Whether names that begin with a dot are listed. */
  readonly all: boolean;
}

/** Reads `?sort=name|size|time&order=up|down&all=yes`; what is not understood is as if it were not there. */
export function readView(query: string): ListingView {
  const readers = { sort: oneOf('name', 'size', 'time'), order: oneOf('up', 'down'), all: oneOf('yes') };
  const { sort = 'name', order = 'up', all } = readQuery(query, readers) ?? {};
  return { sort, order, all: all !== undefined };
}

/** Whether `Accept` asks for JSON, by name, at least as much as for HTML (RFC 9110, 12.5.1). */
export function prefersJson(accept = ''): boolean {
  const weights = new Map<string, number>();
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    weights.set(type, weight === undefined ? 1 : Number(weight) || 0);
  }
  const json = weights.get('application/json') ?? 0;
  return json > 0 && json >= (weights.get('text/html') ?? 0);
}

/** What the view shows of a directory: directories first, and then by what was asked. */
export function arrange(entries: readonly Entry[], { sort, order, all }: ListingView): readonly Entry[] {
  const by = (a: Entry, b: Entry): number => {
    const directories = Number(b.kind === 'directory') - Number(a.kind === 'directory');
    const [first, second] = order === 'up' ? [a, b] : [b, a];
    const asked =
      sort === 'size'
        ? Number(first.identity.sizeBytes - second.identity.sizeBytes)
        : sort === 'time'
          ? modifiedSeconds(first) - modifiedSeconds(second)
          : 0;
    return directories || asked || (first.path < second.path ? -1 : 1);
  };
  return entries.filter(({ path }) => all || !path.startsWith('.')).sort(by);
}

/** The directory as JSON (shared/listing.ts), one entry a line. */
export function listingJson(entries: readonly Entry[]): string {
  const lines = entries.map((entry) => {
    const listed: ListingEntry = {
      name: textOf(entry.path),
      type: entry.kind === 'link' ? 'other' : entry.kind,
      mtime: formatHttpDate(modifiedSeconds(entry)),
      ...(entry.kind === 'file' && { size: Number(entry.identity.sizeBytes) }),
      href: hrefOf(entry),
    };
    return JSON.stringify(listed);
  });
  return `[\n${lines.join(',\n')}\n]\n`;
}

/** Readable on a phone and in the dark, and without scripts: it works wherever it is opened. */
const STYLE = `:root{color-scheme:light dark;font:1rem/1.5 sans-serif}
body{max-width:60rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}
table{width:100%;border-collapse:collapse}
th,td{text-align:left;border-bottom:1px solid #8884}
td+td,th+th{text-align:right;white-space:nowrap}`;

/** The directory as a page. */
export function listingPage(path: string, entries: readonly Entry[], view: ListingView): string {
  const title = escapeHtml(textOf(path));
  const rows = entries.map((entry) => {
    const date = new Date(modifiedSeconds(entry) * 1000).toISOString().slice(0, 19).replace('T', ' ');
    const name = escapeHtml(textOf(entry.path)) + { file: '', directory: '/', link: ' →', other: '' }[entry.kind];
    const size = entry.kind === 'file' ? formatBytes(Number(entry.identity.sizeBytes)) : '';
    return `<tr><td><a href="${hrefOf(entry)}">${name}</a><td>${size}<td>${date}`;
  });
  const heading = (sort: ListingView['sort'], label: string): string => {
    const isSorted = view.sort === sort;
    const next = isSorted && view.order === 'up' ? 'down' : 'up';
    const sorted = isSorted ? ` aria-sort="${view.order === 'up' ? 'ascending' : 'descending'}"` : '';
    const arrow = isSorted ? (view.order === 'up' ? ' ▲' : ' ▼') : '';
    return `<th scope="col"${sorted}><a href="${queryOf({ ...view, sort, order: next })}">${label}${arrow}</a>`;
  };
  const up = path === '/' ? '' : '<tr><td><a href="../">../</a><td><td>\n';
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>${STYLE}</style>
<h1>${title}</h1>
<table>
<thead><tr>${heading('name', 'Name')}${heading('size', 'Size')}${heading('time', 'Modified (UTC)')}
<tbody>
${up}${rows.join('\n')}
</table>
<p>${entries.length} shown. <a href="${queryOf({ ...view, all: !view.all })}">${view.all ? 'Hide' : 'Show'} names that begin with a dot</a>
`;
}

function queryOf({ sort, order, all }: ListingView): string {
  return `?sort=${sort}&amp;order=${order}${all ? '&amp;all=yes' : ''}`;
}

function hrefOf(entry: Entry): string {
  // A name such as `a:b` would be read as a scheme without the dot segment (RFC 3986, 4.2).
  return `./${encodePath(entry.path)}${entry.kind === 'directory' ? '/' : ''}`;
}

function modifiedSeconds(entry: Entry): number {
  return Number(entry.identity.modifiedNs / 1_000_000_000n);
}

/** A path of byte characters for people to read: as UTF-8, whatever it is. */
function textOf(path: string): string {
  return Buffer.from(path, 'latin1').toString('utf8');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
