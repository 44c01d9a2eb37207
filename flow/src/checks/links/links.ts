import path from 'node:path';
import type { Finding } from '../finding.ts';
import { parseHtml } from '../html/document.ts';
import { type CheckedSource, isHtml, isMarkdown, isPage } from '../source.ts';
import { checkExternal, type ExternalLink } from './external.ts';
import { readMarkdownLinks } from './markdown-links.ts';
import { type Reference, readAnchors, readBase, readReferences } from './references.ts';

export type LinkSettings = Readonly<{
  /** The folder that `/` means, relative to the root; empty for the root itself. */
  siteFolder: string;
  /** Absolute address of the site: links to it count as internal. */
  siteUrl: string | null;
  /** URL path prefixes another server answers. */
  external: readonly string[];
  askOthers: boolean;
  timeoutMs: number;
  signal: AbortSignal;
}>;

type Page = Readonly<{ references: readonly Reference[]; anchors: ReadonlySet<string>; base: string | null }>;
type Resolved =
  | { kind: 'internal'; path: string; fragment: string }
  | { kind: 'external'; url: string }
  | { kind: 'ignored' };

/** Hosts a site may be checked under that nobody can register. */
const LOCAL_BASE = 'http://site.invalid/';

/**
 * Checks that every internal link of HTML and Markdown leads to a file, and every fragment to a place in it. Other
 * servers are asked only when the settings say so.
 */
export async function checkLinks(source: CheckedSource, settings: LinkSettings): Promise<Finding[]> {
  const pages = createPages(source);
  const tree = createTree(source.allFiles);
  const findings: Finding[] = [];
  const external: ExternalLink[] = [];
  for (const file of source.files.filter(isPage)) {
    const page = await pages(file);
    for (const reference of page.references) {
      const place = { file, line: reference.line, column: reference.column };
      const resolved = resolve(reference.target, { file, base: page.base, settings });
      if (resolved.kind === 'external') external.push({ url: resolved.url, ...place });
      if (resolved.kind !== 'internal') continue;
      const finding = await judge({ file, resolved, reference, tree, pages, settings });
      if (finding) findings.push({ ...finding, ...place });
    }
  }
  if (settings.askOthers) findings.push(...(await checkExternal(external, settings)));
  return findings;
}

function createPages(source: CheckedSource): (file: string) => Promise<Page> {
  const cache = new Map<string, Promise<Page>>();
  const read = async (file: string): Promise<Page> => {
    const text = (await source.read(file)).toString('utf8');
    if (isMarkdown(file)) return { ...readMarkdownLinks(text), base: null };
    const document = parseHtml(text);
    return { references: readReferences(document), anchors: readAnchors(document), base: readBase(document) };
  };
  return (file) => {
    const page = cache.get(file) ?? read(file);
    cache.set(file, page);
    return page;
  };
}

type Tree = Readonly<{
  files: ReadonlySet<string>;
  folders: ReadonlySet<string>;
  folded: ReadonlyMap<string, string>;
}>;

