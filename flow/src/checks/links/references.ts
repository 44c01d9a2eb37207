import { attribute, type HtmlDocument, type HtmlElement, placeOf } from '../html/document.ts';

/** A reference in a page. `kind` says what must be at the other end. */
export type Reference = Readonly<{ target: string; kind: 'page' | 'file'; line: number; column: number }>;

const ATTRIBUTES: ReadonlyArray<readonly [string, string, Reference['kind']]> = [
  ['a', 'href', 'page'],
  ['area', 'href', 'page'],
  ['form', 'action', 'page'],
  ['iframe', 'src', 'page'],
  ['frame', 'src', 'page'],
  ['link', 'href', 'file'],
  ['script', 'src', 'file'],
  ['img', 'src', 'file'],
  ['source', 'src', 'file'],
  ['video', 'src', 'file'],
  ['video', 'poster', 'file'],
  ['audio', 'src', 'file'],
  ['track', 'src', 'file'],
  ['embed', 'src', 'file'],
  ['object', 'data', 'file'],
  ['input', 'src', 'file'],
  ['use', 'href', 'file'],
  ['use', 'xlink:href', 'file'],
  ['image', 'href', 'file'],
  ['image', 'xlink:href', 'file'],
];
const OWN_META = new Set(['og:image', 'og:url', 'og:video', 'og:audio', 'twitter:image']);

/** Every reference of a page, in document order. */
export function readReferences(document: HtmlDocument): Reference[] {
  return document.elements.flatMap((element) => [...plainReferences(element), ...listedReferences(element)]);
}

/** The address that <base href> gives relative references, or null. */
export function readBase(document: HtmlDocument): string | null {
  const base = document.elements.find((element) => element.tagName === 'base');
  return (base && attribute(base, 'href')) ?? null;
}

/** Every place a fragment may name: ids, and names of <a>. */
export function readAnchors(document: HtmlDocument): Set<string> {
  const anchors = new Set<string>();
  for (const element of document.elements) {
    const id = attribute(element, 'id');
    const name = element.tagName === 'a' ? attribute(element, 'name') : undefined;
    if (id) anchors.add(id);
    if (name) anchors.add(name);
  }
  return anchors;
}

function plainReferences(element: HtmlElement): Reference[] {
  return ATTRIBUTES.flatMap(([tag, name, kind]): Reference[] => {
    if (element.tagName !== tag) return [];
    const target = attribute(element, name);
    if (target === undefined || isHint(element)) return [];
    return [{ target: target.trim(), kind: isPageLink(element) ? 'page' : kind, ...placeOf(element, name) }];
  });
}

/** rel=preconnect and dns-prefetch name a server, not a file. */
function isHint(element: HtmlElement): boolean {
  return (
    element.tagName === 'link' && /\b(?:preconnect|dns-prefetch)\b/i.test(attribute(element, 'rel') ?? '')
  );
}

function isPageLink(element: HtmlElement): boolean {
  return (
    element.tagName === 'link' &&
    /\b(?:canonical|alternate|next|prev|author|help|license)\b/i.test(attribute(element, 'rel') ?? '')
  );
}

function listedReferences(element: HtmlElement): Reference[] {
  const found: Reference[] = [];
  for (const name of ['srcset', 'imagesrcset']) {
    const value = attribute(element, name);
    if (value === undefined) continue;
    for (const target of splitSrcset(value)) found.push({ target, kind: 'file', ...placeOf(element, name) });
  }
  if (element.tagName === 'meta') {
    const content = attribute(element, 'content') ?? '';
    const refresh =
      attribute(element, 'http-equiv')?.toLowerCase() === 'refresh'
        ? /url\s*=\s*['"]?([^'"]+)/i.exec(content)?.[1]
        : undefined;
    const own = OWN_META.has(attribute(element, 'property') ?? attribute(element, 'name') ?? '')
      ? content
      : undefined;
    const target = (refresh ?? own)?.trim();
    if (target) found.push({ target, kind: refresh ? 'page' : 'file', ...placeOf(element, 'content') });
  }
  return found;
}

/** The addresses of a srcset, by the parsing rules of the HTML standard: an address ends at white space, not at a comma. */
export function splitSrcset(value: string): string[] {
  const found: string[] = [];
  let rest = value;
  for (;;) {
    rest = rest.replace(/^[\s,]+/, '');
    const address = /^\S+/.exec(rest)?.[0];
    if (address === undefined) return found;
    rest = rest.slice(address.length);
    const trimmed = address.replace(/,+$/, '');
    if (trimmed) found.push(trimmed);
    if (trimmed === address) rest = rest.replace(/^(?:\([^)]*\)|[^,(])*/, '');
  }
}
