import { type AnyNode, type Expression, parseExpressionAt } from 'acorn';
import { edited, isNode, parsed, partsOf, type SourceEdit } from './source-edit.ts';

/** Expressions of a module, and what each always is in the agents: both as JavaScript. `ANY` stands for any expression. */
export type KnownValues = Readonly<Record<string, string>>;

/**
 * Puts the values in the place of the expressions, so that minifiers leave out what then cannot be reached. In a condition
 * a value says no more than true or false; a name, be it `a` or `a.b`, is only replaced there. Throws for an expression
 * that is not in the module: then the library has changed.
 *
 * `checked` gives both the expression and its value to a function `known(is, value, what)`.
 */
export function knownValues(source: string, values: KnownValues, what: string, checked: boolean): string {
  const patterns = Object.entries(values).map(([text, value]) => ({ text, value, expression: expressionOf(text) }));
  const missing = new Set(Object.keys(values));
  const edits: SourceEdit[] = [];

  const visit = (node: AnyNode, isCondition: boolean): void => {
    const found = patterns.find(({ expression }) => alike(expression, node));
    if (found !== undefined && (isCondition || !isName(node))) {
      missing.delete(found.text);
      const { start, end } = node;
      const truth = isCondition ? '!!' : '';
      const value = `${truth}(${found.value})`;
      const label = JSON.stringify(`${what}: ${found.text}`);
      const text = checked ? `known(${truth}(${source.slice(start, end)}), ${value}, ${label})` : value;
      edits.push({ start, end, text });
    } else {
      for (const { place, part } of partsOf(node))
        if (!isWritten(node, place)) visit(part, isConditionIn(node, place, isCondition));
    }
  };
  visit(parsed(source), false);
  if (missing.size > 0) throw new Error(`${what} has no ${[...missing].join(', ')}`);

  return edited(source, edits);
}

function expressionOf(text: string): Expression {
  return parseExpressionAt(`(${text})`, 0, { ecmaVersion: 2022 });
}

const LAYOUT = ['start', 'end', 'raw'];

/** Whether two pieces of code differ in nothing but how they are laid out. */
function alike(pattern: unknown, code: unknown): boolean {
  if (Array.isArray(pattern) && Array.isArray(code))
    return pattern.length === code.length && pattern.every((part, at) => alike(part, code[at]));
  if (!isNode(pattern) || !isNode(code)) return pattern === code;
  if (pattern.type === 'Identifier' && pattern.name === 'ANY') return true;
  const parts: Readonly<Record<string, unknown>> = { ...code };
  return Object.entries(pattern).every(([place, part]) => LAYOUT.includes(place) || alike(part, parts[place]));
}

function isName(node: AnyNode): boolean {
  return node.type === 'Identifier' || (node.type === 'MemberExpression' && !node.computed);
}

function isWritten(node: AnyNode, place: string): boolean {
  return node.type === 'UpdateExpression' || (node.type === 'AssignmentExpression' && place === 'left');
}

function isConditionIn(node: AnyNode, place: string, isCondition: boolean): boolean {
  switch (node.type) {
    case 'IfStatement':
    case 'ConditionalExpression':
      return place === 'test';
    case 'UnaryExpression':
      return node.operator === '!';
    case 'LogicalExpression':
      return isCondition && node.operator !== '??';
    default:
      return false;
  }
}
