import { schemaUnsupported } from './rules.ts';

/**
 * Turns the `pattern` of a string into GBNF for the inside of a JSON string. Understood: anchors at the ends,
 * literals, classes, `\d \w \s`, groups, alternatives and quantifiers; anything else is refused. Where a class would
 * match quotes, backslashes or control characters, these are left out: the answer still matches the pattern.
 * @throws llm.schema_unsupported
 */
export function patternRule(
  pattern: string,
  options: { readonly path: string; readonly anything: string },
): string {
  const parser = new PatternParser(pattern, options.path);
  const from = pattern.startsWith('^') ? 1 : 0;
  const anchoredEnd = pattern.endsWith('$') && !/(?<!\\)(\\\\)*\\\$$/.test(pattern);
  const body = parser.parse(from, anchoredEnd ? pattern.length - 1 : pattern.length);
  const before = from === 1 ? '' : `${options.anything}* `;
  const after = anchoredEnd ? '' : ` ${options.anything}*`;
  return `${before}${body}${after}`;
}

const repeatsAtMost = 1_000;
const printable = '[^"\\\\\\x7F\\x00-\\x1F]';
const shorthand: Readonly<Record<string, string>> = { d: '0-9', w: '0-9A-Za-z_', s: ' ' };
const escapable = new Set('.^$*+?()[]{}|/-\\"\'@:#&=!%,;<>~` ');

class PatternParser {
  readonly #text: string;
  readonly #path: string;
  #at = 0;
  #end = 0;

  constructor(text: string, path: string) {
    this.#text = text;
    this.#path = path;
  }

  parse(from: number, end: number): string {
    this.#at = from;
    this.#end = end;
    const hadAlternatives = this.#text.slice(from, end).includes('|');
    const body = this.#alternatives();
    if (this.#at < this.#end) throw this.#refuse(`${this.#peek()} stands where it can’t`);
    // `^a|b$` anchors each end of another alternative; few mean that.
    if (hadAlternatives && this.#depthZeroAlternatives > 1 && (from > 0 || end < this.#text.length)) {
      throw this.#refuse('alternatives need a group between ^ and $');
    }
    return `(${body})`;
  }

  #depthZeroAlternatives = 0;
  #depth = 0;

  #alternatives(): string {
    const alternatives = [this.#sequence()];
    while (this.#peek() === '|') {
      this.#at += 1;
      alternatives.push(this.#sequence());
    }
    if (this.#depth === 0) this.#depthZeroAlternatives = alternatives.length;
    return alternatives.join(' | ');
  }

  #sequence(): string {
    const parts: string[] = [];
    for (let next = this.#peek(); next !== '' && next !== '|' && next !== ')'; next = this.#peek()) {
      const atom = this.#atom();
      parts.push(atom + this.#quantifier());
    }
    return parts.length === 0 ? '""' : parts.join(' ');
  }

  #atom(): string {
    const next = this.#take();
    switch (next) {
      case '(':
        return this.#group();
      case '[':
        return this.#class();
      case '.':
        return printable;
      case '\\':
        return this.#escape();
      case '^':
      case '$':
      case '*':
      case '+':
      case '?':
      case '{':
        throw this.#refuse(`${next} stands where it can’t`);
      default:
        return literalCharacter(next);
    }
  }

  #group(): string {
    if (this.#peek() === '?') {
      if (this.#text.slice(this.#at, this.#at + 2) !== '?:')
        throw this.#refuse('look-around and named groups');
      this.#at += 2;
    }
    this.#depth += 1;
    const body = this.#alternatives();
    this.#depth -= 1;
    if (this.#take() !== ')') throw this.#refuse('a group is not closed');
    return `(${body})`;
  }

  #escape(): string {
    const next = this.#take();
    const set = shorthand[next];
    if (set !== undefined) return `[${set}]`;
    if (!escapable.has(next)) throw this.#refuse(`\\${next}`);
    return literalCharacter(next);
  }

  #class(): string {
    const negated = this.#peek() === '^';
    if (negated) this.#at += 1;
    let members = '';
    while (this.#peek() !== ']') {
      if (this.#peek() === '') throw this.#refuse('a class is not closed');
      members += this.#classMember();
    }
    this.#at += 1;
    if (negated) return `[^"\\\\\\x7F\\x00-\\x1F${members}]`;
    if (members === '') throw this.#refuse('an empty class');
    return `[${members}]`;
  }

  #classMember(): string {
    const next = this.#take();
    if (next === '\\') {
      const escaped = this.#take();
      const set = shorthand[escaped];
      if (set !== undefined) return set;
      if (!escapable.has(escaped)) throw this.#refuse(`\\${escaped} in a class`);
      return this.#plainMember(escaped);
    }
    const from = this.#plainMember(next);
    if (this.#peek() !== '-' || this.#text[this.#at + 1] === ']') return from;
    this.#at += 1;
    const last = this.#take();
    if (last === '\\' || last < next) throw this.#refuse('a range in a class');
    if (next < ']' && last > '"' && rangeHolds(next, last))
      throw this.#refuse('a range over quotes or backslashes');
    return `${from}-${this.#plainMember(last)}`;
  }

  #plainMember(character: string): string {
    if (character === '"' || character === '\\' || character < ' ')
      throw this.#refuse('quotes or backslashes in a class');
    return classCharacter(character);
  }

  #quantifier(): string {
    const next = this.#peek();
    if (next === '*' || next === '+' || next === '?') {
      this.#at += 1;
      this.#refuseLazy();
      return next;
    }
    if (next !== '{') return '';
    const match = /^\{(\d{1,4})(?:(,)(\d{1,4})?)?\}/.exec(this.#text.slice(this.#at, this.#end));
    if (match === null) throw this.#refuse('a quantifier');
    this.#at += match[0].length;
    this.#refuseLazy();
    if (Math.max(Number(match[1]), Number(match[3] ?? 0)) > repeatsAtMost)
      throw this.#refuse('a quantifier over 1000');
    return match[0];
  }

  #refuseLazy(): void {
    const next = this.#peek();
    if (next === '?' || next === '+') throw this.#refuse('lazy and possessive quantifiers');
  }

  #peek(): string {
    return this.#at < this.#end ? (this.#text[this.#at] ?? '') : '';
  }

  #take(): string {
    if (this.#at >= this.#end) throw this.#refuse('it ends too early');
    const character = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0);
    this.#at += character.length;
    return character;
  }

  #refuse(what: string): Error {
    return schemaUnsupported(`this pattern can’t be enforced: ${what}`, this.#path);
  }
}

function rangeHolds(from: string, to: string): boolean {
  return (from <= '"' && to >= '"') || (from <= '\\' && to >= '\\');
}

/** A character of the text, as it stands in a JSON string. */
function literalCharacter(character: string): string {
  if (character === '"') return '"\\\\\\""';
  if (character === '\\') return '"\\\\\\\\"';
  return `"${character}"`;
}

function classCharacter(character: string): string {
  return character === ']' || character === '^' || character === '-' ? `\\x${hexOf(character)}` : character;
}

function hexOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(2, '0');
}
