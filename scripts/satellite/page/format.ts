/** A moment of UTC as people read it: `11:48:08`. */
export function timeOfDay(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}

/** `2026-11-23 11:48:08 UTC`. */
export function dateAndTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
