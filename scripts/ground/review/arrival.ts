/** A file that was downlinked, as the name of its object tells. */
export interface Arrival {
  /** The object's key in the bucket. */
  readonly key: string;
  readonly satellite: string;
  /** The part below `downlink/`, as the tutorial lists it. */
  readonly listedAs: string;
  /** When the operator stamped it, in epoch milliseconds. */
  readonly stampedAtMs: number;
  /** Its name in the outbox. */
  readonly name: string;
  readonly sizeBytes: number;
}

/** A key below a satellite's downlink folder, in its parts. */
export interface DownlinkKey {
  /** Up to and with `downlink/`. */
  readonly folder: string;
  readonly satellite: string;
  /** What follows. */
  readonly listedAs: string;
}

/** Reads `<prefix>/<satellite>/downlink/...`; `null` for any other key. The last such folder counts. */
export function parseDownlinkKey(key: string): DownlinkKey | null {
  const match = /^(?<folder>(?:.*\/)?(?<satellite>[A-Za-z0-9][\w-]*)\/downlink\/)(?<listedAs>.+)$/s.exec(key);
  const { folder, satellite, listedAs } = match?.groups ?? {};
  if (folder === undefined || satellite === undefined || listedAs === undefined) return null;
  return { folder, satellite, listedAs };
}

/** `YYYY/MM/DD/YYYYMMDDTHHMMSSZ_<file name>` (tutorial, "Review"). */
const DATED = /^(?:\d{4}\/\d\d\/\d\d\/)?(?<stamp>\d{8}T\d{6}Z)_(?<name>.+)$/s;

/** Reads the key of a delivered object; `null` for anything else, such as the objects that stand for folders. */
export function parseArrival(key: string, sizeBytes: number): Arrival | null {
  const parts = parseDownlinkKey(key);
  const { stamp, name } = DATED.exec(parts?.listedAs ?? '')?.groups ?? {};
  if (parts === null || stamp === undefined || name === undefined) return null;
  const iso = stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const stampedAtMs = Date.parse(iso);
  const { satellite, listedAs } = parts;
  return Number.isNaN(stampedAtMs) ? null : { key, satellite, listedAs, stampedAtMs, name, sizeBytes };
}
