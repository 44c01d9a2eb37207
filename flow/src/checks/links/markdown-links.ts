import MarkdownIt from 'markdown-it';
import { uniqueSlug } from '../../build/markdown/slug.ts';
import { type HtmlDocument, parseHtml } from '../html/document.ts';
import { type Reference, readAnchors, readReferences } from './references.ts';

/** What a Markdown file refers to and what may be referred to in it. */
export type MarkdownLinks = Readonly<{ references: readonly Reference[]; anchors: ReadonlySet<string> }>;

const FRONT_MATTER = /^\ufeff?---[ \t]*\r?\n[\s\S]*?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/;

/** Replaces front matter by empty lines, so that line numbers stay. */
export function blankFrontMatter(text: string): string {
  return text.replace(FRONT_MATTER, (matter) => matter.replace(/[^\n]+/g, ''));
}

/** Reads links, images, raw HTML and heading anchors of CommonMark with GFM tables and autolinks. */
export function readMarkdownLinks(text: string): MarkdownLinks {
  const parser = new MarkdownIt({ html: true, linkify: false });
  const references: Reference[] = [];
  const anchors = new Set<string>();
  const slugs = new Map<string, number>();
  const tokens = parser.parse(blankFrontMatter(text), {});
  const addHtml = (document: HtmlDocument, line: number) => {
    for (const anchor of readAnchors(document)) anchors.add(anchor);
    for (const one of readReferences(document)) references.push({ ...one, line: line + one.line - 1 });
  };
  for (const [index, token] of tokens.entries()) {
    const line = (token.map?.[0] ?? 0) + 1;
    if (token.type === 'html_block') addHtml(parseHtml(token.content), line);
    if (token.type !== 'inline') continue;
    let inlineLine = line;
    for (const child of token.children ?? []) {
      const target = child.attrGet('href') ?? child.attrGet('src');
      if (target !== null) {
        references.push({
          target: String(target),
          kind: child.type === 'image' ? 'file' : 'page',
          line: inlineLine,
          column: 1,
        });
      }
      if (child.type === 'html_inline') addHtml(parseHtml(child.content), inlineLine);
      if (child.type === 'softbreak' || child.type === 'hardbreak') inlineLine += 1;
    }
    if (tokens[index - 1]?.type === 'heading_open')
      anchors.add(uniqueSlug(headingText(token.children ?? []), slugs));
  }
  return { references, anchors };
}

function headingText(children: ReadonlyArray<{ type: string; content: string }>): string {
  return children
    .filter((child) => child.type === 'text' || child.type === 'code_inline')
    .map((child) => child.content)
    .join('');
}
