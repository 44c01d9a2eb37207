import { FlowFault, placeAt } from '../../core/fault.ts';
import type { LocalizedText } from '../../core/language.ts';

export interface TemplatePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export type TemplateNode =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'value';
      readonly path: readonly string[];
      readonly filter: FilterName | null;
      readonly raw: boolean;
      readonly place: TemplatePlace;
    }
  | { readonly kind: 'include'; readonly name: string; readonly place: TemplatePlace }
  | {
      readonly kind: 'if';
      readonly path: readonly string[];
      readonly negated: boolean;
      readonly body: readonly TemplateNode[];
      readonly otherwise: readonly TemplateNode[];
      readonly place: TemplatePlace;
    }
  | {
      readonly kind: 'each';
      readonly path: readonly string[];
      readonly name: string;
      readonly body: readonly TemplateNode[];
      readonly place: TemplatePlace;
    };

export const filterNames = ['date', 'year', 'json', 'urlencode'] as const;
export type FilterName = (typeof filterNames)[number];

const TAG = /\{\{\{([^{}]*)\}\}\}|\{\{([^{}]*)\}\}/g;
const PATH = /^[A-Za-z_][\w-]*(?:\.[\w-]+)*$/;

interface OpenBlock {
  readonly kind: 'if' | 'unless' | 'each';
  readonly place: TemplatePlace;
  readonly path: readonly string[];
  readonly name: string;
  readonly body: TemplateNode[];
  otherwise: TemplateNode[] | null;
}

/**
 * Parses a layout. The language is as small as it can be: `{{ a.b }}` (escaped), `{{{ a.b }}}` (as it is),
 * `{{ a | date }}`, `{{#if a}}…{{else}}…{{/if}}`, `{{#unless a}}`, `{{#each list as item}}`, `{{> include.html }}`,
 * `{{! comment }}`. No expression runs code.
 * @throws build.template_syntax with line and column
 */
export function parseTemplate(file: string, text: string, lineOffset = 0): TemplateNode[] {
  const root: TemplateNode[] = [];
  const stack: OpenBlock[] = [];
  const current = () => {
    const top = stack.at(-1);
    return top === undefined ? root : (top.otherwise ?? top.body);
  };
  let last = 0;
  for (const match of text.matchAll(TAG)) {
    if (match.index > last) current().push({ kind: 'text', text: text.slice(last, match.index) });
    last = match.index + match[0].length;
    const at = placeAt(text, match.index);
    const place = { file, line: at.line + lineOffset, column: at.column };
    const raw = match[1] !== undefined;
    readTag({ source: (match[1] ?? match[2] ?? '').trim(), raw, place, stack, current });
  }
  if (last < text.length) root.push({ kind: 'text', text: text.slice(last) });
  const open = stack.at(-1);
  if (open)
    throw syntaxFault(open.place, {
      en: `{{#${open.kind}}} is never closed`,
      de: `{{#${open.kind}}} wird nie geschlossen`,
    });
  return root;
}

interface Tag {
  readonly source: string;
  readonly raw: boolean;
  readonly place: TemplatePlace;
  readonly stack: OpenBlock[];
  current(): TemplateNode[];
}

function readTag(tag: Tag): void {
  const { source, place, stack, current } = tag;
  if (source.startsWith('!')) return;
  if (source.startsWith('>')) {
    current().push({ kind: 'include', name: source.slice(1).trim(), place });
  } else if (source.startsWith('#')) stack.push(openBlock(source.slice(1), place));
  else if (source.startsWith('/')) closeBlock(tag);
  else if (source === 'else') {
    const top = stack.at(-1);
    if (!top || top.kind === 'each' || top.otherwise)
      throw syntaxFault(place, { en: '{{else}} without {{#if}}', de: '{{else}} ohne {{#if}}' });
    top.otherwise = [];
  } else current().push(readValue(tag));
}

function openBlock(source: string, place: TemplatePlace): OpenBlock {
  const match = /^(if|unless|each)\s+(\S+)(?:\s+as\s+([A-Za-z_]\w*))?$/.exec(source.trim());
  const kind = match?.[1];
  const path = match?.[2] ?? '';
  const isBlock = kind === 'if' || kind === 'unless' || kind === 'each';
  if (!isBlock || !PATH.test(path) || (kind !== 'each' && match?.[3]) || (kind === 'each' && !match?.[3])) {
    throw syntaxFault(place, {
      en: `{{#${source}}} is not one of {{#if name}}, {{#unless name}}, {{#each list as item}}`,
      de: `{{#${source}}} ist keines von {{#if name}}, {{#unless name}}, {{#each liste as eintrag}}`,
    });
  }
  return { kind, place, path: path.split('.'), name: match?.[3] ?? '', body: [], otherwise: null };
}

function closeBlock({ source, place, stack, current }: Tag): void {
  const top = stack.pop();
  const name = source.slice(1).trim();
  if (!top || top.kind !== name) {
    throw syntaxFault(place, {
      en: `{{/${name}}} closes ${top ? `{{#${top.kind}}} of line ${top.place.line}` : 'nothing'}`,
      de: `{{/${name}}} schließt ${top ? `{{#${top.kind}}} aus Zeile ${top.place.line}` : 'nichts'}`,
    });
  }
  const { path, body } = top;
  if (top.kind === 'each') current().push({ kind: 'each', path, name: top.name, body, place: top.place });
  else {
    current().push({
      kind: 'if',
      path,
      negated: top.kind === 'unless',
      body,
      otherwise: top.otherwise ?? [],
      place: top.place,
    });
  }
}

function readValue({ source, raw, place }: Tag): TemplateNode {
  const [path = '', filter, ...rest] = source.split('|').map((part) => part.trim());
  const known = filterNames.find((one) => one === filter) ?? null;
  if (!PATH.test(path) || rest.length > 0 || (filter !== undefined && known === null)) {
    throw syntaxFault(place, {
      en: `{{ ${source} }} is neither a name nor a name with one of the filters ${filterNames.join(', ')}`,
      de: `{{ ${source} }} ist weder ein Name noch ein Name mit einem der Filter ${filterNames.join(', ')}`,
    });
  }
  return { kind: 'value', path: path.split('.'), filter: known, raw, place };
}

function syntaxFault(place: TemplatePlace, reason: LocalizedText): FlowFault {
  return new FlowFault('build.template_syntax', {
    ...place,
    text: { en: `${reason.en}.`, de: `${reason.de}.` },
    fix: {
      en: 'Correct the tag; a literal {{ is written {&#123;.',
      de: 'Die Marke berichtigen; ein wörtliches {{ wird {&#123; geschrieben.',
    },
  });
}
