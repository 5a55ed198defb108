const SECONDS = { s: 1, m: 60, h: 3600, d: 86400 } as const;

/** Reads `90`, `90s`, `2m`, `6h` or `1d` as whole seconds; `null` for anything else. */
export function parseSeconds(text: string): number | null {
  const match = /^([0-9]{1,8})([smhd]?)$/.exec(text);
  if (match === null) return null;
  return Number(match[1]) * SECONDS[(match[2] || 's') as keyof typeof SECONDS];
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
