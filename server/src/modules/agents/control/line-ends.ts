import { linesOf, matchesOf } from '../changes/diff-lines.ts';

/** A text as models write it: lines end with LF, and there is no byte order mark. */
export const plainOf = (text: string) => text.replaceAll('\r\n', '\n').replace(/^\uFEFF/, '');

/**
 * A new content with the byte order mark, the line ends and the last line break of the file as it was. Where a file has both
 * kinds of ends, each line keeps its own, also when it is replaced, and an added one gets that of the line before it.
 */
export function withEndsOf(before: string, content: string): string {
  const plain = plainOf(content);
  const ended =
    before !== '' && !before.endsWith('\n')
      ? plain.replace(/\n$/, '')
      : plain.endsWith('\n') || plain === ''
        ? plain
        : `${plain}\n`;
  const mark = before.startsWith('\uFEFF') ? '\uFEFF' : '';
  return mark + withLineEnds(before.replace(/^\uFEFF/, ''), ended);
}

function withLineEnds(before: string, plain: string): string {
  const windows = count(before, '\r\n');
  if (windows === 0) return plain;
  if (windows === count(before, '\n')) return plain.replaceAll('\n', '\r\n');
  const old = linesOf(before);
  const lines = linesOf(plain);
  const matches = matchesOf(linesOf(plainOf(before)), lines);
  const result: string[] = [];
  let from = { a: 0, b: 0 };
  for (const { a, b, length } of [...matches, { a: old.length, b: lines.length, length: 0 }]) {
    const replaced = old.slice(from.a, a);
    for (const [index, line] of lines.slice(from.b, b).entries()) {
      const model = replaced[index] ?? result.at(-1) ?? old[0] ?? '';
      result.push(line.replace(/\n$/, endOf(model)));
    }
    result.push(...old.slice(a, a + length));
    from = { a: a + length, b: b + length };
  }
  return result.join('');
}

const endOf = (line: string) => (line.endsWith('\r\n') ? '\r\n' : '\n');
const count = (text: string, part: string) => text.split(part).length - 1;
