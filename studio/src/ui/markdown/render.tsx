import type { Token } from 'markdown-it';
import { createElement, Fragment, type ReactNode } from 'react';
import { safeAddress } from './blocks.ts';
import { CodeBlock } from './code-block.tsx';

/** What is drawn for opening tokens; everything that is not named here is left out, and its content stays. */
const elements: ReadonlySet<string> = new Set([
  'p',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'ul',
  'ol',
  'li',
  'blockquote',
  'em',
  'strong',
  's',
  'table',
  'thead',
  'tbody',
  'tr',
  'th',
  'td',
]);

/** Draws parsed Markdown as elements. No HTML is written anywhere, links lead only out, and no picture is loaded. */
export function renderTokens(tokens: readonly Token[]): ReactNode {
  return renderUntil(tokens, { next: 0 });
}

function renderUntil(tokens: readonly Token[], place: { next: number }): ReactNode[] {
  const nodes: ReactNode[] = [];
  while (place.next < tokens.length) {
    const key = place.next;
    const token = tokens[place.next];
    place.next += 1;
    if (token === undefined || token.nesting === -1) break;
    const node = token.nesting === 1 ? withContent(token, renderUntil(tokens, place)) : leaf(token);
    nodes.push(<Fragment key={key}>{node}</Fragment>);
  }
  return nodes;
}

function withContent(token: Token, content: ReactNode[]): ReactNode {
  if (token.hidden) return content;
  if (token.type === 'link_open') return link(token.attrGet('href'), content);
  if (!elements.has(token.tag)) return content;
  // The heading of a page is not the answer's to give: its own begin two levels below.
  const heading = /^h([1-6])$/.exec(token.tag);
  if (heading !== null) return createElement(`h${Math.min(6, Number(heading[1]) + 2)}`, null, content);
  if (token.tag === 'table') {
    return (
      <div className="prose-table">
        <table>{content}</table>
      </div>
    );
  }
  const start = token.tag === 'ol' ? Number(token.attrGet('start') ?? 1) : undefined;
  return createElement(token.tag, start === undefined || start === 1 ? null : { start }, content);
}

function leaf(token: Token): ReactNode {
  switch (token.type) {
    case 'inline':
      return renderUntil(token.children ?? [], { next: 0 });
    case 'text':
      return token.content;
    case 'code_inline':
      return <code>{token.content}</code>;
    case 'fence':
    case 'code_block':
      return (
        <CodeBlock
          code={token.content.replace(/\n$/, '')}
          language={(token.info.trim().split(/\s+/)[0] ?? '').slice(0, 40)}
        />
      );
    case 'softbreak':
      return ' ';
    case 'hardbreak':
      return <br />;
    case 'hr':
      return <hr />;
    case 'image':
      // A picture that a model names would tell its address to somebody: it is offered, not loaded.
      return link(token.attrGet('src'), [token.content || String(token.attrGet('src') ?? '')]);
    default:
      return token.content;
  }
}

function link(address: string | number | null, content: ReactNode[]): ReactNode {
  const safe = safeAddress(address);
  if (safe === null) return <span className="prose-name">{content}</span>;
  return (
    <a href={safe} target="_blank" rel="noreferrer noopener nofollow" title={safe}>
      {content}
    </a>
  );
}
