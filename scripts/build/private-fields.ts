import type { AnyNode } from 'acorn';
import { edited, parsed, partsOf, type SourceEdit } from './source-edit.ts';

/** What {@link privateFields} names a field. Nothing else is named so, and so esbuild may shorten it. */
export const PRIVATE_FIELD = /^_YargsInstance_/;

/**
 * TypeScript writes the private fields of a class as WeakMaps, for engines that have none: `this.#a` becomes
 * `__classPrivateFieldGet(this, _Class_a, "f")`. Writes them as properties `this._Class_a`; other modules stay as they are.
 */
export function privateFields(source: string): string {
  if (!source.includes('__classPrivateFieldGet(')) return source;
  const edits: SourceEdit[] = [];
  const textOf = (node: AnyNode): string => source.slice(node.start, node.end);

  const visit = (node: AnyNode): void => {
    if (node.type === 'CallExpression' && node.callee.type === 'Identifier') {
      const [object, field, value] = node.arguments;
      if (object !== undefined && field !== undefined && value !== undefined) {
        const property = `${textOf(object)}.${textOf(field)}`;
        if (node.callee.name === '__classPrivateFieldGet') {
          edits.push({ start: node.start, end: node.end, text: property });
        } else if (node.callee.name === '__classPrivateFieldSet') {
          edits.push({ start: node.start, end: value.start, text: `(${property} = ` });
          edits.push({ start: value.end, end: node.end, text: ')' });
        }
      }
    }
    for (const { part } of partsOf(node)) visit(part);
  };
  visit(parsed(source));

  return edited(source, edits)
    .replace(/\b(_\w+)\.set\(this, /g, 'this.$1 = (')
    .replace(/\b_\w+ = new WeakMap\(\), /g, '');
}
