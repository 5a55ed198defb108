import { copyFileSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';

/** Where the operator puts what was downlinked from a satellite, relative to the bucket. Ends with a slash, as S3 prefixes do. */
export function downlinkPrefix(prefix: string, satellite: string): string {
  return `${prefix}/${satellite}/downlink/`;
}

/**
 * The name of a delivered object below `downlink/`: `2021/09/06/20210906T043229Z_sdr_syslog` (the tutorial's "Review").
 * `at` is a moment of UTC.
 */
export function objectKey(at: Date, fileName: string): string {
  const stamp = `${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
  return `${at.toISOString().slice(0, 10).replaceAll('-', '/')}/${stamp}_${fileName}`;
}

/** The zero-byte objects that stand for folders in the bucket: every directory part of the keys, once, in order. */
export function folderMarkers(keys: readonly string[]): readonly string[] {
  const markers = new Set<string>();
  for (const key of keys) {
    for (let slash = key.indexOf('/'); slash >= 0; slash = key.indexOf('/', slash + 1)) {
      markers.add(key.slice(0, slash + 1));
    }
  }
  return [...markers].sort();
}

/** A file that lies in an outbox when the window ends. */
export interface OutboxFile {
  readonly path: string;
  /** Relative to the outbox. */
  readonly name: string;
}

/** Everything in an outbox, hidden files too: whatever is there is downlinked. */
export function listOutbox(outbox: string): readonly OutboxFile[] {
  return readdirSync(outbox, { recursive: true, encoding: 'utf8' })
    .map((name) => ({ path: join(outbox, name), name: name.split(sep).join('/') }))
    .filter((file) => lstatSync(file.path).isFile())
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Delivers what lies in an outbox into a directory that stands for the bucket; returns the keys below `downlink/`. One
 * file is downlinked after the other: where a name is taken in one second, the file arrives in a later one.
 */
export function sweepOutbox(outbox: string, downlink: string, at: Date): readonly string[] {
  return listOutbox(outbox).map((file) => {
    for (let arrivedAt = at; ; arrivedAt = new Date(arrivedAt.getTime() + 1000)) {
      const key = objectKey(arrivedAt, file.name);
      const object = join(downlink, key);
      if (lstatSync(object, { throwIfNoEntry: false }) !== undefined) continue;
      mkdirSync(dirname(object), { recursive: true });
      copyFileSync(file.path, object);
      return key;
    }
  });
}
