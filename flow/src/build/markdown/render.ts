import { createRequire } from 'node:module';
import type { MarkdownIt as Parser, StateCore } from 'markdown-it';
import { escapeHtml } from '../escape.ts';
import { linkBareAddresses } from './autolinks.ts';
import { markAlerts, markTasks } from './gfm.ts';
import { useLeanTokens } from './lean-tokens.ts';
import { uniqueSlug } from './slug.ts';
import { type Heading, renderToc } from './toc.ts';

/** What a Markdown text becomes. */
export interface RenderedMarkdown {
  readonly html: string;
  /** Headings of level 2 to 4, for a table of contents. */
  readonly headings: readonly Heading[];
  /** The text of the first heading of level 1. */
  readonly title: string | null;
  /** The text of the first paragraph, at most 200 characters. */
  readonly excerpt: string;
  /** Each relative link or image of the text with what it was replaced by. */
  readonly links: ReadonlyArray<readonly [string, string]>;
  /** Keys of the code blocks, as `highlight` named them. */
  readonly blocks: readonly string[];
}

export interface MarkdownOptions {
  readonly rawHtml: boolean;
  /** HTML of a code block and the key under which it is cached. */
  highlight(code: string, language: string): { html: string; key: string } | null;
}

interface Environment {
  resolveLink(target: string): string;
  headings: Heading[];
  title: string | null;
  excerpt: string;
  links: Array<readonly [string, string]>;
  blocks: string[];
}

const EXCERPT_CHARACTERS = 200;
/** Nothing in it that normalising would change: parsing each address took a tenth of the time of Markdown. */
const PLAIN_ADDRESS = /^(?:[A-Za-z0-9;/?:@&=+$,\-_.!~*'()#]|%[0-9A-Fa-f]{2})*$/;
const TOC_MARK = /^\[(?:\[toc\]|toc)\]$/i;

/** CommonMark with GFM (tables, task lists, strikethrough, autolinks, alerts), footnotes, anchors and a table of contents. */
export interface Markdown {
  /** `resolveLink` turns a relative address of the source into one of the release. */
  render(text: string, resolveLink: (target: string) => string): RenderedMarkdown;
}

export function createMarkdown(options: MarkdownOptions): Markdown {
  // Loaded here: a build whose pages are all in the cache needs none of it.
  const require = createRequire(import.meta.url);
  const MarkdownIt: typeof import('markdown-it').default = require('markdown-it');
  const parser = new MarkdownIt({ html: options.rawHtml, linkify: false, typographer: false });
  useLeanTokens(parser);
  const normalize = parser.normalizeLink;
  parser.normalizeLink = (address) => (PLAIN_ADDRESS.test(address) ? address : normalize(address));
  // The package brings no types.
  const footnotes: (parser: Parser) => void = require('markdown-it-footnote');
  parser.use(footnotes);
  parser.core.ruler.push('flow_page', (state) => readPage(state));
  parser.renderer.rules.fence = (tokens, index, _options, given) => {
    const env = given as unknown as Environment;
    const token = tokens[index];
    const language = /^[^\s{:]+/.exec(token?.info.trim() ?? '')?.[0] ?? '';
    const code = token?.content ?? '';
    if (language === '') return `<pre><code>${escapeHtml(code)}</code></pre>\n`;
    const result = options.highlight(code, language);
    const name = escapeHtml(language);
    if (result === null) return `<pre><code class="language-${name}">${escapeHtml(code)}</code></pre>\n`;
    env.blocks.push(result.key);
    return `<pre><code class="hljs language-${name}">${result.html}</code></pre>\n`;
  };
  return {
    render: (text, resolveLink) => {
      const env: Environment = { resolveLink, headings: [], title: null, excerpt: '', links: [], blocks: [] };
      const html = parser.render(text, env as unknown as Record<string, unknown>);
      const { headings, title, excerpt, links, blocks } = env;
      return { html, headings, title, excerpt, links, blocks };
    },
  };
}

/** One walk over the tokens: anchors, links, tasks, alerts, the first paragraph, the table of contents. */
function readPage(state: StateCore): void {
  const env = state.env as unknown as Environment;
  const slugs = new Map<string, number>();
  const tocs: Array<{ index: number }> = [];
  for (const [index, token] of state.tokens.entries()) {
    if (token.type === 'blockquote_open') markAlerts(state.tokens, index);
    if (token.type !== 'inline') continue;
    const before = state.tokens[index - 1];
    linkBareAddresses(state, token);
    for (const child of token.children ?? []) rewriteLink(child, env);
    if (before?.type === 'heading_open') {
      readHeading(state, { index, slugs, env });
    } else if (before?.type === 'paragraph_open') {
      markTasks(state.tokens, index);
      if (TOC_MARK.test(token.content)) tocs.push({ index });
      else if (env.excerpt === '' && before.level === 0)
        env.excerpt = shorten(plainText(token.children ?? []));
    }
  }
  for (const { index } of tocs) {
    const inline = state.tokens[index];
    const html = new state.Token('html_inline', '', 0);
    html.content = renderToc(env.headings);
    if (inline) inline.children = [html];
    for (const around of [state.tokens[index - 1], state.tokens[index + 1]]) if (around) around.hidden = true;
  }
}

function readHeading(
  state: StateCore,
  input: { index: number; slugs: Map<string, number>; env: Environment },
): void {
  const { index, slugs, env } = input;
  const open = state.tokens[index - 1];
  const inline = state.tokens[index];
  if (!open || !inline) return;
  const level = Number(open.tag.slice(1));
  const children = inline.children ?? [];
  const text = plainText(children);
  const id = uniqueSlug(text, slugs);
  if (level === 1) env.title ??= text;
  if (id === '') return;
  open.attrSet('id', id);
  if (level > 1) {
    const anchor = new state.Token('html_inline', '', 0);
    anchor.content = ` <a class="anchor" href="#${encodeURIComponent(id)}" aria-hidden="true" tabindex="-1">#</a>`;
    inline.children = [...children, anchor];
  }
  if (level > 1 && level < 5) env.headings.push({ level, id, text });
}

type Token = StateCore['tokens'][number];

function rewriteLink(token: Token, env: Environment): void {
  const name = token.type === 'link_open' ? 'href' : token.type === 'image' ? 'src' : null;
  const target = name === null ? null : String(token.attrGet(name) ?? '');
  if (name === null || target === null || target === '' || /^(?:[a-z][a-z0-9+.-]*:|#|\/\/)/i.test(target))
    return;
  const resolved = env.resolveLink(target);
  env.links.push([target, resolved]);
  token.attrSet(name, resolved);
}

function plainText(children: readonly Token[]): string {
  return children
    .map((child) => {
      if (child.type === 'text' || child.type === 'code_inline') return child.content;
      if (child.type === 'image') return plainText(child.children ?? []);
      return child.type === 'softbreak' || child.type === 'hardbreak' ? ' ' : '';
    })
    .join('')
    .trim();
}

function shorten(text: string): string {
  if (text.length <= EXCERPT_CHARACTERS) return text;
  const cut = text
    .slice(0, EXCERPT_CHARACTERS)
    .toWellFormed()
    .replace(/\ufffd$/, '');
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), EXCERPT_CHARACTERS / 2))}…`;
}
