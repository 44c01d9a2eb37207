/** A place in a text; both count from 1, the column in characters (code points). */
export type Position = Readonly<{ line: number; column: number }>;

/**
 * Turns offsets (UTF-16 code units) of one text into lines and columns.
 * Line ends are LF, CRLF and a lone CR, as editors count them.
 */
export function createPositions(text: string): (offset: number) => Position {
  const starts = [0];
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 10 || (code === 13 && text.charCodeAt(index + 1) !== 10)) starts.push(index + 1);
  }
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    const start = starts[low] ?? 0;
    return { line: low + 1, column: countCharacters(text.slice(start, offset)) + 1 };
  };
}

function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
