import { type AnyNode, parse } from 'acorn';

/** A piece of a source, as acorn places it, and what is to stand there instead. */
export interface SourceEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Makes all the edits of a source at once. None of them may lie within another. */
export function edited(source: string, edits: readonly SourceEdit[]): string {
  return [...edits]
    .sort((a, b) => a.start - b.start)
    .reduceRight((text, edit) => text.slice(0, edit.start) + edit.text + text.slice(edit.end), source);
}

/** A module, be it CommonJS or not. */
export function parsed(source: string): AnyNode & { type: 'Program' } {
  return parse(source, { ecmaVersion: 2022, sourceType: 'module', allowReturnOutsideFunction: true });
}

/** What a node consists of, each part with the name of its place. */
export function partsOf(node: AnyNode): { readonly place: string; readonly part: AnyNode }[] {
  return Object.entries(node).flatMap(([place, value]) =>
    (Array.isArray(value) ? value : [value]).filter(isNode).map((part) => ({ place, part })),
  );
}

export function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}
