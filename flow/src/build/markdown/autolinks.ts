import type { MarkdownIt } from 'markdown-it';

const WWW = /^[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+(?:[/?#][^\s<]*)?/u;

/** Autolinks as GFM has them: `http(s)://`, `www.` and e-mail addresses, but never a bare `name.md`. */
export function allowWwwLinks(parser: MarkdownIt): void {
  parser.linkify.set({ fuzzyLink: false, fuzzyEmail: true });
  parser.linkify.add('www.', {
    validate: (text: string, position: number) => {
      const found = WWW.exec(text.slice(position))?.[0] ?? '';
      return trimmedLength(found);
    },
    normalize: (match: { url: string }) => {
      match.url = `http://${match.url}`;
    },
  });
}

/** GFM: trailing punctuation and an unmatched closing parenthesis don't belong to the link. */
function trimmedLength(link: string): number {
  let end = link.length;
  for (;;) {
    const last = link[end - 1] ?? '';
    const part = link.slice(0, end);
    const unmatched = last === ')' && part.split(')').length > part.split('(').length;
    if (!unmatched && !/[?!.,:*_~'"]/.test(last)) return end;
    end -= 1;
    if (end === 0) return 0;
  }
}
