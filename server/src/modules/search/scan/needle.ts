import type { GrepRequest } from './grep.ts';

/** Tells, without decoding a file, that it has no match; null when only decoding can tell. */
export type Sieve = (bytes: Buffer) => boolean;

/**
 * What a file must have for a match, looked for in its bytes: most files of a project are passed over that way, at a tenth
 * of what decoding and matching them costs.
 */
export function sieveOf({ query, mode, caseSensitive }: GrepRequest): Sieve | null {
  const literal = mode === 'exact' ? query : requiredLiteral(query);
  if (literal === '') return null;
  if (caseSensitive || !/\p{L}/u.test(literal)) {
    const needle = Buffer.from(literal, 'utf8');
    return (bytes) => bytes.includes(needle);
  }
  // Letters beyond ASCII have cases of more than one byte.
  const ascii = literal.split(/[^\x20-\x7e]+/).reduce((a, b) => (b.length > a.length ? b : a), '');
  if (ascii === '') return null;
  // Two letters have a third case in Unicode: the Kelvin sign and the long s, here as their bytes.
  const source = ascii
    .replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
    .replace(/k/gi, '(?:k|\\xe2\\x84\\xaa)')
    .replace(/s/gi, '(?:s|\\xc5\\xbf)');
  const pattern = new RegExp(source, 'i');
  return (bytes) => pattern.test(bytes.toString('latin1'));
}

const repeats = /^(?:[*?]|\{)/;

/**
 * The longest text that every match of a regular expression (flag u) has; empty when none is certain. Groups and classes
 * count as unknown, so that nothing is promised that does not hold.
 */
export function requiredLiteral(source: string): string {
  let best = '';
  let run = '';
  const end = () => {
    if (run.length > best.length) best = run;
    run = '';
  };
  let at = 0;
  while (at < source.length) {
    const part = partAt(source, at);
    if (part === null) return '';
    at += part.length;
    const rest = source.slice(at, at + 1);
    if (part.literal === null || repeats.test(rest)) end();
    else {
      run += part.literal;
      // Once or more: what comes after it need not follow its first time.
      if (rest === '+') end();
    }
  }
  end();
  return best;
}

const classEscape =
  /^\\(?:[pP]\{[^}]*\}|u\{[^}]*\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[A-Za-z]|k<[^>]*>|[A-Za-z0-9])/;

/** One element of a pattern: a character that stands for itself, or something else. Null ends all certainty. */
function partAt(source: string, at: number): { length: number; literal: string | null } | null {
  const character = String.fromCodePoint(source.codePointAt(at) ?? 0);
  switch (character) {
    case '|':
      return null;
    case '\\': {
      const escape = classEscape.exec(source.slice(at))?.[0];
      return escape === undefined
        ? { length: 2, literal: source.slice(at + 1, at + 2) }
        : { length: escape.length, literal: null };
    }
    case '[':
      return { length: classLength(source, at), literal: null };
    case '(': {
      const length = groupLength(source, at);
      // A group of flags changes what the letters after it stand for.
      return length === null || /^\(\?[a-z-]+[:)]/.test(source.slice(at)) ? null : { length, literal: null };
    }
    case '{': {
      const end = source.indexOf('}', at);
      return { length: end < 0 ? 1 : end - at + 1, literal: null };
    }
    case '.':
    case '^':
    case '$':
    case '*':
    case '+':
    case '?':
      return { length: 1, literal: null };
    default:
      return { length: character.length, literal: character };
  }
}

function classLength(source: string, at: number): number {
  let end = at + 1;
  while (end < source.length && source[end] !== ']') end += source[end] === '\\' ? 2 : 1;
  return end - at + 1;
}

function groupLength(source: string, at: number): number | null {
  let depth = 0;
  for (let end = at; end < source.length; end += 1) {
    const character = source[end];
    if (character === '\\') end += 1;
    else if (character === '[') end += classLength(source, end) - 1;
    else if (character === '(') depth += 1;
    else if (character === ')') {
      depth -= 1;
      if (depth === 0) return end - at + 1;
    }
  }
  return null;
}
