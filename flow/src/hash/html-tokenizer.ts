/** An attribute as written: offsets into the text, the value's quotes left out. */
export interface AttributeSpan {
  /** Lower-case in HTML, as written in XML. */
  readonly name: string;
  readonly valueStart: number;
  readonly valueEnd: number;
}

export interface TagToken {
  readonly name: string;
  readonly attributes: readonly AttributeSpan[];
  /** Offset of `<` and the offset behind `>`. */
  readonly start: number;
  readonly end: number;
  readonly selfClosing: boolean;
  /** The content of a raw text element (script, style, title, …); null for all others. */
  readonly content: { readonly start: number; readonly end: number } | null;
  /** Inside svg or math, where script and style are ordinary elements. */
  readonly foreign: boolean;
}

export interface TokenHandlers {
  onTag(tag: TagToken): void;
  /** Whether tags that hold no address, `<p>` and `<span class="…">`, need not be reported: most tags of coloured code. */
  readonly skipsPlainTags?: boolean;
  onEndTag?(name: string, start: number, end: number): void;
  /** XML only: `<?xml-stylesheet …?>`, offsets of what stands between the question marks. */
  onInstruction?(start: number, end: number): void;
  /** Text between tags, and the content of CDATA sections. */
  onText?(start: number, end: number, cdata: boolean): void;
}

const rawTextElements = new Set([
  'script',
  'style',
  'textarea',
  'title',
  'xmp',
  'iframe',
  'noembed',
  'noframes',
  'plaintext',
]);

/** Start tags that end svg and math content. HTML Living Standard, 13.2.6.5. */
const breakoutElements = new Set(
  'b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var'.split(
    ' ',
  ),
);
const integrationPoints = new Set([
  'foreignobject',
  'desc',
  'title',
  'mi',
  'mo',
  'mn',
  'ms',
  'mtext',
  'annotation-xml',
]);

/**
 * Walks the tags of an HTML document as a browser's tokenizer does (HTML Living Standard, 13.2.5), without building a tree.
 * noscript is read as content, because that is what a browser without scripts does with it.
 * With `xml`, names keep their case, every element is an ordinary one, and processing instructions are reported.
 */
export function tokenizeHtml(text: string, handlers: TokenHandlers, options: { xml?: boolean } = {}): void {
  const xml = options.xml ?? false;
  const skipsPlainTags = (handlers.skipsPlainTags ?? false) && !xml;
  const foreign: string[] = [];
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf('<', at);
    if (open === -1) break;
    if (skipsPlainTags && foreign.length === 0) {
      const end = plainTagEnd(text, open);
      if (end !== -1) {
        at = end;
        continue;
      }
    }
    const next = text.charCodeAt(open + 1);
    if (!isLetter(next) && next !== 0x21 && next !== 0x2f && next !== 0x3f) {
      // A lone `<` is text.
      const after = text.indexOf('<', open + 1);
      handlers.onText?.(at, after === -1 ? text.length : after, false);
      at = after === -1 ? text.length : after;
      continue;
    }
    if (open > at) handlers.onText?.(at, open, false);
    if (next === 0x21) {
      at = skipDeclaration(text, open, { cdata: xml || isForeign(foreign), handlers });
    } else if (next === 0x3f) {
      at = skipInstruction(text, open, { xml, handlers });
    } else if (next === 0x2f) {
      at = readEndTag(text, open, { xml, handlers, foreign });
    } else {
      const tag = readTag(text, open, { xml, foreign });
      if (tag === null) return;
      handlers.onTag(tag);
      at = tag.content === null ? tag.end : tag.content.end;
    }
  }
  if (at < text.length) handlers.onText?.(at, text.length, false);
}

