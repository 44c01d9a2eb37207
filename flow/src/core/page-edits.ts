import { tokenizeHtml } from '../hash/html-tokenizer.ts';

/**
 * Whether a file is a whole document. Fragments that scripts fetch and put into pages get nothing of ours.
 * `text` may be decoded byte by byte: only ASCII is looked at.
 */
export function isDocument(text: string): boolean {
  return /^(?:\ufeff|\xef\xbb\xbf)?\s*(?:<!--[\s\S]*?-->\s*)*(?:<!doctype\s+html|<html[\s>])/i.test(text);
}

/** The offset before the end tag of the head, or where the head would end: at body, else behind the doctype. */
export function headEnd(text: string): number {
  return (
    endTagOffset(text, 'head') ??
    startTagOffset(text, 'body') ??
    /<!doctype[^>]*>/i.exec(text)?.[0].length ??
    0
  );
}

/** The offset behind the start tag of the head, where a base element must stand to hold for all. */
export function headStart(text: string): number {
  const tag = /<head(?:\s[^>]*)?>/i.exec(text);
  return tag === null ? headEnd(text) : tag.index + tag[0].length;
}

/** The offset before the end tag of the body, or the end of the text: HTML lets both tags be left out. */
export function bodyEnd(text: string): number {
  return endTagOffset(text, 'body') ?? endTagOffset(text, 'html') ?? text.length;
}

/** The last such end tag. Only when there are several, which scripts and comments may cause, is the text walked through. */
function endTagOffset(text: string, name: string): number | null {
  const matches = [...text.matchAll(new RegExp(`</${name}(?=[\\s/>])`, 'gi'))];
  if (matches.length < 2) return matches[0]?.index ?? null;
  let found: number | null = null;
  tokenizeHtml(text, {
    onTag: () => undefined,
    onEndTag: (tag, start) => {
      if (tag === name) found = start;
    },
  });
  return found;
}

function startTagOffset(text: string, name: string): number | null {
  return new RegExp(`<${name}(?=[\\s/>])`, 'i').exec(text)?.index ?? null;
}

export function insertAt(text: string, offset: number, inserted: string): string {
  return text.slice(0, offset) + inserted + text.slice(offset);
}
