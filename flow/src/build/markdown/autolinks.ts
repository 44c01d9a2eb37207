import type { StateCore, Token } from 'markdown-it';

const DOMAIN = '[\\p{L}\\p{N}_-]+(?:\\.[\\p{L}\\p{N}_-]+)*';
/** What may be a link, at the start of a text or after one of the signs that GFM allows before it. */
const CANDIDATE = new RegExp(
  `(?<=^|[\\s*_~(])(?:https?:\\/\\/|ftp:\\/\\/|www\\.)${DOMAIN}(?::\\d+)?(?:[/?#][^\\s<]*)?|(?<![\\p{L}\\p{N}.+_-])[\\w.+-]+@[\\w-]+(?:\\.[\\w-]+)+`,
  'gu',
);

/**
 * Makes links of bare addresses as GFM defines them (section 6.9, extended autolinks): `http(s)://`, `ftp://`, `www.`, e-mail.
 * A name such as `readme.md` is none. A general linkifier in this place took more time than the rest of Markdown.
 */
export function linkBareAddresses(state: StateCore, inline: Token): void {
  const children = inline.children ?? [];
  if (!children.some(mayHoldAddress)) return;
  let depth = 0;
  inline.children = children.flatMap((child) => {
    if (child.type === 'link_open' || (child.type === 'html_inline' && /^<a[\s>]/i.test(child.content)))
      depth += 1;
    if (child.type === 'link_close' || (child.type === 'html_inline' && /^<\/a/i.test(child.content)))
      depth -= 1;
    return depth > 0 || !mayHoldAddress(child) ? [child] : splitText(state, child);
  });
}

function mayHoldAddress({ type, content }: Token): boolean {
  return type === 'text' && (content.includes('://') || content.includes('www.') || content.includes('@'));
}

function splitText(state: StateCore, text: Token): Token[] {
  const parts: Token[] = [];
  let last = 0;
  for (const match of text.content.matchAll(CANDIDATE)) {
    const address = trimmed(match[0]);
    const href = hrefOf(address);
    if (href === null || !state.md.validateLink(href)) continue;
    if (match.index > last) parts.push(textToken(state, text.content.slice(last, match.index), text.level));
    const open = new state.Token('link_open', 'a', 1);
    open.attrs = [['href', state.md.normalizeLink(href)]];
    const close = new state.Token('link_close', 'a', -1);
    parts.push(open, textToken(state, address, text.level + 1), close);
    last = match.index + address.length;
  }
  if (parts.length === 0) return [text];
  if (last < text.content.length) parts.push(textToken(state, text.content.slice(last), text.level));
  return parts;
}

function textToken(state: StateCore, content: string, level: number): Token {
  const token = new state.Token('text', '', 0);
  token.content = content;
  token.level = level;
  return token;
}

/** The address behind a bare text; null when its domain is none: no dot, or `_` in its last two parts. */
function hrefOf(address: string): string | null {
  const isMail = !/^(?:https?:\/\/|ftp:\/\/|www\.)/.test(address);
  if (isMail) return /[-_]$/.test(address) ? null : `mailto:${address}`;
  const domain = /^(?:\w+:\/\/)?([^/?#:]*)/.exec(address)?.[1] ?? '';
  const ending = domain.split('.').slice(-2);
  if (ending.length < 2 || ending.some((part) => part === '' || part.includes('_'))) return null;
  return address.startsWith('www.') ? `http://${address}` : address;
}

/** Trailing punctuation, an unmatched `)` and something like `&hellip;` at the end don't belong to the link. */
function trimmed(address: string): string {
  let end = address.length;
  while (end > 0) {
    const part = address.slice(0, end);
    const entity = /&[A-Za-z0-9]+;$/.exec(part);
    if (entity) end -= entity[0].length;
    else if (
      part.endsWith(')') ? part.split(')').length > part.split('(').length : /[?!.,:*_~'"]$/.test(part)
    )
      end -= 1;
    else return part;
  }
  return '';
}
