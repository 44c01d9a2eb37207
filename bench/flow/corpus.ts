import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const PAGES = 549;

/**
 * Real pages: the documentation that the project's own dependencies bring, in the order of their paths. The lock file fixes
 * them. Texts that one of the three tools would read as its own template language are left out.
 */
export function realPages(): Map<string, string> {
  const pages = new Map<string, string>();
  const seen = new Set<string>();
  for (const file of markdownFiles(path.join(root, 'node_modules'), 0)) {
    const text = readFileSync(file, 'utf8');
    const isOrdinary = text.length > 1_000 && text.includes('\n```') && !/^---|^\+\+\+|\{\{[<%]/.test(text);
    if (
      !isOrdinary ||
      text.includes('\ufffd') ||
      text.includes('{{') ||
      text.includes('{%') ||
      seen.has(text)
    )
      continue;
    seen.add(text);
    const name = `section-${String(Math.floor(pages.size / 50)).padStart(2, '0')}/page-${String(pages.size).padStart(3, '0')}.md`;
    const title = JSON.stringify(path.basename(path.dirname(file)));
    pages.set(name, `---\ntitle: ${title}\n---\n${text}`);
    if (pages.size === PAGES) break;
  }
  return pages;
}

function* markdownFiles(folder: string, depth: number): Generator<string> {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory() && depth < 8) yield* markdownFiles(full, depth + 1);
    else if (entry.isFile() && /\.md$/i.test(entry.name)) yield full;
  }
}

export function writePages(folder: string, pages: ReadonlyMap<string, string>): void {
  for (const [name, text] of pages) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
}

const LAYOUT = (title: string, content: string) =>
  `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>${title}</title><link rel="stylesheet" href="/style.css"></head>\n<body><main>${content}</main></body></html>\n`;

/** One site per tool: the same pages, the same layout, the same highlighter. */
export function writeSites(folder: string, pages: ReadonlyMap<string, string>): void {
  const sites = {
    flow: path.join(folder, 'flow'),
    eleventy: path.join(folder, 'eleventy'),
    hugo: path.join(folder, 'hugo'),
  };
  writePages(sites.flow, pages);
  writePages(sites.eleventy, pages);
  writePages(path.join(sites.hugo, 'content'), pages);
  const home = new Map([['index.md', '---\ntitle: Home\n---\n# Home\n']]);
  writePages(sites.flow, home);
  writePages(sites.eleventy, home);
  mkdirSync(path.join(sites.flow, '_layouts'), { recursive: true });
  writeFileSync(
    path.join(sites.flow, '_layouts/default.html'),
    LAYOUT('{{ page.title }}', '{{{ content }}}'),
  );
  mkdirSync(path.join(sites.eleventy, '_includes'), { recursive: true });
  writeFileSync(path.join(sites.eleventy, '_includes/page.liquid'), LAYOUT('{{ title }}', '{{ content }}'));
  cpSync(
    fileURLToPath(new URL('./eleventy.config.mjs', import.meta.url)),
    path.join(sites.eleventy, 'eleventy.config.mjs'),
  );
  mkdirSync(path.join(sites.hugo, 'layouts/_default'), { recursive: true });
  for (const name of ['single', 'list'])
    writeFileSync(
      path.join(sites.hugo, `layouts/_default/${name}.html`),
      LAYOUT('{{ .Title }}', '{{ .Content }}'),
    );
  mkdirSync(path.join(sites.hugo, 'static'), { recursive: true });
  for (const dir of [sites.flow, sites.eleventy, path.join(sites.hugo, 'static')])
    writeFileSync(path.join(dir, 'style.css'), 'body { margin: 0 }\n');
  const hugoConfig = (fences: boolean) =>
    `baseURL = "https://example.org/"\ndisableKinds = ["taxonomy", "term", "RSS", "sitemap"]\n[markup.goldmark.renderer]\nunsafe = true\n[markup.highlight]\ncodeFences = ${fences}\nnoClasses = false\n`;
  writeFileSync(path.join(sites.hugo, 'highlight-js.toml'), hugoConfig(false));
  writeFileSync(path.join(sites.hugo, 'chroma.toml'), hugoConfig(true));
}

/** Copied documentation names pictures that were not copied with it; no peer makes a service worker. */
export function writeFlowConfig(dir: string): void {
  writeFileSync(
    path.join(dir, 'flow.config.mjs'),
    "export default { hash: { unresolved: 'warn' }, worker: { mode: 'off' } };\n",
  );
}
