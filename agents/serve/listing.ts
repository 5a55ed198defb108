import { formatHttpDate } from '../../shared/http-date.ts';
import type { ListingEntry } from '../../shared/listing.ts';
import { encodePath } from '../../shared/path.ts';
import { formatBytes } from '../../shared/quantity.ts';
import type { Entry } from './walk.ts';

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

/** The directory as JSON, one entry a line. */
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

/** The directory as a page: no scripts, so that it works wherever it is opened. */
export function listingPage(path: string, entries: readonly Entry[]): string {
  const rows = entries.map((entry) => {
    const size = entry.kind === 'file' ? formatBytes(Number(entry.identity.sizeBytes)) : '';
    const date = new Date(modifiedSeconds(entry) * 1000).toISOString().slice(0, 19).replace('T', ' ');
    const name = escapeHtml(textOf(entry.path)) + (entry.kind === 'directory' ? '/' : '');
    return `<tr><td><a href="${hrefOf(entry)}">${name}</a><td>${size}<td>${date}`;
  });
  const title = escapeHtml(textOf(path));
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title>
<h1>${title}</h1>
<table><tr><th>Name<th>Size<th>Modified (UTC)
${path === '/' ? '' : '<tr><td><a href="../">../</a><td><td>\n'}${rows.join('\n')}
</table>
`;
}

function hrefOf(entry: Entry): string {
  // A name such as `a:b` would be read as a scheme without the dot segment (RFC 3986, 4.2).
  return `./${encodePath(entry.path)}${entry.kind === 'directory' ? '/' : ''}`;
}

function modifiedSeconds(entry: Entry): number {
  return Number(entry.identity.modifiedNs / 1_000_000_000n);
}

/** A path of byte characters for people to read: as UTF-8, whatever it is. */
export function textOf(path: string): string {
  return Buffer.from(path, 'latin1').toString('utf8');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
