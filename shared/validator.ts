/** An entity tag (RFC 9110, 8.8.3). `opaque` is what stands between the quotes. */
export interface EntityTag {
  readonly weak: boolean;
  readonly opaque: string;
}

// etagc = %x21 / %x23-7E / obs-text (RFC 9110, 8.8.3); Node hands header bytes over as Latin-1.
const ENTITY_TAG = /(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/y;
const ONE_ENTITY_TAG = new RegExp(`^\\s*${ENTITY_TAG.source}\\s*$`);

/** Reads one entity tag and nothing else; `null` where it is malformed. */
export function parseEntityTag(text: string): EntityTag | null {
  const match = ONE_ENTITY_TAG.exec(text);
  return match === null ? null : { weak: match[1] !== undefined, opaque: match[2] ?? '' };
}

/** Reads the list of `If-Match` and `If-None-Match` (not `*`); `null` where it is malformed. A tag may hold a comma. */
export function parseEntityTags(header: string): readonly EntityTag[] | null {
  const tags: EntityTag[] = [];
  const separator = /[ \t,]*/y;
  let at = 0;
  const skip = (): string => {
    separator.lastIndex = at;
    const skipped = separator.exec(header)?.[0] ?? '';
    at += skipped.length;
    return skipped;
  };
  skip();
  while (at < header.length) {
    ENTITY_TAG.lastIndex = at;
    const match = ENTITY_TAG.exec(header);
    if (match === null) return null;
    at += match[0].length;
    tags.push({ weak: match[1] !== undefined, opaque: match[2] ?? '' });
    if (!skip().includes(',') && at < header.length) return null;
  }
  return tags.length === 0 ? null : tags;
}

export function formatEntityTag(tag: EntityTag): string {
  return `${tag.weak ? 'W/' : ''}"${tag.opaque}"`;
}

/** Strong comparison (RFC 9110, 8.8.3.2): the only one under which bytes may be joined. */
export function matchesStrongly(a: EntityTag, b: EntityTag): boolean {
  return !a.weak && !b.weak && a.opaque === b.opaque;
}

/** Weak comparison (RFC 9110, 8.8.3.2): good enough to say "you have it already". */
export function matchesWeakly(a: EntityTag, b: EntityTag): boolean {
  return a.opaque === b.opaque;
}

/** What identifies one state of one file. Bigints as `fstat` gives them: nanoseconds do not fit a double. */
export interface FileIdentity {
  readonly device: bigint;
  readonly inode: bigint;
  readonly sizeBytes: bigint;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
}

/** Whether two looks at a file saw the same state of it, as far as its stamps tell. */
export function sameState(a: FileIdentity, b: FileIdentity): boolean {
  return opaqueOf(a) === opaqueOf(b);
}

/** Kernels stamp files once a tick, 10 ms at the coarsest (HZ=100): doubled, for the clock's own granularity. */
const TICK_NS = 20_000_000n;

/** File systems with whole-second (ext3) or two-second (FAT) stamps give no sub-second digits. */
const COARSE_TICK_NS = 2_000_000_000n;

/**
 * The validator of a file. It is strong only where a write at this moment would have to show: the change time, which no
 * program can set back, must be further from `nowNs` than one tick of the file system's clock (RFC 9110, 8.8.1). The
 * distance counts in both directions, because a payload's clock may have started at 1970 after a file was written.
 */
export function fileEntityTag(file: FileIdentity, nowNs: bigint): EntityTag {
  const { changedNs } = file;
  const distanceNs = nowNs > changedNs ? nowNs - changedNs : changedNs - nowNs;
  const isCoarse = distanceNs <= COARSE_TICK_NS && changedNs % 1_000_000_000n === 0n;
  return { weak: distanceNs <= TICK_NS || isCoarse, opaque: opaqueOf(file) };
}

/** Radix 32 and not 36: a power of two needs no division of a bigint, which shows in a manifest of 100,000 files. */
function opaqueOf({ device, inode, sizeBytes, modifiedNs, changedNs }: FileIdentity): string {
  const modified = modifiedNs.toString(32);
  const changed = changedNs === modifiedNs ? modified : changedNs.toString(32);
  return `${device.toString(32)}-${inode.toString(32)}-${sizeBytes.toString(32)}-${modified}-${changed}`;
}
