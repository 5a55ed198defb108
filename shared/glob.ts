/**
 * Patterns for file names, as shells have them:
 *
 * - `*` any characters but a slash, `?` one of them, `[a-z]` and `[!a-z]` one of (or none of) a set;
 * - `**` as a whole part of the pattern: any directories, or none;
 * - without a slash, the pattern is for the name alone, at any depth; with one, for the whole path.
 *
 * Both are byte strings (path.ts), so `?` and a set take one byte.
 */
export type Glob = (path: string) => boolean;

type Token = { readonly any: true } | { readonly any: false; readonly takes: (character: string) => boolean };

/** Compiles a pattern; `null` where a `[` is not closed. */
export function compileGlob(pattern: string): Glob | null {
  const parts: (readonly Token[] | '**')[] = [];
  for (const part of pattern.split('/')) {
    const tokens = part === '**' ? part : tokensOf(part);
    if (tokens === null) return null;
    parts.push(tokens);
  }
  const nameMatches = (name: string, part: readonly Token[]): boolean =>
    matchesInOrder(
      [...name],
      part,
      (token) => token.any,
      (character, token) => !token.any && token.takes(character),
    );
  const [only] = parts;
  if (parts.length === 1 && only !== undefined && only !== '**') {
    return (path) => nameMatches(path.slice(path.lastIndexOf('/') + 1), only);
  }
  return (path) =>
    matchesInOrder(
      path.split('/'),
      parts,
      (part) => part === '**',
      (name, part) => part !== '**' && nameMatches(name, part),
    );
}

function tokensOf(part: string): readonly Token[] | null {
  const tokens: Token[] = [];
  const token = /\*+|\?|\[(!?)(\]?[^\]]*)\]|\[|[^*?[]/gs;
  for (const [text, negated, set = ''] of part.matchAll(token)) {
    if (text === '[') return null;
    if (text.startsWith('*')) tokens.push({ any: true });
    else if (text === '?') tokens.push({ any: false, takes: () => true });
    else if (text.startsWith('[')) tokens.push({ any: false, takes: (c) => inSet(c, set) === (negated === '') });
    else tokens.push({ any: false, takes: (c) => c === text });
  }
  return tokens;
}

function inSet(character: string, set: string): boolean {
  for (const [, first = '', last = first] of set.matchAll(/(.)(?:-(.))?/gs)) {
    if (first <= character && character <= last) return true;
  }
  return false;
}

/**
 * Whether the items follow the pattern, where some of its elements stand for any number of items. Only the last such
 * element is ever tried again, which suffices, and keeps a hostile pattern from costing more than items x pattern.
 */
function matchesInOrder<Item, Element>(
  items: readonly Item[],
  pattern: readonly Element[],
  standsForAny: (element: Element) => boolean,
  takes: (item: Item, element: Element) => boolean,
): boolean {
  let at = 0;
  let next = 0;
  let retryAt = 0;
  let retryNext = -1;
  while (at < items.length) {
    const item = items[at] as Item;
    const element = pattern[next];
    if (element !== undefined && standsForAny(element)) {
      next += 1;
      retryNext = next;
      retryAt = at;
    } else if (element !== undefined && takes(item, element)) {
      at += 1;
      next += 1;
    } else if (retryNext >= 0) {
      retryAt += 1;
      at = retryAt;
      next = retryNext;
    } else {
      return false;
    }
  }
  return pattern.slice(next).every(standsForAny);
}
