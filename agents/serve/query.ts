import { decodePath } from '../../shared/path.ts';

type Readers = Readonly<Record<string, (text: string) => unknown>>;

/** What {@link readQuery} found: a parameter that is not given is left out. */
export type Query<R extends Readers> = { readonly [Name in keyof R]?: NonNullable<ReturnType<R[Name]>> };

/**
 * Reads the parameters of a query, each by its reader, which gives `null` for a value that means nothing. `null` where
 * one is malformed, unknown or given twice: a parameter that is not understood must not pass for one that is not there.
 */
export function readQuery<R extends Readers>(query: string, readers: R): Query<R> | null {
  const found: Record<string, unknown> = {};
  for (const parameter of query.split('&')) {
    if (parameter === '') continue;
    const at = parameter.indexOf('=');
    const name = at < 0 ? parameter : parameter.slice(0, at);
    const text = decodePath(at < 0 ? '' : parameter.slice(at + 1));
    const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
    const value = text === null ? null : (reader?.(text) ?? null);
    if (value === null || Object.hasOwn(found, name)) return null;
    found[name] = value;
  }
  return found as Query<R>;
}

/** Reads a whole number of at most 15 digits, which a double holds exactly. */
export function wholeNumber(text: string): number | null {
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : null;
}

/** One of a few words. */
export function oneOf<Word extends string>(...words: readonly Word[]): (text: string) => Word | null {
  return (text) => words.find((word) => word === text) ?? null;
}
