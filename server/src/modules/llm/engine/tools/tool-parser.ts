import { callsOf, type WrittenCall, wholeJsonLength } from './call-text.ts';
import type { ToolSyntax } from './syntax.ts';

export type ParsedPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'call'; readonly call: WrittenCall };

/** Separates calls from text while it arrives. What only looked like a call comes out as text, nothing is lost. */
export interface ToolParser {
  push(text: string): ParsedPart[];
  end(): ParsedPart[];
}

/** @param names of the tools on offer: what calls another one is text */
export function createToolParser(syntax: ToolSyntax, names: readonly string[]): ToolParser {
  const known = new Set(names);
  switch (syntax) {
    case 'hermes':
      return new TaggedParser(known);
    case 'mistral':
      return new MarkedParser('[TOOL_CALLS]', known);
    case 'llama3':
      return new WholeParser(known, '<|python_tag|>');
    case 'generic':
      return new WholeParser(known, '<tool_call>');
  }
}

const openTag = '<tool_call>';
const closeTag = '</tool_call>';

/** Calls between tags, anywhere in the text. */
class TaggedParser implements ToolParser {
  readonly #known: ReadonlySet<string>;
  #held = '';
  #anyCall = false;

  constructor(known: ReadonlySet<string>) {
    this.#known = known;
  }

  push(text: string): ParsedPart[] {
    this.#held += text;
    const parts: ParsedPart[] = [];
    for (;;) {
      const open = this.#held.indexOf(openTag);
      if (open === -1) {
        const kept = possibleBeginning(this.#held, openTag);
        this.#show(parts, this.#held.slice(0, this.#held.length - kept));
        this.#held = this.#held.slice(this.#held.length - kept);
        return parts;
      }
      const close = this.#held.indexOf(closeTag, open);
      if (close === -1) {
        this.#show(parts, this.#held.slice(0, open));
        this.#held = this.#held.slice(open);
        return parts;
      }
      this.#show(parts, this.#held.slice(0, open));
      this.#call(parts, this.#held.slice(open, close + closeTag.length));
      this.#held = this.#held.slice(close + closeTag.length);
    }
  }

  end(): ParsedPart[] {
    const parts: ParsedPart[] = [];
    const rest = this.#held;
    this.#held = '';
    // Some models forget the closing tag of their last call.
    if (rest.startsWith(openTag)) this.#call(parts, rest);
    else this.#show(parts, rest);
    return parts;
  }

  #call(parts: ParsedPart[], tagged: string): void {
    const inner = tagged.slice(openTag.length).replace(closeTag, '').trim();
    const calls = callsOf(inner, this.#known);
    if (calls === null) {
      parts.push({ kind: 'text', text: tagged });
      return;
    }
    this.#anyCall = true;
    for (const call of calls) parts.push({ kind: 'call', call });
  }

  /** Line breaks between calls are syntax, not text. */
  #show(parts: ParsedPart[], text: string): void {
    if (text === '' || (this.#anyCall && text.trim() === '')) return;
    parts.push({ kind: 'text', text });
  }
}

/** After its mark everything is calls: a JSON list, or `name[ARGS]{…}` one after another. */
class MarkedParser implements ToolParser {
  readonly #mark: string;
  readonly #known: ReadonlySet<string>;
  #held = '';

  constructor(mark: string, known: ReadonlySet<string>) {
    this.#mark = mark;
    this.#known = known;
  }

  push(text: string): ParsedPart[] {
    this.#held += text;
    const at = this.#held.indexOf(this.#mark);
    const kept = at === -1 ? possibleBeginning(this.#held, this.#mark) : this.#held.length - at;
    const shown = this.#held.slice(0, this.#held.length - kept);
    this.#held = this.#held.slice(this.#held.length - kept);
    return shown === '' ? [] : [{ kind: 'text', text: shown }];
  }

  end(): ParsedPart[] {
    const rest = this.#held;
    this.#held = '';
    if (rest === '') return [];
    const calls = callsOf(rest.replace(this.#mark, '').trim(), this.#known) ?? this.#named(rest);
    if (calls === null) return [{ kind: 'text', text: rest }];
    return calls.map((call) => ({ kind: 'call', call }));
  }

  #named(text: string): WrittenCall[] | null {
    const pieces = text.split(this.#mark).filter((piece) => piece.trim() !== '');
    const calls = pieces.map((piece) => {
      const brace = piece.indexOf('{');
      if (brace === -1) return null;
      const name = piece.slice(0, brace).replace('[ARGS]', '').trim();
      return (
        callsOf(`{"name":${JSON.stringify(name)},"arguments":${piece.slice(brace)}}`, this.#known)?.[0] ??
        null
      );
    });
    return calls.length === 0 || calls.some((call) => call === null)
      ? null
      : calls.filter((call) => call !== null);
  }
}

/** The answer is a call when it begins as JSON; otherwise it is text, shown as it comes. */
class WholeParser implements ToolParser {
  readonly #known: ReadonlySet<string>;
  readonly #mark: string;
  #held = '';
  #isText = false;

  constructor(known: ReadonlySet<string>, mark: string) {
    this.#known = known;
    this.#mark = mark;
  }

  push(text: string): ParsedPart[] {
    if (this.#isText) return [{ kind: 'text', text }];
    this.#held += text;
    if (this.#mayBeCall()) return [];
    this.#isText = true;
    return this.#flush();
  }

  end(): ParsedPart[] {
    const calls = this.#isText ? null : this.#calls();
    if (calls === null) return this.#flush();
    this.#held = '';
    return calls.map((call) => ({ kind: 'call', call }));
  }

  #flush(): ParsedPart[] {
    const text = this.#held;
    this.#held = '';
    return text === '' ? [] : [{ kind: 'text', text }];
  }

  #mayBeCall(): boolean {
    const start = this.#held.trimStart();
    if (start === '' || this.#mark.startsWith(start) || start.startsWith(this.#mark)) return true;
    return (
      start.startsWith('{') ||
      start.startsWith('[') ||
      '```json'.startsWith(start) ||
      start.startsWith('```json')
    );
  }

  /** One call or several, with `;` or line breaks between them. */
  #calls(): WrittenCall[] | null {
    let rest = this.#held.replaceAll(this.#mark, '').replaceAll('</tool_call>', '');
    rest = rest
      .replace(/^\s*```json/, '')
      .replace(/```\s*$/, '')
      .trim();
    const calls: WrittenCall[] = [];
    while (rest !== '') {
      const length = /^[{[]/.test(rest) ? wholeJsonLength(rest) : null;
      const some = length === null ? null : callsOf(rest.slice(0, length), this.#known);
      if (length === null || some === null) return null;
      calls.push(...some);
      rest = rest.slice(length).replace(/^[\s;,]+/, '');
    }
    return calls.length === 0 ? null : calls;
  }
}

function possibleBeginning(text: string, mark: string): number {
  for (let length = Math.min(mark.length - 1, text.length); length > 0; length -= 1) {
    if (mark.startsWith(text.slice(text.length - length))) return length;
  }
  return 0;
}
