import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { FlowFault } from '../../core/fault.ts';
import { defaultLayout } from '../default-layout.ts';
import { readFrontMatter } from '../front-matter.ts';
import { decodeSource } from '../text.ts';
import { parseTemplate, type TemplateNode, type TemplatePlace } from './parse.ts';
import { circularFault, type FindInclude, renderTemplate, type Scope } from './render.ts';

/** The layouts and includes of a site: `_layouts/name.html`, `_includes/name.html` in the source folder. */
export interface TemplateLibrary {
  /** Wraps content in a layout and the layouts around it. @throws build.layout_missing and the faults of templates */
  wrap(layout: string, scope: Scope, place: TemplatePlace): string;
  /** Renders a page that is itself a template. */
  render(file: string, text: string, input: { lineOffset: number; scope: Scope }): string;
  readonly hasDefault: boolean;
}

interface Layout {
  readonly nodes: readonly TemplateNode[];
  readonly parent: string | null;
  readonly place: TemplatePlace;
}

const MOST_TEMPLATE_BYTES = 4 * 1024 * 1024;

/** Reads the templates of a source folder once; each is parsed when it is first used. */
export function createTemplateLibrary(
  sourceDir: string,
  charsets: Readonly<Record<string, string>>,
): TemplateLibrary {
  const layouts = listTemplates(sourceDir, '_layouts');
  const includes = listTemplates(sourceDir, '_includes');
  const parsedLayouts = new Map<string, Layout>();
  const parsedIncludes = new Map<string, readonly TemplateNode[]>();
  const read = (file: string) => decodeSource(file, readFileSync(path.join(sourceDir, file)), charsets);

  const findInclude: FindInclude = (name, place) => {
    const known = parsedIncludes.get(name);
    if (known) return known;
    const file = includes.get(name) ?? includes.get(`${name}.html`);
    if (file === undefined) throw missingFault('include', name, { place, known: [...includes.keys()] });
    const nodes = parseTemplate(file, read(file));
    parsedIncludes.set(name, nodes);
    return nodes;
  };
  const findLayout = (name: string, place: TemplatePlace): Layout => {
    const known = parsedLayouts.get(name);
    if (known) return known;
    const file = layouts.get(name) ?? layouts.get(`${name}.html`);
    if (file === undefined && name !== 'default')
      throw missingFault('layout', name, { place, known: [...layouts.keys()] });
    const layout = file === undefined ? builtInLayout() : parseLayout(file, read(file));
    parsedLayouts.set(name, layout);
    return layout;
  };
  return {
    hasDefault: layouts.has('default.html'),
    wrap: (name, scope, place) => {
      const chain: string[] = [];
      let content = scope.content;
      let next: string | null = name;
      let at = place;
      while (next !== null) {
        if (chain.includes(next)) throw circularFault([...chain, next], at);
        chain.push(next);
        const layout: Layout = findLayout(next, at);
        content = renderTemplate(layout.nodes, { ...scope, content }, findInclude);
        next = layout.parent;
        at = layout.place;
      }
      return String(content);
    },
    render: (file, text, { lineOffset, scope }) =>
      renderTemplate(parseTemplate(file, text, lineOffset), scope, findInclude),
  };
}

function parseLayout(file: string, text: string): Layout {
  const matter = readFrontMatter(file, text);
  const { layout } = matter.data;
  return {
    nodes: parseTemplate(file, matter.body, matter.bodyLine),
    parent: typeof layout === 'string' ? layout : null,
    place: { file, line: matter.lines.layout ?? 1, column: 1 },
  };
}

function builtInLayout(): Layout {
  return {
    nodes: parseTemplate('default layout', defaultLayout),
    parent: null,
    place: { file: 'default layout', line: 1, column: 1 },
  };
}

/** Template files by their name below the folder (`post.html`, `parts/head.html`); links are left out. */
function listTemplates(sourceDir: string, folder: string): Map<string, string> {
  const top = path.join(sourceDir, folder);
  const found = new Map<string, string>();
  if (!existsSync(top) || !lstatSync(top).isDirectory()) return found;
  const visit = (below: string, depth: number) => {
    for (const entry of readdirSync(path.join(top, below), { withFileTypes: true })) {
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory() && depth < 8) visit(name, depth + 1);
      else if (entry.isFile() && lstatSync(path.join(top, name)).size <= MOST_TEMPLATE_BYTES)
        found.set(name, `${folder}/${name}`);
    }
  };
  visit('', 0);
  return found;
}

function missingFault(
  kind: 'layout' | 'include',
  name: string,
  found: { place: TemplatePlace; known: readonly string[] },
): FlowFault {
  const known = found.known.length === 0 ? '–' : [...found.known].sort().join(', ');
  const folder = kind === 'layout' ? '_layouts' : '_includes';
  return new FlowFault(kind === 'layout' ? 'build.layout_missing' : 'build.include_missing', {
    ...found.place,
    text: {
      en: `There is no ${kind} ${JSON.stringify(name)}; found: ${known}.`,
      de: `Es gibt kein ${kind === 'layout' ? 'Layout' : 'Include'} ${JSON.stringify(name)}; gefunden: ${known}.`,
    },
    fix: {
      en: `Create ${folder}/${name.replace(/\.html$/, '')}.html in the source folder, or correct the name.`,
      de: `${folder}/${name.replace(/\.html$/, '')}.html im Quellordner anlegen oder den Namen berichtigen.`,
    },
  });
}
