/** Where a match of an expression can begin; never too little, sometimes too much. */
export interface FirstCharacters {
  /** For the ASCII characters 0 to 127, any other character (128) and the end of the text (129): 1 where one may begin. */
  readonly first: Uint8Array;
  /** Every match begins at the edge of a word. */
  readonly atWordEdge: boolean;
}

export const OTHER_CHARACTER = 128;
export const END_OF_TEXT = 129;
const other = 1n << BigInt(OTHER_CHARACTER);
const end = 1n << BigInt(END_OF_TEXT);
const ascii = other - 1n;
const characters = ascii | other;
const everywhere = characters | end;

const digits = range(0x30, 0x39);
const upper = range(0x41, 0x5a);
const lower = range(0x61, 0x7a);
const word = digits | upper | lower | bit(0x5f);
const lineEnds = bit(0x0a) | bit(0x0d) | other;
const spaces = range(0x09, 0x0d) | bit(0x20) | other;

/** Reads an expression; of one with syntax that it does not know, it says that it may match anywhere. */
export function firstCharacters(source: string, flags: string): FirstCharacters {
  try {
    const reader = new Reader(source, flags);
    const { consuming, empty, atWordEdge } = reader.alternatives();
    if (!reader.isDone) throw new UnknownSyntax();
    return { first: tableOf(consuming | empty), atWordEdge };
  } catch (error) {
    if (!(error instanceof UnknownSyntax)) throw error;
    return { first: tableOf(everywhere), atWordEdge: false };
  }
}

function tableOf(set: bigint): Uint8Array {
  return Uint8Array.from(set.toString(2).padStart(END_OF_TEXT + 1, '0'), Number).reverse();
}

class UnknownSyntax extends Error {}

/** What may stand where a part of an expression begins to match: one that takes characters, and one that takes none. */
interface Part {
  readonly consuming: bigint;
  readonly empty: bigint;
  readonly atWordEdge: boolean;
}

const nothing: Part = { consuming: 0n, empty: everywhere, atWordEdge: false };
const anything: Part = { consuming: characters, empty: everywhere, atWordEdge: false };

/** One pass over the source of an expression. ECMA-262, 22.2.1 with annex B. */
class Reader {
  readonly #source: string;
  readonly #ignoresCase: boolean;
  readonly #isUnicode: boolean;
  #at = 0;

  constructor(source: string, flags: string) {
    this.#source = source;
    this.#ignoresCase = flags.includes('i');
    this.#isUnicode = flags.includes('u');
  }

  get isDone(): boolean {
    return this.#at === this.#source.length;
  }

  alternatives(): Part {
    let { consuming, empty, atWordEdge } = this.#sequence();
    while (this.#takes('|')) {
      const next = this.#sequence();
      consuming |= next.consuming;
      empty |= next.empty;
      atWordEdge &&= next.atWordEdge;
    }
    return { consuming, empty, atWordEdge };
  }

  #sequence(): Part {
    let consuming = 0n;
    let empty = everywhere;
    let atWordEdge = false;
    while (!this.isDone && !'|)'.includes(this.#source.charAt(this.#at))) {
      const part = this.#quantified();
      // An edge behind something that took characters says nothing about the beginning.
      if (consuming === 0n && part.atWordEdge) atWordEdge = true;
      consuming |= empty & part.consuming;
      empty &= part.empty;
    }
    return { consuming, empty, atWordEdge };
  }

