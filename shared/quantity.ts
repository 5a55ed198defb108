/** Reads a duration in seconds, whole or decimal (`60`, `2.5`, `90s`), as milliseconds; `null` for anything else. */
export function parseSecondsAsMs(text: string): number | null {
  const match = /^([0-9]{1,7}(?:\.[0-9]{1,3})?)s?$/.exec(text);
  const ms = match === null ? 0 : Math.round(Number(match[1]) * 1000);
  return ms > 0 ? ms : null;
}

/**
 * Reads a moment as milliseconds since the epoch: seconds since then, or ISO 8601 with a time zone; `null` for anything
 * else. One without a zone would be taken for local time, which means nothing on a satellite.
 */
export function parseMomentAsEpochMs(text: string): number | null {
  if (/^[0-9]{1,11}(\.[0-9]{1,3})?$/.test(text)) return Math.round(Number(text) * 1000);
  const isIso = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/.test(text);
  const epochMs = isIso ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(epochMs)) return null;
  // Date.parse takes the 30th of February for the 2nd of March.
  const day = text.slice(0, 10);
  return new Date(day).toISOString().startsWith(day) ? epochMs : null;
}

const SCALES: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KIB: 1024,
  MIB: 1024 ** 2,
  GIB: 1024 ** 3,
};

/** Reads a size (`100MB`, `1.5 GiB`, `4096`; case does not matter, K, M, G alone are decimal); `null` for anything else. */
export function parseBytes(text: string): number | null {
  const match = /^([0-9]{1,12}(?:\.[0-9]{1,6})?) ?([kmg]i?b|[kmg]|b|)$/i.exec(text);
  if (match === null) return null;
  const [, number = '', unit = ''] = match;
  const scale = SCALES[/^[kmg]$/i.test(unit) ? `${unit.toUpperCase()}B` : unit.toUpperCase()] ?? 1;
  return Math.floor(Number(number) * scale);
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** A size for people: `2568` is `2.5 KiB`. */
export function formatBytes(sizeBytes: number): string {
  let value = sizeBytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** A count with its noun: `1 file`, `2 files`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
