/** A stretch of text and how a terminal would draw it. */
export interface Styled {
  readonly text: string;
  /** Name of an --ansi-* token without the prefix. */
  readonly color?: string;
  readonly bold?: boolean;
}

const names = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const;
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one (ECMA-48)
const sequence = /\u001b\[([0-9;]*)([A-Za-z])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[@-Z\\-_]/g;

function applied(style: Omit<Styled, 'text'>, codes: readonly number[]): Omit<Styled, 'text'> {
  let next = style;
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index] ?? 0;
    const { color: _color, ...plain } = next;
    if (code === 0) next = {};
    else if (code === 1) next = { ...next, bold: true };
    else if (code === 22) next = { ...next, bold: false };
    else if (code === 39) next = plain;
    else if (code >= 30 && code <= 37) next = { ...next, color: names[code - 30] ?? 'white' };
    else if (code >= 90 && code <= 97) next = { ...next, color: `bright-${names[code - 90] ?? 'white'}` };
    // 256 colours and true colours are taken as no colour, so that contrast holds: 38;5;n and 38;2;r;g;b.
    else if (code === 38 || code === 48) index += codes[index + 1] === 2 ? 4 : 2;
  }
  return next;
}

/** Splits text at colour sequences (ECMA-48 SGR); other sequences are left out. */
export function parseAnsi(text: string): Styled[] {
  const styled: Styled[] = [];
  let style: Omit<Styled, 'text'> = {};
  let from = 0;
  const push = (to: number) => {
    if (to > from) styled.push({ ...style, text: text.slice(from, to) });
  };
  for (const match of text.matchAll(sequence)) {
    push(match.index);
    from = match.index + match[0].length;
    if (match[2] === 'm') style = applied(style, (match[1] ?? '').split(';').map(Number));
  }
  push(text.length);
  return styled;
}
