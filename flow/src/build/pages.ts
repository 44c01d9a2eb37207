import path from 'node:path';
import { encodeUrlPath } from './escape.ts';
import { type FrontMatter, frontMatterFault } from './front-matter.ts';
import type { SourceFile } from './source-tree.ts';

/** Where each source file goes, and how one file refers to another. */
export interface SitePlan {
  /** Markdown files with the path of the page they become. */
  readonly markdown: ReadonlyMap<string, string>;
  /** The address of a page below the site's folder, percent-encoded: `guide/`, `a%20b.html`. */
  urlOf(output: string): string;
  /** The way from a page to the site's folder: `./`, `../`. */
  rootOf(output: string): string;
  /** Turns a relative address that stands in `source` into one that holds in `output`. */
  resolveLink(from: { source: string; output: string }, target: string): string;
}

export function isMarkdownFile(file: string): boolean {
  return /\.(?:md|markdown)$/i.test(file);
}

export function isHtmlFile(file: string): boolean {
  return /\.html?$/i.test(file);
}

/** Plans the outputs; `pageUrls` says whether `a.md` becomes `a.html` or `a/index.html`. */
export function planSite(
  files: readonly SourceFile[],
  pageUrls: 'file' | 'folder',
  basePath: string,
): SitePlan {
  const outputs = new Set(files.map((file) => file.output));
  const markdown = new Map<string, string>();
  for (const { output } of files) {
    if (isMarkdownFile(output)) markdown.set(output, pageOutput(output, pageUrls, outputs));
  }
  const plan: SitePlan = {
    markdown,
    urlOf: (output) => encodeUrlPath(output.replace(/(^|\/)index\.html$/, '$1')),
    rootOf: (output) => {
      // A server shows this page at any depth.
      if (output === '404.html') return basePath;
      return '../'.repeat(output.split('/').length - 1) || './';
    },
    resolveLink: (from, target) =>
      resolveLink({ outputs, markdown, moved: pageUrls === 'folder' }, from, target),
  };
  return plan;
}

function pageOutput(file: string, pageUrls: 'file' | 'folder', outputs: ReadonlySet<string>): string {
  const { dir, name } = path.posix.parse(file);
  const inFolder = (base: string) => (dir === '' ? base : `${dir}/${base}`);
  const isReadme =
    /^readme$/i.test(name) && ['index.html', 'index.md'].every((one) => !outputs.has(inFolder(one)));
  if (isReadme || name === 'index') return inFolder('index.html');
  if (pageUrls === 'file' || name === '404') return inFolder(`${name}.html`);
  return inFolder(`${name}/index.html`);
}

interface LinkTable {
  readonly outputs: ReadonlySet<string>;
  readonly markdown: ReadonlyMap<string, string>;
  readonly moved: boolean;
}

function resolveLink(table: LinkTable, from: { source: string; output: string }, target: string): string {
  const [, address = '', rest = ''] = /^([^?#]*)(.*)$/s.exec(target) ?? [];
  if (address === '') return target;
  const fromRoot = address.startsWith('/');
  const decoded = decodeAddress(address);
  if (decoded === null) return target;
  const file = path.posix
    .normalize(fromRoot ? decoded.slice(1) : path.posix.join(path.posix.dirname(from.source), decoded))
    .normalize('NFC');
  const page = table.markdown.get(file);
  if (page === undefined && (fromRoot || !table.moved || file.startsWith('..'))) return target;
  const known = page ?? file;
  const way = path.posix.relative(path.posix.dirname(from.output), known);
  const index = /(^|\/)index\.html$/;
  const relative = page !== undefined && index.test(way) ? way.replace(index, '$1') : way;
  const ending = page === undefined && address.endsWith('/') && relative !== '' ? '/' : '';
  return `${encodeUrlPath(relative) || './'}${ending}${rest}`;
}

function decodeAddress(address: string): string | null {
  try {
    return decodeURIComponent(address);
  } catch {
    // Not an address that names a file: left as its author wrote it.
    return null;
  }
}

/** What the flow itself reads from a page's front matter. */
export interface PageSettings {
  readonly layout: string | null;
  readonly title: string | null;
  readonly description: string | null;
  readonly language: string | null;
  /** ISO 8601 in UTC. */
  readonly date: string | null;
  readonly updated: string | null;
  readonly draft: boolean;
  readonly toc: boolean | null;
  readonly sitemap: boolean;
  readonly order: number;
  readonly tags: readonly string[];
}

/** Reads the settings. @throws build.front_matter for a value of the wrong kind, with its line */
export function readPageSettings(file: string, matter: FrontMatter): PageSettings {
  const { data } = matter;
  const wrong = (key: string, en: string, de: string) =>
    frontMatterFault({
      file,
      line: matter.lines[key] ?? 1,
      column: 1,
      reason: { en: `"${key}" must be ${en}`, de: `„${key}“ muss ${de} sein` },
    });
  const text = (key: string): string | null => {
    const value = data[key];
    if (value === undefined || value === null) return null;
    if (typeof value === 'string' || typeof value === 'number') return String(value);
    throw wrong(key, 'a text', 'ein Text');
  };
  const flag = (key: string): boolean | null => {
    const value = data[key];
    if (value === undefined || value === null) return null;
    if (typeof value === 'boolean') return value;
    throw wrong(key, 'true or false', 'true oder false');
  };
  const date = (key: string): string | null => {
    const value = text(key);
    if (value === null) return null;
    const iso = readDate(value);
    if (iso === null) throw wrong(key, 'a date such as 2026-01-31', 'ein Datum wie 2026-01-31');
    return iso;
  };
  const order = data.order ?? Number.MAX_SAFE_INTEGER;
  if (typeof order !== 'number') throw wrong('order', 'a number', 'eine Zahl');
  return {
    layout: data.layout === false ? 'none' : text('layout'),
    title: text('title'),
    description: text('description'),
    language: text('lang') ?? text('language'),
    date: date('date'),
    updated: date('updated'),
    draft: flag('draft') ?? false,
    toc: flag('toc'),
    sitemap: flag('sitemap') ?? true,
    order,
    tags: Array.isArray(data.tags) ? data.tags.map(String) : [],
  };
}

/** A day or an ISO time as an ISO time in UTC. A time without a zone is UTC, never the machine's own. */
function readDate(value: string): string | null {
  const match =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?)\s*(Z|[+-]\d{2}:?\d{2})?)?$/.exec(
      value.trim(),
    );
  if (match === null) return null;
  const [, day = '', time = '00:00', zone = 'Z'] = match;
  const parsed = new Date(`${day}T${time}${zone}`);
  const isRealDay = new Date(`${day}T00:00Z`).toJSON()?.startsWith(day) ?? false;
  return Number.isNaN(parsed.getTime()) || !isRealDay ? null : parsed.toISOString().replace('.000Z', 'Z');
}