/** The offset behind a tag that is only a name in small letters, or a span with a class and nothing else; else -1. */
function plainTagEnd(text: string, open: number): number {
  const isEnd = text.charCodeAt(open + 1) === 0x2f;
  const start = isEnd ? open + 2 : open + 1;
  let at = start;
  for (let code = text.charCodeAt(at); isSmallLetter(code) || isDigit(code, at > start); at += 1)
    code = text.charCodeAt(at + 1);
  if (at === start) return -1;
  if (text.charCodeAt(at) === 0x3e) {
    // Content that is no HTML begins behind some.
    if (isEnd || at - start < 3) return at + 1;
    const name = text.slice(start, at);
    return rawTextElements.has(name) || name === 'svg' || name === 'math' ? -1 : at + 1;
  }
  if (isEnd || at - start !== 4 || !text.startsWith('span class="', start)) return -1;
  const close = text.indexOf('"', at + 8);
  return close !== -1 && text.charCodeAt(close + 1) === 0x3e ? close + 2 : -1;
}

function isSmallLetter(code: number): boolean {
  return code >= 0x61 && code <= 0x7a;
}

function isDigit(code: number, isAllowed: boolean): boolean {
  return isAllowed && code >= 0x30 && code <= 0x39;
}

function isForeign(stack: readonly string[]): boolean {
  const top = stack.at(-1);
  return top === 'svg' || top === 'math';
}

function skipDeclaration(
  text: string,
  open: number,
  mode: { cdata: boolean; handlers: TokenHandlers },
): number {
  if (text.startsWith('<!--', open)) return commentEnd(text, open);
  if (mode.cdata && text.startsWith('<![CDATA[', open)) {
    const close = text.indexOf(']]>', open);
    const end = close === -1 ? text.length : close;
    mode.handlers.onText?.(open + 9, end, true);
    return close === -1 ? text.length : close + 3;
  }
  return behind(text, '>', open);
}

/** Comments end with `-->` or `--!>`, and at once with `<!-->` and `<!--->`. */
function commentEnd(text: string, open: number): number {
  if (text.startsWith('>', open + 4)) return open + 5;
  if (text.startsWith('->', open + 4)) return open + 6;
  const plain = text.indexOf('-->', open + 4);
  // Not behind the plain end: a page of many comments would be read through for each.
  const bang = plain === -1 ? text.indexOf('--!>', open + 4) : text.slice(open + 4, plain).indexOf('--!>');
  if (bang === -1) return plain === -1 ? text.length : plain + 3;
  return (plain === -1 ? bang : open + 4 + bang) + 4;
}

function skipInstruction(
  text: string,
  open: number,
  mode: { xml: boolean; handlers: TokenHandlers },
): number {
  if (!mode.xml) return behind(text, '>', open);
  const close = text.indexOf('?>', open);
  const end = close === -1 ? text.length : close;
  mode.handlers.onInstruction?.(open + 2, end);
  return close === -1 ? text.length : close + 2;
}

interface TagMode {
  readonly xml: boolean;
  readonly foreign: string[];
}

function readEndTag(text: string, open: number, mode: TagMode & { handlers: TokenHandlers }): number {
  if (!isLetter(text.charCodeAt(open + 2))) return behind(text, '>', open);
  const nameEnd = tagNameEnd(text, open + 2);
  const written = text.slice(open + 2, nameEnd);
  const name = mode.xml ? written : written.toLowerCase();
  const tagEnd = readAttributes(text, nameEnd, mode.xml).end;
  if (!mode.xml) {
    const index = mode.foreign.lastIndexOf(name);
    if (index !== -1) mode.foreign.length = index;
  }
  mode.handlers.onEndTag?.(name, open, tagEnd);
  return tagEnd;
}

/** Null when the text ends inside the tag: such a tag is dropped by browsers. */
function readTag(text: string, open: number, mode: TagMode): TagToken | null {
  const nameEnd = tagNameEnd(text, open + 1);
  const written = text.slice(open + 1, nameEnd);
  const name = mode.xml ? written : written.toLowerCase();
  const { attributes, end, selfClosing, complete } = readAttributes(text, nameEnd, mode.xml);
  if (!complete) return null;
  if (mode.xml) return { name, attributes, start: open, end, selfClosing, content: null, foreign: true };
  if (isForeign(mode.foreign) && breakoutElements.has(name)) {
    while (isForeign(mode.foreign)) mode.foreign.pop();
  }
  const foreign = isForeign(mode.foreign);
  if (!selfClosing) {
    if (name === 'svg' || name === 'math') mode.foreign.push(name);
    else if (foreign && integrationPoints.has(name)) mode.foreign.push(name);
  }
  const content =
    !foreign && rawTextElements.has(name) ? { start: end, end: rawTextEnd(text, end, name) } : null;
  return {
    name,
    attributes,
    start: open,
    end,
    selfClosing,
    content,
    foreign: foreign || name === 'svg' || name === 'math',
  };
}