function createTree(files: readonly string[]): Tree {
  const folders = new Set(
    files.flatMap((file) => [...file.matchAll(/\//g)].map((slash) => file.slice(0, slash.index + 1))),
  );
  return { files: new Set(files), folders, folded: new Map(files.map((file) => [file.toLowerCase(), file])) };
}

function resolve(
  target: string,
  from: { file: string; base: string | null; settings: LinkSettings },
): Resolved {
  const { file, base, settings } = from;
  // Template placeholders are filled in later.
  if (/\{\{|\{%|<%|\$\{/.test(target)) return { kind: 'ignored' };
  const siteBase = settings.siteUrl ?? LOCAL_BASE;
  const folder = settings.siteFolder;
  const inside = folder === '' || file.startsWith(`${folder}/`);
  const name = inside && folder !== '' ? file.slice(folder.length + 1) : file;
  const pageUrl = new URL(name.split('/').map(encodeURIComponent).join('/'), siteBase);
  const url = URL.parse(
    target,
    base === null ? pageUrl.href : (URL.parse(base, pageUrl.href)?.href ?? pageUrl.href),
  );
  if (url === null) return { kind: 'internal', path: '\0', fragment: '' };
  if (!/^https?:$/.test(url.protocol)) return { kind: 'ignored' };
  const site = new URL(siteBase);
  if (url.host !== site.host) return { kind: 'external', url: url.href };
  if (settings.external.some((prefix) => url.pathname.startsWith(prefix))) return { kind: 'ignored' };
  const prefix = site.pathname.replace(/[^/]*$/, '');
  const below = url.pathname.startsWith(prefix) ? url.pathname.slice(prefix.length) : url.pathname.slice(1);
  const decoded = safeDecode(below);
  return {
    kind: 'internal',
    path: folder === '' ? decoded : `${folder}/${decoded}`,
    fragment: safeDecode(url.hash.slice(1)),
  };
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

type Judgement = Readonly<{
  file: string;
  resolved: { path: string; fragment: string };
  reference: Reference;
  tree: Tree;
  pages: (file: string) => Promise<Page>;
  settings: LinkSettings;
}>;

async function judge(input: Judgement): Promise<Omit<Finding, 'file' | 'line' | 'column'> | null> {
  const { file, resolved, reference, tree, pages } = input;
  const candidates = [resolved.path, ...packagePaths(input)].flatMap(candidatesOf);
  const found = candidates.find((candidate) => tree.files.has(candidate));
  if (found === undefined) {
    // Hosts of repositories show a folder; web servers don't.
    if (isMarkdown(file) && tree.folders.has(path.posix.normalize(`${resolved.path}/`))) return null;
    const other = candidates.map((candidate) => tree.folded.get(candidate.toLowerCase())).find(Boolean);
    return other ? wrongCase(reference.target, other) : missing(reference.target);
  }
  const { fragment } = resolved;
  const needsNothing = fragment === '' || fragment === 'top' || fragment.startsWith(':~:');
  if (needsNothing || !(isHtml(found) || isMarkdown(found))) return null;
  const place = fragment.replace(/:~:.*$/, '');
  return (await pages(found)).anchors.has(place) ? null : missingAnchor(reference.target, found);
}

/**
 * In a repository with several packages, `/x` of a page is the package's own root, or the folder that its build copies there
 * (`public`, as Vite, Astro and others have it). A release has no package.json, so there `/` stays what it is.
 */
function packagePaths({ file, resolved, reference, tree }: Judgement): string[] {
  if (!reference.target.startsWith('/')) return [];
  const parts = file.split('/').slice(0, -1);
  const folders = parts.map((_, index) => `${parts.slice(0, index + 1).join('/')}/`);
  return folders
    .filter((folder) => tree.files.has(`${folder}package.json`))
    .flatMap((folder) => [`${folder}${resolved.path}`, `${folder}public/${resolved.path}`]);
}

/** What may stand behind an address: the file, an index page, or a page under its short address or not yet built. */
function candidatesOf(target: string): string[] {
  const clean = path.posix
    .normalize(target)
    .replace(/^\.?\//, '')
    .replace(/^\.$/, '');
  const folder = clean === '' || clean.endsWith('/') ? clean : `${clean}/`;
  const stem = clean.replace(/\.html?$/, '').replace(/\/$/, '');
  return [
    clean,
    `${folder}index.html`,
    `${folder}index.md`,
    `${folder}README.md`,
    `${stem}.html`,
    `${stem}.md`,
    ...(stem.endsWith('/index') || stem === 'index'
      ? [`${stem.replace(/index$/, '')}README.md`, `${stem.replace(/\/index$/, '')}.md`]
      : []),
  ];
}

function missing(target: string): Omit<Finding, 'file' | 'line' | 'column'> {
  return {
    rule: 'links.missing',
    level: 'error',
    message: { en: `The link "${target}" leads nowhere.`, de: `Der Link "${target}" führt ins Leere.` },
    fix: {
      en: 'Correct the address or add the file.',
      de: 'Die Adresse berichtigen oder die Datei anlegen.',
    },
  };
}

function wrongCase(target: string, other: string): Omit<Finding, 'file' | 'line' | 'column'> {
  return {
    rule: 'links.case',
    level: 'error',
    message: {
      en: `"${target}" differs from ${other} in capital letters: it works on this machine at most.`,
      de: `"${target}" unterscheidet sich von ${other} in der Großschreibung: Es geht höchstens auf diesem Rechner.`,
    },
    fix: { en: 'Write it as the file is named.', de: 'So schreiben, wie die Datei heißt.' },
  };
}

function missingAnchor(target: string, found: string): Omit<Finding, 'file' | 'line' | 'column'> {
  return {
    rule: 'links.anchor',
    level: 'error',
    message: {
      en: `${found} has no place named by "${target}".`,
      de: `${found} hat keine Stelle, die "${target}" nennt.`,
    },
    fix: {
      en: 'Correct the part after # or add the id.',
      de: 'Den Teil nach # berichtigen oder die id ergänzen.',
    },
  };
}
