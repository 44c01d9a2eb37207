import { FlowFault } from '../../core/fault.ts';
import { escapeHtml } from '../escape.ts';
import type { FilterName, TemplateNode, TemplatePlace } from './parse.ts';

/** The names a layout may use: `page`, `site`, `content`, … */
export type Scope = Readonly<Record<string, unknown>>;

/** Finds the nodes of an include; throws when there is none. */
export type FindInclude = (name: string, place: TemplatePlace) => readonly TemplateNode[];

/** What one page may cost: a layout whose loops or includes multiply is stopped, not the machine. */
const MOST_STEPS = 2_000_000;
const MOST_CHARACTERS = 64 * 1024 * 1024;

interface Rendering {
  readonly findInclude: FindInclude;
  readonly out: string[];
  /** Names of includes that are being rendered, outermost first. */
  readonly chain: string[];
  steps: number;
  characters: number;
}

/**
 * Renders a parsed layout. A name that is unknown at its root is a fault (a typing error never passes silently); a missing
 * property of a known one is empty.
 * @throws build.template_name, build.circular_include, build.template_too_large
 */
export function renderTemplate(
  nodes: readonly TemplateNode[],
  scope: Scope,
  findInclude: FindInclude,
): string {
  const rendering: Rendering = { findInclude, out: [], chain: [], steps: 0, characters: 0 };
  renderNodes(rendering, nodes, scope);
  return rendering.out.join('');
}

function renderNodes(rendering: Rendering, nodes: readonly TemplateNode[], scope: Scope): void {
  for (const node of nodes) {
    rendering.steps += 1;
    if (rendering.steps > MOST_STEPS || rendering.characters > MOST_CHARACTERS) throw tooLargeFault(node);
    renderNode(rendering, node, scope);
  }
}

function renderNode(rendering: Rendering, node: TemplateNode, scope: Scope): void {
  switch (node.kind) {
    case 'text':
      emit(rendering, node.text);
      break;
    case 'value': {
      const text = filtered(lookUp(node.path, scope, node.place), node.filter);
      emit(rendering, node.raw ? text : escapeHtml(text));
      break;
    }
    case 'if': {
      const holds = isTruthy(lookUp(node.path, scope, node.place)) !== node.negated;
      renderNodes(rendering, holds ? node.body : node.otherwise, scope);
      break;
    }
    case 'each': {
      const list = lookUp(node.path, scope, node.place);
      if (!Array.isArray(list)) break;
      for (const item of list) renderNodes(rendering, node.body, { ...scope, [node.name]: item });
      break;
    }
    case 'include': {
      const chain = [...rendering.chain, node.name];
      if (rendering.chain.includes(node.name)) throw circularFault(chain, node.place);
      rendering.chain.push(node.name);
      renderNodes(rendering, rendering.findInclude(node.name, node.place), scope);
      rendering.chain.pop();
    }
  }
}

function emit(rendering: Rendering, text: string): void {
  rendering.out.push(text);
  rendering.characters += text.length;
}

/** Own properties only: a layout reaches data, never what objects inherit. */
function lookUp(path: readonly string[], scope: Scope, place: TemplatePlace): unknown {
  const [root = '', ...rest] = path;
  if (!Object.hasOwn(scope, root)) throw unknownNameFault(root, scope, place);
  let value: unknown = scope[root];
  for (const key of rest) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Object.getOwnPropertyDescriptor(value, key)?.value;
  }
  return value;
}

function isTruthy(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

function filtered(value: unknown, filter: FilterName | null): string {
  if (filter === 'json') return JSON.stringify(value ?? null).replaceAll('<', '\\u003c');
  if (value === undefined || value === null) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  if (filter === 'date') return text.slice(0, 10);
  if (filter === 'year') return text.slice(0, 4);
  return filter === 'urlencode' ? encodeURIComponent(text) : text;
}

function unknownNameFault(name: string, scope: Scope, place: TemplatePlace): FlowFault {
  return new FlowFault('build.template_name', {
    ...place,
    text: { en: `Nothing is called ${name} here.`, de: `Nichts heißt hier ${name}.` },
    fix: {
      en: `Use one of: ${Object.keys(scope).join(', ')}. Own values stand in build.data, as {{ data.name }}.`,
      de: `Eines von diesen verwenden: ${Object.keys(scope).join(', ')}. Eigene Werte stehen in build.data, als {{ data.name }}.`,
    },
  });
}

/** The fault of layouts or includes that lead back to themselves. */
export function circularFault(chain: readonly string[], place: TemplatePlace): FlowFault {
  return new FlowFault('build.circular_include', {
    ...place,
    text: {
      en: `These include each other without end: ${chain.join(' → ')}.`,
      de: `Diese binden einander ohne Ende ein: ${chain.join(' → ')}.`,
    },
    fix: { en: 'Remove one of the links of the chain.', de: 'Ein Glied der Kette entfernen.' },
  });
}

function tooLargeFault(node: TemplateNode): FlowFault {
  return new FlowFault('build.template_too_large', {
    ...(node.kind === 'text' ? {} : node.place),
    text: {
      en: 'A layout makes too large a page: its loops or includes multiply.',
      de: 'Ein Layout ergibt eine zu große Seite: Seine Schleifen oder Einbindungen vervielfachen sich.',
    },
    fix: { en: 'Shorten the loop or the includes.', de: 'Die Schleife oder die Einbindungen kürzen.' },
  });
}