function readAttributes(
  text: string,
  from: number,
  xml: boolean,
): { attributes: AttributeSpan[]; end: number; selfClosing: boolean; complete: boolean } {
  const attributes: AttributeSpan[] = [];
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (isSpace(code) || code === 0x2f) {
      at += 1;
      continue;
    }
    if (code === 0x3e)
      return { attributes, end: at + 1, selfClosing: text.charCodeAt(at - 1) === 0x2f, complete: true };
    const nameEnd = attributeNameEnd(text, at);
    const written = text.slice(at, nameEnd);
    const name = xml ? written : written.toLowerCase();
    at = skipSpace(text, nameEnd);
    if (text.charCodeAt(at) !== 0x3d) {
      attributes.push({ name, valueStart: nameEnd, valueEnd: nameEnd });
      continue;
    }
    at = skipSpace(text, at + 1);
    const quote = text.charCodeAt(at);
    if (quote === 0x22 || quote === 0x27) {
      const close = text.indexOf(quote === 0x22 ? '"' : "'", at + 1);
      if (close === -1) return { attributes, end: text.length, selfClosing: false, complete: false };
      attributes.push({ name, valueStart: at + 1, valueEnd: close });
      at = close + 1;
      continue;
    }
    const valueStart = at;
    while (at < text.length && !isSpace(text.charCodeAt(at)) && text.charCodeAt(at) !== 0x3e) at += 1;
    attributes.push({ name, valueStart, valueEnd: at });
  }
  return { attributes, end: text.length, selfClosing: false, complete: false };
}

function rawTextEnd(text: string, from: number, name: string): number {
  if (name === 'plaintext') return text.length;
  if (name === 'script') return scriptEnd(text, from);
  return endTagIndex(text, from, name);
}

/** Index of `</name` followed by a space, `/` or `>`, whatever its case; the text's end when there is none. */
function endTagIndex(text: string, from: number, name: string): number {
  for (let at = text.indexOf('</', from); at !== -1; at = text.indexOf('</', at + 2)) {
    const behindName = at + 2 + name.length;
    const code = text.charCodeAt(behindName);
    if (!isSpace(code) && code !== 0x2f && code !== 0x3e) continue;
    if (text.slice(at + 2, behindName).toLowerCase() === name) return at;
  }
  return text.length;
}

/** `<!-- <script>` inside a script hides the next end tag (the "double escaped" states, 13.2.5.27). */
function scriptEnd(text: string, from: number): number {
  let end = endTagIndex(text, from, 'script');
  const escape = text.indexOf('<!--', from);
  if (escape === -1 || escape > end) return end;
  const escapeEnd = text.indexOf('-->', escape + 2);
  const nested = /<script[\t\n\f\r />]/gi;
  nested.lastIndex = escape + 4;
  const inner = nested.exec(text);
  if (inner !== null && inner.index < end && (escapeEnd === -1 || inner.index < escapeEnd)) {
    if (escapeEnd === -1 || escapeEnd > end) end = endTagIndex(text, end + 2, 'script');
  }
  return end;
}

function tagNameEnd(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (isSpace(code) || code === 0x2f || code === 0x3e) break;
  }
  return at;
}

function attributeNameEnd(text: string, from: number): number {
  // A leading `=` belongs to the name.
  let at = from + 1;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (isSpace(code) || code === 0x2f || code === 0x3e || code === 0x3d) break;
  }
  return at;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at += 1;
  return at;
}

function behind(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  return at === -1 ? text.length : at + mark.length;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x09 || code === 0x0d || code === 0x0c;
}

function isLetter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);
}
