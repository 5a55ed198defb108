import { type AnyNode, parse } from 'acorn';

/**
 * Gives the functions, methods and function-valued properties of these names a body that says what was cut, and leaves
 * the rest of a module as it is. Throws for a name that is not there: then the library has changed.
 */
export function cutFunctions(source: string, names: readonly string[], what: string): string {
  const missing = new Set(names);
  const bodies: { start: number; end: number; name: string }[] = [];

  const visit = (node: AnyNode): void => {
    const { name, body } = named(node) ?? {};
    if (name !== undefined && body !== undefined && names.includes(name)) {
      missing.delete(name);
      bodies.push({ start: body.start, end: body.end, name });
      return;
    }
    for (const value of Object.values(node))
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child);
  };
  visit(parse(source, { ecmaVersion: 2022, sourceType: 'module', allowReturnOutsideFunction: true }));
  if (missing.size > 0) throw new Error(`${what} has no function ${[...missing].join(', ')}`);

  return bodies.reduceRight(
    (text, { start, end, name }) => `${text.slice(0, start)}{ return cut('${what} ${name}')() }${text.slice(end)}`,
    source,
  );
}

/** The name that a node gives to a function, and the function's body. */
function named(node: AnyNode): { name: string | undefined; body: AnyNode | undefined } | undefined {
  switch (node.type) {
    case 'FunctionDeclaration':
      return { name: node.id?.name, body: node.body };
    case 'MethodDefinition':
    case 'Property':
      return { name: nameOf(node.key), body: bodyOf(node.value) };
    case 'AssignmentExpression':
      return {
        name: node.left.type === 'MemberExpression' ? nameOf(node.left.property) : undefined,
        body: bodyOf(node.right),
      };
    case 'VariableDeclarator':
      return { name: nameOf(node.id), body: node.init ? bodyOf(node.init) : undefined };
    default:
      return undefined;
  }
}

function nameOf(node: AnyNode): string | undefined {
  return node.type === 'Identifier' || node.type === 'PrivateIdentifier' ? node.name : undefined;
}

function bodyOf(node: AnyNode): AnyNode | undefined {
  return node.type === 'FunctionExpression' || (node.type === 'ArrowFunctionExpression' && !node.expression)
    ? node.body
    : undefined;
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}
