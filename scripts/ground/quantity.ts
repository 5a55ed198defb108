const SECONDS = { s: 1, m: 60, h: 3600, d: 86400 } as const;

/** Reads `90`, `90s`, `2m`, `6h` or `1d` as whole seconds; `null` for anything else. */
export function parseSeconds(text: string): number | null {
  const match = /^([0-9]{1,8})([smhd]?)$/.exec(text);
  if (match === null) return null;
  return Number(match[1]) * SECONDS[(match[2] || 's') as keyof typeof SECONDS];
}

const BYTES = { '': 1, B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const;

/** Reads `2568`, `125KB`, `2.5MB` or `1MiB` as bytes; `null` for anything else. */
export function parseBytes(text: string): number | null {
  const match = /^([0-9]{1,15}(?:\.[0-9]{1,3})?) ?(|B|KB|MB|GB|KiB|MiB|GiB)$/.exec(text);
  if (match === null) return null;
  return Math.round(Number(match[1]) * BYTES[match[2] as keyof typeof BYTES]);
}

/** The operator's limits are in units of ten, so what is held against them is too: `2568` is `2.6 KB`. */
export function formatDecimalBytes(sizeBytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = sizeBytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `2026-12-01T06:00:00Z`, the form that a mission file takes too. */
export function formatEpoch(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString().replace('.000Z', 'Z');
}
