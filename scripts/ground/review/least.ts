/** The first of the items whose keys are the least, an earlier key counting more than a later one; `null` of none. */
export function least<T>(items: readonly T[], keysOf: (item: T) => readonly number[]): T | null {
  const compare = (a: readonly number[], b: readonly number[]): number => {
    const [difference = 0] = a.map((key, at) => key - (b[at] ?? 0)).filter((by) => by !== 0);
    return difference;
  };
  return [...items].sort((a, b) => compare(keysOf(a), keysOf(b)))[0] ?? null;
}
