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

/** `<prefix>/<satellite>/downlink/YYYY/MM/DD/YYYYMMDDTHHMMSSZ_<file name>` (tutorial, "Review"). */
const OBJECT =
  /(?:^|\/)(?<satellite>[A-Za-z0-9][\w-]*)\/downlink\/(?<listedAs>(?:\d{4}\/\d\d\/\d\d\/)?(?<stamp>\d{8}T\d{6}Z)_(?<name>.+))$/s;

/** Reads the key of a delivered object; `null` for anything else, such as the objects that stand for folders. */
export function parseArrival(key: string, sizeBytes: number): Arrival | null {
  const { satellite, listedAs, stamp, name } = OBJECT.exec(key)?.groups ?? {};
  if (satellite === undefined || listedAs === undefined || stamp === undefined || name === undefined) return null;
  const stampedAtMs = Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  return Number.isNaN(stampedAtMs) ? null : { key, satellite, listedAs, stampedAtMs, name, sizeBytes };
}
