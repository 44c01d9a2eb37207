import { type DefaultTreeAdapterTypes, type ParserError, parse, parseFragment } from 'parse5';

export type HtmlElement = DefaultTreeAdapterTypes.Element;
type HtmlNode = DefaultTreeAdapterTypes.Node;

/** A parsed page or fragment with everything its rules need. */
export interface HtmlDocument {
  readonly isFragment: boolean;
  readonly root: HtmlNode;
  /** Every element in document order, those inside <template> included. */
  readonly elements: readonly HtmlElement[];
  readonly errors: readonly ParserError[];
}

/**
 * Parses by the HTML standard's algorithm (parse5). A file without doctype and <html> is a fragment: a partial that a
 * layout includes, judged without the rules for whole pages.
 */
export function parseHtml(text: string): HtmlDocument {
  const errors: ParserError[] = [];
  const options = { sourceCodeLocationInfo: true, onParseError: (error: ParserError) => errors.push(error) };
  const head = text.replace(/^\ufeff?\s*(?:<!--[\s\S]*?-->\s*)*/, '').slice(0, 20);
  const isFragment = !/^<(?:!doctype|html|head|body)\b/i.test(head);
  const root = isFragment ? parseFragment(text, options) : parse(text, options);
  const elements: HtmlElement[] = [];
  collect(root, elements);
  return { isFragment, root, elements, errors };
}

function collect(root: HtmlNode, elements: HtmlElement[]): void {
  // A stack, not recursion: hostile pages nest deeper than the call stack.
  const rest: HtmlNode[] = [root];
  for (let node = rest.pop(); node; node = rest.pop()) {
    if ('tagName' in node) elements.push(node);
    if ('content' in node) rest.push(node.content);
    if ('childNodes' in node) {
      for (let index = node.childNodes.length - 1; index >= 0; index -= 1) {
        const child = node.childNodes[index];
        if (child) rest.push(child);
      }
    }
  }
}

/** The value of an attribute, or undefined. */
export function attribute(element: HtmlElement, name: string): string | undefined {
  return element.attrs.find((one) => (one.prefix ? `${one.prefix}:${one.name}` : one.name) === name)?.value;
}

/** Where an attribute (or the element itself) stands, from 1. */
export function placeOf(element: HtmlElement, name?: string): { line: number; column: number } {
  const location = element.sourceCodeLocation;
  const found = (name === undefined ? undefined : location?.attrs?.[name]) ?? location;
  return { line: found?.startLine ?? 1, column: found?.startCol ?? 1 };
}

/** The text within an element. */
export function textOf(element: HtmlElement): string {
  let text = '';
  const rest: HtmlNode[] = [...element.childNodes].reverse();
  for (let node = rest.pop(); node; node = rest.pop()) {
    if (node.nodeName === '#text' && 'value' in node) text += node.value;
    if ('childNodes' in node) rest.push(...[...node.childNodes].reverse());
  }
  return text;
}
