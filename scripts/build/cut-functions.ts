import type { AnyNode } from 'acorn';
import { edited, parsed, partsOf, type SourceEdit } from './source-edit.ts';

/**
 * Takes the functions, methods and function-valued properties of these names out of a module, and leaves its rest as it
 * is. Throws for a name that is not there: then the library has changed.
 *
 * Where something may refer to one without calling it, a body stays that says what was cut. `named` leaves that of all.
 */
export function cutFunctions(source: string, names: readonly string[], what: string, named: boolean): string {
  return editFunctions(source, names, what, ({ name, whole, body }) =>
    whole === undefined || named
      ? { node: body, text: `{ return cut('${what} ${name}')() }` }
      : { node: whole, text: '' },
  );
}

/** Lets the functions, methods and function-valued properties of these names do nothing. Throws as the other does. */
export function idleFunctions(source: string, names: readonly string[], what: string): string {
  return editFunctions(source, names, what, ({ body }) => ({ node: body, text: '{}' }));
}

interface NamedFunction {
  readonly name: string;
  /** What can go without a trace; `undefined` where that cannot be said. */
  readonly whole: AnyNode | undefined;
  readonly body: AnyNode;
}

function editFunctions(
  source: string,
  names: readonly string[],
  what: string,
  edit: (found: NamedFunction) => { readonly node: AnyNode; readonly text: string },
): string {
  const missing = new Set(names);
  const edits: SourceEdit[] = [];

  const visit = (node: AnyNode): void => {
    const found = functionOf(node);
    if (found !== undefined && names.includes(found.name)) {
      missing.delete(found.name);
      const { node: replaced, text } = edit(found);
      edits.push({ start: replaced.start, end: replaced.end, text });
    } else {
      for (const { part } of partsOf(node)) visit(part);
    }
  };
  visit(parsed(source));
  if (missing.size > 0) throw new Error(`${what} has no function ${[...missing].join(', ')}`);

  return edited(source, edits);
}

/** The function that a node declares, defines or assigns. */
function functionOf(node: AnyNode): NamedFunction | undefined {
  switch (node.type) {
    case 'FunctionDeclaration':
      return namedFunction(node.id, node.body, undefined);
    case 'MethodDefinition':
      return namedFunction(node.key, bodyOf(node.value), node);
    case 'Property':
      return namedFunction(node.key, bodyOf(node.value), undefined);
    case 'ExpressionStatement': {
      const assigned = functionOf(node.expression);
      return assigned && { ...assigned, whole: node };
    }
    case 'AssignmentExpression':
      return node.left.type === 'MemberExpression'
        ? namedFunction(node.left.property, bodyOf(node.right), undefined)
        : undefined;
    case 'VariableDeclarator':
      return namedFunction(node.id, node.init ? bodyOf(node.init) : undefined, undefined);
    default:
      return undefined;
  }
}

function namedFunction(
  name: AnyNode | null,
  body: AnyNode | undefined,
  whole: AnyNode | undefined,
): NamedFunction | undefined {
  const isNamed = name?.type === 'Identifier' || name?.type === 'PrivateIdentifier';
  return isNamed && body !== undefined ? { name: name.name, whole, body } : undefined;
}

function bodyOf(node: AnyNode): AnyNode | undefined {
  return node.type === 'FunctionExpression' || (node.type === 'ArrowFunctionExpression' && !node.expression)
    ? node.body
    : undefined;
}
