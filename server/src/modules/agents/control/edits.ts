import { type Reason, type ReasonCode, type ReasonData, reason } from '../reasons/reason.ts';
import { blockFor, contentOfCall, fencedBlocks, repeatedLine } from './answer-blocks.ts';
import { findLines, indentLike } from './find-lines.ts';
import { plainOf, withEndsOf } from './line-ends.ts';
import { type DiffHunk, looksLikeDiff, readHunks } from './unified-diff.ts';

/** What came of reading a model's answer as an edit of one file. */
export type Edit =
  | { readonly kind: 'content'; readonly content: string }
  | { readonly kind: 'problem'; readonly reason: Reason };

/** How a model writes a change: the whole file, blocks of search and replace, or a unified diff. */
export type EditFormat = 'whole' | 'searchReplace' | 'diff';

const problem = (code: ReasonCode, data: ReasonData = {}): Edit => ({
  kind: 'problem',
  reason: reason(code, data),
});

/**
 * Comments that stand for code left out. Models write them where the rest of a file should be; taken as they are they
 * would delete it.
 */
const elision =
  /^\s*(?:\/\/|#|\/\*|\{\/\*|<!--|--|;|\*)\s*(?:\.{3}|…|[[(<]?\s*(?:\.{3}\s*)?(?:keep\s+|leave\s+)?(?:all\s+)?(?:the\s+|your\s+|other\s+)?(?:rest|remaining|existing|other|previous|unchanged|same)\b[^\n]{0,60}\b(?:code|file|content|contents|functions?|methods?|class|implementation|imports?|unchanged|here|same|as before|above|remains?|is)\b|unchanged\s*[\])>]?\s*(?:\*\/|-->)?\s*$)/im;

/** Below this share of its lines a long file has lost most of itself: models answer with the one function they changed. */
const leastShare = 0.25;
const longFileLines = 40;

/**
 * Reads an answer in whichever format it is written: models that were asked for one often write another. The format
 * that was asked for decides where it could be both.
 */
export function readEdit(
  answer: string,
  asked: { readonly before: string; readonly path: string; readonly format: EditFormat },
): Edit {
  const { before, path, format } = asked;
  const text = answer.replaceAll('\r\n', '\n').replace(/^\uFEFF/, '');
  const called = contentOfCall(text, path);
  if (called?.kind === 'problem') return called;
  if (called !== null) return checkWhole(called.text, before, path);
  const blocks = fencedBlocks(text).map((block) => block.text);
  // A file about such blocks has them itself.
  const quotes = /^<{5,9} ?SEARCH/m.test(before);
  if (format === 'searchReplace' || (!quotes && /^<{5,9} ?SEARCH/m.test(text))) {
    const edit = readSearchReplace(text, before);
    if (edit.kind === 'content' || /^<{5,9} ?SEARCH/m.test(text)) return edit;
  }
  const diff = /\.(diff|patch)$/.test(path)
    ? undefined
    : (blocks.find(looksLikeDiff) ?? (looksLikeDiff(text) ? text : undefined));
  if (diff !== undefined || format === 'diff')
    return readUnifiedDiff(diff ?? blocks[0] ?? text, before, path);
  if (format === 'searchReplace') return problem('search_missing');
  return readWholeFile(text, before, path);
}

/** Reads a whole file out of an answer: the fenced block that is for it, or the longest that does not say. */
export function readWholeFile(answer: string, before: string, path: string): Edit {
  const text = answer.replaceAll('\r\n', '\n');
  const blocks = fencedBlocks(text);
  if (blocks.length === 0) {
    if (/(^|\n)\s*(`{3,}|~{3,})/.test(text)) return problem('fence_open');
    return problem('fence_missing');
  }
  const picked = blockFor(blocks, path, before);
  return picked.kind === 'problem' ? picked : checkWhole(picked.text, before, path);
}

/** Files that are empty on purpose. */
const mayBeEmpty = /(^|\/)(__init__\.py|py\.typed|\.(git)?keep)$/;

function checkWhole(content: string, before: string, path: string): Edit {
  const lines = (of: string) => of.split('\n').filter((line) => line.trim() !== '').length;
  if (content.trim() === '' && !mayBeEmpty.test(path)) return problem('file_empty');
  if (lines(before) >= longFileLines && lines(content) < lines(before) * leastShare && content.trim() !== '')
    return problem('file_short', { lines: lines(content), present: lines(before) });
  return checkContent(withEndsOf(before, content), before);
}

/** The first line that stands for code left out, shortened; null when there is none that was not there before. */
export function leftOutLine(content: string, before: string): string | null {
  const left = content.split('\n').find((line) => elision.test(line) && !before.includes(line.trim()));
  return left === undefined ? null : left.trim().slice(0, 80);
}

function checkContent(content: string, before: string): Edit {
  const left = leftOutLine(content, before);
  if (left !== null) return problem('left_out', { line: left });
  if (content.trim() === '' && before.trim() !== '') return problem('file_empty');
  const said = repeatedLine(content, before);
  if (said !== null) return problem('repeated', { line: said.slice(0, 80) });
  if (content === before) return problem('nothing_changed');
  return { kind: 'content', content };
}

/**
 * Reads blocks `<<<<<<< SEARCH … ======= … >>>>>>> REPLACE`. A text must occur once; where it does not occur exactly,
 * differences in spaces at the ends of lines and in a common indent are looked over, as small models lose those.
 */
export function readSearchReplace(answer: string, before: string): Edit {
  const blocks = [
    ...plainOf(answer).matchAll(
      /^<{5,9} ?SEARCH[^\n]*\n([\s\S]*?)^={5,9}[^\n]*\n([\s\S]*?)^>{5,9} ?REPLACE/gm,
    ),
  ];
  if (blocks.length === 0) return problem('search_missing');
  let content = plainOf(before);
  for (const [, search = '', replacement = ''] of blocks) {
    const replaced = replaceOnce(content, search, replacement);
    if (replaced.kind === 'problem') return replaced;
    content = replaced.content;
  }
  return checkContent(withEndsOf(before, content), before);
}

/** Replaces a text, parts of lines included, that occurs once; as readSearchReplace where it does not occur exactly. */
export function replaceText(before: string, search: string, replacement: string): Edit {
  const edit = replaceOnce(plainOf(before), plainOf(search), plainOf(replacement));
  return edit.kind === 'problem' ? edit : checkContent(withEndsOf(before, edit.content), before);
}

function replaceOnce(content: string, search: string, replacement: string): Edit {
  if (search.trim() === '') {
    return content.trim() === '' ? { kind: 'content', content: replacement } : problem('search_empty');
  }
  const places = content.split(search).length - 1;
  if (places === 1) return { kind: 'content', content: content.replace(search, () => replacement) };
  if (places > 1) return problem('lines_many', { count: places });
  return replaceLines(content, {
    line: null,
    before: search.replace(/\n$/, '').split('\n'),
    after: replacement === '' ? [] : replacement.replace(/\n$/, '').split('\n'),
  });
}

/** Reads a unified diff for one file. Line numbers may be wrong: what the lines say decides where a hunk belongs. */
export function readUnifiedDiff(diff: string, before: string, path: string): Edit {
  const hunks = readHunks(plainOf(diff), path);
  if (hunks.length === 0) return problem('hunk_missing', { path });
  let content = plainOf(before);
  for (const hunk of hunks) {
    const replaced = replaceLines(content, hunk);
    if (replaced.kind === 'problem') return replaced;
    content = replaced.content;
  }
  return checkContent(withEndsOf(before, content), before);
}

function replaceLines(content: string, { line, before, after }: DiffHunk): Edit {
  const lines = content.split('\n');
  if (before.length === 0) return insertLines(lines, after, line);
  const { places, loose } = findLines(lines, before);
  if (places.length === 0) return problem('lines_absent', { line: before[0]?.slice(0, 100) ?? '' });
  const named = places.find((place) => line !== null && place === line - 1);
  const start = places.length === 1 ? places[0] : named;
  if (start === undefined) return problem('lines_many', { count: places.length });
  const kept = loose ? indentLike(after, { present: lines[start] ?? '', wanted: before[0] ?? '' }) : after;
  const result = [...lines.slice(0, start), ...kept, ...lines.slice(start + before.length)];
  return { kind: 'content', content: result.join('\n') };
}

/** Lines without anything around them: into an empty file, else where their number says. */
function insertLines(lines: readonly string[], added: readonly string[], line: number | null): Edit {
  if (lines.every((text) => text.trim() === '')) return { kind: 'content', content: `${added.join('\n')}\n` };
  if (line === null || line > lines.length) return problem('hunk_placeless');
  return {
    kind: 'content',
    content: [...lines.slice(0, line - 1), ...added, ...lines.slice(line - 1)].join('\n'),
  };
}
