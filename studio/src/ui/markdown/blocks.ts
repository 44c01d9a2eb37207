import MarkdownIt, { type Token } from 'markdown-it';

/** A top-level part of a text: a paragraph, a list, a fence. */
export interface Block {
  /** Its own lines: while they stay the same, what is drawn of it stays the same. */
  readonly source: string;
  readonly tokens: readonly Token[];
}

// Raw HTML stays text, whoever wrote it.
const parser = new MarkdownIt({ html: false, linkify: false, typographer: false, breaks: false });

/** Takes a text apart, also one that is still being written: an open fence counts to the end. */
export function blocksOf(text: string): Block[] {
  const lines = text.split('\n');
  const blocks: Block[] = [];
  let tokens: Token[] = [];
  for (const token of parser.parse(text, {})) {
    tokens.push(token);
    if (token.level > 0 || token.nesting === 1) continue;
    const [start, end] = tokens[0]?.map ?? [0, 0];
    blocks.push({ source: lines.slice(start, end).join('\n'), tokens });
    tokens = [];
  }
  return blocks;
}

/** Where a link of an answer may lead: out of the studio, by web or mail. Everything else is shown as text. */
export function safeAddress(address: string | number | null): string | null {
  if (typeof address !== 'string') return null;
  return /^(?:https?:\/\/|mailto:)/i.test(address) ? address : null;
}
