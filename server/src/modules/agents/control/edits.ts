/** What came of reading a model's answer as an edit of one file. */
export type Edit =
  | { readonly kind: 'content'; readonly content: string }
  | { readonly kind: 'problem'; readonly reason: string };

const problem = (reason: string): Edit => ({ kind: 'problem', reason });

/**
 * Comments that stand for code left out. Models write them where the rest of a file should be; taken as they are they
 * would delete it.
 */
const elision =
  /^\s*(?:\/\/|#|\/\*|<!--|--|;|\*)\s*(?:\.{3}|…|\[?\s*(?:\.{3}\s*)?(?:the\s+)?(?:rest|remaining|existing|other|previous|unchanged|same)\b[^\n]{0,60}\b(?:code|file|content|functions?|methods?|implementation|unchanged|here|same|as before|remains?)\b)/im;

/** Reads a whole file out of an answer: the only or the longest fenced block. */
export function readWholeFile(answer: string, before: string): Edit {
  const blocks = fencedBlocks(answer);
  if (blocks.length === 0) {
    if (/(^|\n)(`{3,}|~{3,})/.test(answer))
      return problem('the fenced block is not closed, so the file is not whole');
    return problem('there is no fenced block with the file');
  }
  const content = blocks.toSorted((a, b) => b.length - a.length)[0] ?? '';
  return checkContent(withEndsOf(before, content), before);
}

function checkContent(content: string, before: string): Edit {
  const left = elision.exec(content);
  if (left !== null && !before.includes(left[0].trim())) {
    return problem(`"${left[0].trim().slice(0, 80)}" stands where code was left out; the file must be whole`);
  }
  if (content.trim() === '' && before.trim() !== '') return problem('the file would be empty');
  if (content === before) return problem('nothing was changed');
  return { kind: 'content', content };
}

function fencedBlocks(answer: string): string[] {
  const lines = answer.split('\n');
  const blocks: string[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const fence = /^\s{0,3}(`{3,}|~{3,})[^`]*$/.exec(lines[index] ?? '')?.[1];
    if (fence === undefined) continue;
    const end = lines.findIndex(
      (line, at) => at > index && line.trim().startsWith(fence) && /^[`~]+$/.test(line.trim()),
    );
    if (end < 0) break;
    blocks.push(`${lines.slice(index + 1, end).join('\n')}\n`);
    index = end;
  }
  return blocks;
}

/** The line ends and the last line break of the file stay what they were. */
function withEndsOf(before: string, content: string): string {
  const plain = content.replaceAll('\r\n', '\n');
  const windows = before.includes('\r\n') && !/[^\r]\n/.test(before);
  const ended = before !== '' && !before.endsWith('\n') ? plain.replace(/\n$/, '') : plain;
  return windows ? ended.replaceAll('\n', '\r\n') : ended;
}

/**
 * Reads blocks `<<<<<<< SEARCH … ======= … >>>>>>> REPLACE`. A text must occur once; where it does not occur exactly,
 * differences in spaces at the ends of lines and in a common indent are looked over, as small models lose those.
 */
export function readSearchReplace(answer: string, before: string): Edit {
  const blocks = [
    ...answer.matchAll(/^<{5,9} ?SEARCH[^\n]*\n([\s\S]*?)^={5,9}[^\n]*\n([\s\S]*?)^>{5,9} ?REPLACE/gm),
  ];
  if (blocks.length === 0) return problem('there is no block SEARCH … REPLACE');
  let content = before.replaceAll('\r\n', '\n');
  for (const [, search = '', replacement = ''] of blocks) {
    const replaced = replaceOnce(content, search, replacement);
    if (replaced.kind === 'problem') return replaced;
    content = replaced.content;
  }
  return checkContent(withEndsOf(before, content), before);
}

/** Replaces a text, parts of lines included, that occurs once; as readSearchReplace where it does not occur exactly. */
export function replaceText(before: string, search: string, replacement: string): Edit {
  const plain = (text: string) => text.replaceAll('\r\n', '\n');
  const edit = replaceOnce(plain(before), plain(search), plain(replacement));
  return edit.kind === 'problem' ? edit : checkContent(withEndsOf(before, edit.content), before);
}

function replaceOnce(content: string, search: string, replacement: string): Edit {
  if (search.trim() === '') {
    return content.trim() === ''
      ? { kind: 'content', content: replacement }
      : problem('an empty SEARCH fits a new file only');
  }
  const places = content.split(search).length - 1;
  if (places === 1) return { kind: 'content', content: content.replace(search, () => replacement) };
  if (places > 1)
    return problem(`the lines to replace occur ${places} times; show more of what stands around them`);
  return replaceLoosely(content, search, replacement);
}

function replaceLoosely(content: string, search: string, replacement: string): Edit {
  const lines = content.split('\n');
  const wanted = search.replace(/\n$/, '').split('\n');
  const found: number[] = [];
  for (let start = 0; start + wanted.length <= lines.length; start += 1) {
    if (wanted.every((line, index) => line.trim() === (lines[start + index] ?? '').trim())) found.push(start);
  }
  const [start] = found;
  if (start === undefined)
    return problem(`these lines are not in the file: ${wanted[0]?.slice(0, 100) ?? ''}`);
  if (found.length > 1) return problem(`the lines to replace occur ${found.length} times`);
  const shift = indentOf(lines[start] ?? '').length - indentOf(wanted[0] ?? '').length;
  const moved = replacement
    .replace(/\n$/, '')
    .split('\n')
    .map((line) =>
      line.trim() === ''
        ? line
        : shift > 0
          ? `${indentOf(lines[start] ?? '').slice(0, shift)}${line}`
          : line.slice(Math.min(-shift, indentOf(line).length)),
    );
  const kept = replacement === '' ? [] : moved;
  return {
    kind: 'content',
    content: [...lines.slice(0, start), ...kept, ...lines.slice(start + wanted.length)].join('\n'),
  };
}

function indentOf(line: string): string {
  return /^[ \t]*/.exec(line)?.[0] ?? '';
}
