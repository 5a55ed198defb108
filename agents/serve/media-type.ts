/**
 * The kinds of file that a person opens in a browser during a ground test; every byte of a longer table would have to be
 * uplinked. The others are bytes to whoever fetches them.
 */
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  csv: 'text/csv; charset=utf-8',
  gz: 'application/gzip',
  html: 'text/html; charset=utf-8',
  jpg: 'image/jpeg',
  json: 'application/json',
  log: 'text/plain; charset=utf-8',
  ndjson: 'application/x-ndjson',
  pdf: 'application/pdf',
  png: 'image/png',
  txt: 'text/plain; charset=utf-8',
  xml: 'application/xml',
};

/**
 * The media type of a file by the ending of its name; bytes of unknown meaning otherwise (RFC 9110, 8.3). A compressed
 * file is the file that it is: never a `Content-Encoding`, which a client would undo.
 */
export function mediaTypeOf(path: string): string {
  const ending = path.slice(path.lastIndexOf('.') + 1).toLowerCase();
  return (Object.hasOwn(MEDIA_TYPES, ending) && MEDIA_TYPES[ending]) || 'application/octet-stream';
}
