import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseSync } from 'oxc-parser';
import { type FlowConfig, parseFlowConfig } from '../core/config.ts';
import { FlowFault, placeAt } from '../core/fault.ts';

const NAMES = ['flow.config.ts', 'flow.config.mts', 'flow.config.js', 'flow.config.mjs'];
const MOST_DEPTH = 20;

/** What this file needs of a node of the syntax tree (ESTree). */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

/**
 * Reads flow.config.ts of a folder that a stranger may have written: the file is parsed and never run, so its default export
 * must be plain values. A folder without the file has the defaults.
 * @throws flow.config_not_plain with the place of what is not plain, flow.config_invalid, flow.config_unknown_key
 */
export function readStaticConfig(rootDir: string): FlowConfig {
  for (const name of NAMES) {
    const text = readIfThere(path.join(rootDir, name));
    if (text !== null) return parseFlowConfig(evaluateModule(name, text));
  }
  return parseFlowConfig({});
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // No such file: the next name, or the defaults.
    return null;
  }
}

function evaluateModule(name: string, text: string): unknown {
  const { program, errors } = parseSync(name, text);
  const broken = errors[0];
  if (broken) throw notPlain(name, text, { at: broken.labels[0]?.start ?? 0, what: broken.message });
  const constants = new Map<string, Node>();
  let found: Node | null = null;
  for (const statement of program.body as unknown as Node[]) {
    if (statement.type === 'ExportDefaultDeclaration') found = statement.declaration as Node;
    if (statement.type !== 'VariableDeclaration' || statement.kind !== 'const') continue;
    for (const declarator of statement.declarations as Node[]) {
      const id = declarator.id as Node;
      if (id.type === 'Identifier' && declarator.init)
        constants.set(String(id.name), declarator.init as Node);
    }
  }
  return found === null ? {} : evaluate({ name, text, constants }, found, 0);
}

interface Module {
  readonly name: string;
  readonly text: string;
  readonly constants: ReadonlyMap<string, Node>;
}

function evaluate(module: Module, node: Node, depth: number): unknown {
  const deeper = (inner: unknown) => evaluate(module, inner as Node, depth + 1);
  const refuse = (what: string) => notPlain(module.name, module.text, { at: node.start, what });
  if (depth > MOST_DEPTH) throw refuse('too deep');
  switch (node.type) {
    case 'Literal':
      if (node.value === null || ['string', 'number', 'boolean'].includes(typeof node.value))
        return node.value;
      throw refuse('a regular expression');
    case 'TemplateLiteral': {
      const quasis = node.quasis as ReadonlyArray<{ value: { cooked: string } }>;
      if ((node.expressions as Node[]).length > 0) throw refuse('a template with expressions');
      return quasis[0]?.value.cooked ?? '';
    }
    case 'UnaryExpression': {
      const value = deeper(node.argument);
      if (node.operator === '-' && typeof value === 'number') return -value;
      if (node.operator === '!' && typeof value === 'boolean') return !value;
      throw refuse(`the operator ${String(node.operator)}`);
    }
    case 'ArrayExpression':
      return (node.elements as unknown[]).map((one) => (one === null ? undefined : deeper(one)));
    case 'ObjectExpression':
      return evaluateObject(module, node, depth);
    case 'TSSatisfiesExpression':
    case 'TSAsExpression':
    case 'ParenthesizedExpression':
      return deeper(node.expression);
    case 'Identifier': {
      if (node.name === 'undefined') return undefined;
      const constant = module.constants.get(String(node.name));
      if (constant) return evaluate(module, constant, depth + 1);
      throw refuse(`the name ${String(node.name)}`);
    }
    case 'CallExpression':
      // `defineConfig({ … })` of any name gives back what it was given.
      if ((node.arguments as Node[]).length === 1 && (node.callee as Node).name === 'defineConfig')
        return deeper((node.arguments as Node[])[0]);
      throw refuse('a call');
    default:
      throw refuse(node.type);
  }
}

function evaluateObject(module: Module, node: Node, depth: number): Record<string, unknown> {
  const entries = (node.properties as Node[]).map((property): [string, unknown] => {
    const key = property.key as Node | undefined;
    const isPlain =
      property.type === 'Property' && property.kind === 'init' && !property.computed && !property.method;
    if (!isPlain || !key)
      throw notPlain(module.name, module.text, {
        at: property.start,
        what: 'a spread, method or computed name',
      });
    const name = key.type === 'Identifier' ? String(key.name) : String(key.value);
    return [name, evaluate(module, property.value as Node, depth + 1)];
  });
  return Object.fromEntries(entries);
}

function notPlain(file: string, text: string, found: { at: number; what: string }): FlowFault {
  return new FlowFault('flow.config_not_plain', {
    file,
    ...placeAt(text, found.at),
    text: {
      en: `${file} is read here without being run, and this is no plain value: ${found.what}.`,
      de: `${file} wird hier gelesen, ohne ausgeführt zu werden, und dies ist kein einfacher Wert: ${found.what}.`,
    },
    fix: {
      en: 'Write the settings as plain texts, numbers, lists and objects.',
      de: 'Die Einstellungen als einfache Texte, Zahlen, Listen und Objekte schreiben.',
    },
  });
}
