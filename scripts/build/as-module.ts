import type { AnyNode, ModuleDeclaration, Node, Property, Statement } from 'acorn';
import { edited, parsed, type SourceEdit } from './source-edit.ts';

type MembersOf = (specifier: string) => readonly string[] | null;

/**
 * Writes a CommonJS module as an ES module, so that esbuild can drop the exports that nobody uses and forget the names of
 * the others: in CommonJS every name stays, at every place where a module takes it from another.
 *
 * Understood are the plain forms that undici and pino are written in: at the top level `const a = require('./b')` and
 * `const { a, b: c } = require('./d')`, and `module.exports = ...`, with `module.exports.x = ...` after it where that is
 * a name. A `require` of Node's own modules, or inside a function, stays. Anything else throws: then a library has changed.
 *
 * `membersOf` says what a module that is required exports by name; `null` where it exports one class or function.
 */
export function asModule(source: string, membersOf: MembersOf): string {
  const edits: SourceEdit[] = [];
  let exported: string | undefined;
  const textOf = (node: Node): string => source.slice(node.start, node.end);
  const replace = ({ start, end }: Node, text: string): void => {
    edits.push({ start, end, text });
  };

  for (const statement of statementsOf(source)) {
    const required = requireOf(statement);
    if (required !== undefined) {
      replace(statement, importOf(required.names, required.specifier, membersOf));
      continue;
    }
    const assigned = exportOf(statement);
    if (assigned === undefined) continue;
    if (assigned.type === 'ObjectExpression') {
      replace(statement, assigned.properties.map((property) => memberOf(property, textOf)).join('\n'));
      exported = '';
    } else {
      replace(statement, `export default ${textOf(assigned)}`);
      exported = assigned.type === 'Identifier' ? assigned.name : '';
    }
  }

  let text = edited(source, edits);
  if (exported) text = text.replaceAll('module.exports.', `${exported}.`);
  if (exported === undefined || /\bmodule\.exports\b|^exports\./m.test(text))
    throw new Error('its exports are not understood');
  return text;
}

/** The names that a CommonJS module exports; `null` where it exports one class or function. */
export function membersOfCommonJs(source: string): readonly string[] | null {
  for (const statement of statementsOf(source)) {
    const assigned = exportOf(statement);
    if (assigned?.type === 'ObjectExpression')
      return assigned.properties.flatMap((property) =>
        property.type === 'Property' && property.key.type === 'Identifier' ? [property.key.name] : [],
      );
  }
  return null;
}

/** The names that an ES module exports; `null` where it has a default. */
export function membersOfModule(source: string): readonly string[] | null {
  const names: string[] = [];
  for (const statement of statementsOf(source)) {
    if (statement.type === 'ExportDefaultDeclaration') return null;
    if (statement.type !== 'ExportNamedDeclaration') continue;
    for (const { exported } of statement.specifiers) if (exported.type === 'Identifier') names.push(exported.name);
    if (statement.declaration?.type === 'VariableDeclaration')
      for (const { id } of statement.declaration.declarations) if (id.type === 'Identifier') names.push(id.name);
  }
  return names;
}

function statementsOf(source: string): (Statement | ModuleDeclaration)[] {
  return parsed(source).body;
}

/** `const names = require('./specifier')` */
function requireOf(statement: Statement | ModuleDeclaration): { names: AnyNode; specifier: string } | undefined {
  const [declaration, ...others] = statement.type === 'VariableDeclaration' ? statement.declarations : [];
  const call = declaration?.init;
  if (declaration === undefined || others.length > 0 || call?.type !== 'CallExpression') return undefined;
  const [argument] = call.arguments;
  if (call.callee.type !== 'Identifier' || call.callee.name !== 'require' || argument?.type !== 'Literal')
    return undefined;
  const specifier = String(argument.value);
  return builtin(specifier) ? undefined : { names: declaration.id, specifier };
}

function builtin(specifier: string): boolean {
  return specifier.startsWith('node:') || ['worker_threads', 'events', 'fs', 'util', 'path'].includes(specifier);
}

function importOf(names: AnyNode, specifier: string, membersOf: MembersOf): string {
  const members = membersOf(specifier);
  if (names.type === 'Identifier') return `import ${members === null ? '' : '* as '}${names.name} from '${specifier}';`;
  if (names.type !== 'ObjectPattern') throw new Error(`the names taken from ${specifier} are not understood`);
  const list = names.properties.map((property) => {
    if (property.type !== 'Property' || property.key.type !== 'Identifier' || property.value.type !== 'Identifier')
      throw new Error(`the names taken from ${specifier} are not understood`);
    return { member: property.key.name, name: property.value.name };
  });
  // A member that is not there is undefined in CommonJS, and an error in an import.
  const there = list.filter(({ member }) => members?.includes(member) ?? true);
  const absent = list.filter((entry) => !there.includes(entry));
  return [
    `import { ${there.map(({ member, name }) => `${member} as ${name}`).join(', ')} } from '${specifier}';`,
    ...absent.map(({ name }) => `const ${name} = undefined;`),
  ].join(' ');
}

/** What `module.exports = ...` assigns. */
function exportOf(statement: Statement | ModuleDeclaration): AnyNode | undefined {
  if (statement.type !== 'ExpressionStatement' || statement.expression.type !== 'AssignmentExpression')
    return undefined;
  const { left, right } = statement.expression;
  const isExports =
    left.type === 'MemberExpression' &&
    left.object.type === 'Identifier' &&
    left.object.name === 'module' &&
    left.property.type === 'Identifier' &&
    left.property.name === 'exports';
  return isExports ? right : undefined;
}

function memberOf(property: Property | Node, textOf: (node: Node) => string): string {
  const { key, value, method, computed } = property as Property;
  if (property.type !== 'Property' || key.type !== 'Identifier' || computed)
    throw new Error('its exports are not understood');
  if (value.type === 'Identifier') return `export { ${value.name} as ${key.name} };`;
  // By another name within: a method `setTimeout` must not stand before the global one.
  return `const ${key.name}$ = ${method ? 'function ' : ''}${textOf(value)}; export { ${key.name}$ as ${key.name} };`;
}