  #quantified(): Part {
    const part = this.#atom();
    const quantifier = this.#match(/(?:[*+?]|\{(\d+)(?:,\d*)?\})\??/y);
    if (quantifier === null) return part;
    const [text, least] = quantifier;
    const isOptional = least === undefined ? !text.startsWith('+') : Number(least) === 0;
    return isOptional ? { consuming: part.consuming, empty: everywhere, atWordEdge: false } : part;
  }

  #atom(): Part {
    const sign = this.#next();
    switch (sign) {
      case '(':
        return this.#group();
      case '[':
        return this.#one(this.#characterClass());
      case '.':
        return this.#one(characters & ~(bit(0x0a) | bit(0x0d)));
      case '^':
        return nothing;
      case '$':
        return { ...nothing, empty: lineEnds | end };
      case '\\':
        return this.#escape();
      case '*':
      case '+':
      case '?':
        throw new UnknownSyntax();
      default:
        return this.#one(setOf(sign.charCodeAt(0)));
    }
  }

  #group(): Part {
    const opening = this.#match(/\?(?:[:=!]|<[=!]|<[^>]*>)/y)?.[0] ?? '';
    if (opening === '' && this.#source.startsWith('?', this.#at)) throw new UnknownSyntax();
    const inside = this.alternatives();
    if (!this.#takes(')')) throw new UnknownSyntax();
    if (opening === '?=')
      return { consuming: 0n, empty: inside.consuming | inside.empty, atWordEdge: inside.atWordEdge };
    return opening === '?!' || opening === '?<=' || opening === '?<!' ? nothing : inside;
  }

  #escape(): Part {
    const sign = this.#source.charAt(this.#at);
    if (sign === 'b' || sign === 'B') {
      this.#at += 1;
      // With both flags, two characters beyond ASCII are letters of a word too.
      return { ...nothing, atWordEdge: sign === 'b' && !(this.#ignoresCase && this.#isUnicode) };
    }
    if (/[1-9]/.test(sign) || this.#match(/k<[^>]*>/y) !== null) {
      this.#match(/\d*/y);
      return anything;
    }
    return this.#one(this.#escapedSet());
  }

  /** What an escape stands for, inside a class or outside. */
  #escapedSet(): bigint {
    const sign = this.#next();
    const named = escapedSets[sign];
    if (named !== undefined) return named;
    if (sign === 'p' || sign === 'P') {
      if (this.#isUnicode && this.#match(/\{[^}]*\}/y) !== null) return characters;
      return setOf(sign.charCodeAt(0));
    }
    if (sign === 'c') throw new UnknownSyntax();
    const hex =
      sign === 'x' ? /([0-9a-fA-F]{2})/y : sign === 'u' ? /([0-9a-fA-F]{4})|\{([0-9a-fA-F]+)\}/y : null;
    const code = hex === null ? null : this.#match(hex);
    return setOf(code === null ? sign.charCodeAt(0) : Number.parseInt(code[1] ?? code[2] ?? '0', 16));
  }

  #characterClass(): bigint {
    const isNegated = this.#takes('^');
    let set = 0n;
    while (!this.#takes(']')) {
      const first = this.#classSet();
      if (this.#source.startsWith('-', this.#at) && this.#source.charAt(this.#at + 1) !== ']') {
        this.#at += 1;
        set |= between(first, this.#classSet());
      } else set |= first;
    }
    return isNegated ? (ascii & ~set) | other : set;
  }

  #classSet(): bigint {
    const sign = this.#next();
    if (sign !== '\\') return setOf(sign.charCodeAt(0));
    return this.#takes('b') ? bit(0x08) : this.#escapedSet();
  }

  #one(set: bigint): Part {
    return { consuming: this.#ignoresCase ? this.#withCases(set) : set, empty: 0n, atWordEdge: false };
  }

  #withCases(set: bigint): bigint {
    const both = set | ((set & upper) << 32n) | ((set & lower) >> 32n);
    // The Kelvin sign and the long s.
    return this.#isUnicode && (both & (bit(0x6b) | bit(0x73))) !== 0n ? both | other : both;
  }

  #takes(sign: string): boolean {
    if (!this.#source.startsWith(sign, this.#at)) return false;
    this.#at += sign.length;
    return true;
  }

  #next(): string {
    if (this.isDone) throw new UnknownSyntax();
    this.#at += 1;
    return this.#source.charAt(this.#at - 1);
  }

  #match(sticky: RegExp): RegExpExecArray | null {
    sticky.lastIndex = this.#at;
    const match = sticky.exec(this.#source);
    if (match !== null) this.#at += match[0].length;
    return match;
  }
}

const escapedSets: Readonly<Record<string, bigint>> = {
  d: digits,
  D: characters & ~digits,
  w: word,
  W: characters & ~word,
  s: spaces,
  S: (ascii & ~spaces) | other,
  n: bit(0x0a),
  r: bit(0x0d),
  t: bit(0x09),
  v: bit(0x0b),
  f: bit(0x0c),
  '0': bit(0),
};

function bit(code: number): bigint {
  return 1n << BigInt(code);
}

function range(first: number, last: number): bigint {
  return (1n << BigInt(last + 1)) - (1n << BigInt(first));
}

function setOf(code: number): bigint {
  return code < OTHER_CHARACTER ? bit(code) : other;
}

/** A range of a class. A set such as `\\w` is no end of one; the hyphen is then a sign of its own. */
function between(first: bigint, last: bigint): bigint {
  const low = onlyCode(first);
  const high = onlyCode(last);
  return low === null || high === null ? first | last | bit(0x2d) : range(low, high);
}

/** The only member of a set; null when it has several. */
function onlyCode(set: bigint): number | null {
  const code = set.toString(2).length - 1;
  return set === bit(code) ? code : null;
}
