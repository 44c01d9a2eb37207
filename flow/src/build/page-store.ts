import { hash } from 'node:crypto';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestOfSources, packageVersion } from '../core/versions.ts';
import { openPackCache, type PackCache } from './cache.ts';
import { type FrontMatter, readFrontMatter } from './front-matter.ts';
import { createHighlighter, type Highlighter } from './markdown/highlighter.ts';
import { createMarkdown, type Markdown, type RenderedMarkdown } from './markdown/render.ts';

/** A Markdown file, read and rendered, before any layout. */
export interface RenderedPage {
  readonly matter: Omit<FrontMatter, 'body'>;
  readonly rendered: Omit<RenderedMarkdown, 'html'>;
  /** UTF-8. */
  readonly html: Buffer;
}

export interface PageStore {
  /** Renders a page, or takes it from the cache when neither its bytes nor the targets of its links changed. */
  page(file: string, text: string, resolveLink: (target: string) => string): RenderedPage;
  readonly counts: { rendered: number; reused: number; highlighted: number };
  save(): void;
}

export interface PageStoreOptions {
  readonly cacheDir: string;
  readonly rawHtml: boolean;
  readonly highlight: boolean;
}

/** Pages and highlighted blocks, each cached by the hash of its content. */
export function createPageStore(options: PageStoreOptions): PageStore {
  const counts = { rendered: 0, reused: 0, highlighted: 0 };
  const highlighter = createHighlighter();
  const version = [
    digestOfSources(path.dirname(fileURLToPath(import.meta.url))),
    packageVersion('markdown-it'),
    packageVersion('markdown-it-footnote'),
    highlighter.version,
    options.rawHtml,
    options.highlight,
  ].join(' ');
  const pages = openPackCache(path.join(options.cacheDir, 'pages.pack'), version);
  const blocks = openPackCache(path.join(options.cacheDir, 'code.pack'), `${version} code`);
  let markdown: Markdown | null = null;
  const highlight = options.highlight
    ? (code: string, language: string) => highlightCached({ code, language, blocks, highlighter, counts })
    : () => null;
  return {
    counts,
    page: (file, text, resolveLink) => {
      const key = hash('sha256', `${file}\0${text}`, 'base64url');
      const cached = pages.get(key);
      if (cached !== undefined) {
        const known = unpack(cached);
        if (known.rendered.links.every(([target, resolved]) => resolveLink(target) === resolved)) {
          for (const block of known.rendered.blocks) blocks.keep(block);
          counts.reused += 1;
          return known;
        }
      }
      const { body, ...matter } = readFrontMatter(file, text);
      markdown ??= createMarkdown({ rawHtml: options.rawHtml, highlight });
      const { html, ...rendered } = markdown.render(body, resolveLink);
      const value = Buffer.from(`${JSON.stringify({ matter, rendered })}\n${html}`);
      pages.set(key, value);
      counts.rendered += 1;
      return { matter, rendered, html: value.subarray(value.indexOf(10) + 1) };
    },
    save: () => {
      pages.save();
      blocks.save();
    },
  };
}

/** A line of JSON, then the HTML. */
function unpack(value: Buffer): RenderedPage {
  const lineEnd = value.indexOf(10);
  const head: Omit<RenderedPage, 'html'> = JSON.parse(value.toString('utf8', 0, lineEnd));
  return { ...head, html: value.subarray(lineEnd + 1) };
}

function highlightCached(input: {
  code: string;
  language: string;
  blocks: PackCache;
  highlighter: Highlighter;
  counts: { highlighted: number };
}): { html: string; key: string } {
  const { code, language, blocks, highlighter, counts } = input;
  const key = hash('sha256', `${language}\0${code}`, 'base64url');
  const known = blocks.get(key);
  if (known !== undefined) return { html: known.toString('utf8'), key };
  const html = highlighter.highlight(code, language);
  blocks.set(key, Buffer.from(html));
  counts.highlighted += 1;
  return { html, key };
}
