import { type Reason, reason } from '../reasons/reason.ts';
import { isSameFile } from './unified-diff.ts';

/** A fenced block of an answer, with the file that it says it is. */
export interface Block {
  readonly text: string;
  readonly label: string | null;
}

/** What of an answer may be the file that was asked for. */
export type Picked =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'problem'; readonly reason: Reason };

const problem = (why: Reason): Picked => ({ kind: 'problem', reason: why });

/** Nothing but a path with an ending, with what models put around one. */
const onlyPath =
  /^(?:\/\/|#+|\/\*|<!--|--|;|\*\*|[-*])?\s*(?:file(?:name)?|path|datei)?:?\s*[`"']?((?:[\w@.-]+\/)*[\w@.-]+\.\w{1,8}|\.{0,2}(?:\/[\w@.-]+)+)[`"']?\s*:?\s*(?:\*\/|-->|\*\*)?:?$/i;

/** The fenced blocks of an answer; one that is never closed ends the list. */
export function fencedBlocks(answer: string): Block[] {
  const lines = answer.split('\n');
  const blocks: Block[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const [, indent = '', fence, info = ''] =
      /^(\s{0,8})(`{3,}|~{3,})([^`]*)$/.exec(lines[index] ?? '') ?? [];
    if (fence === undefined) continue;
    const end = lines.findIndex(
      (line, at) => at > index && line.trim().startsWith(fence) && /^[`~]+$/.test(line.trim()),
    );
    if (end < 0) break;
    const inner = lines.slice(index + 1, end);
    // A fence within a list is indented, and so is what it holds.
    const moved = inner.every((line) => line.trim() === '' || line.startsWith(indent));
    const text = `${(moved ? inner.map((line) => line.slice(indent.length)) : inner).join('\n')}\n`;
    const above = lines.slice(0, index).findLast((line) => line.trim() !== '') ?? '';
    blocks.push({ text, label: labelOf(info, above, inner[0] ?? '') });
    index = end;
  }
  return blocks;
}

function labelOf(info: string, above: string, first: string): string | null {
  const named = info.trim().split(/\s+/).slice(1).join(' ');
  const inInfo = pathIn(named.replace(/^\w+=/, ''));
  if (inInfo !== null) return inInfo;
  const inText = pathIn(above);
  if (inText !== null) return inText;
  return /^\s*(\/\/|#|\/\*|<!--|--|;)/.test(first) ? pathIn(first) : null;
}

function pathIn(line: string): string | null {
  return onlyPath.exec(line.trim())?.[1] ?? null;
}

/** The block that is the file: the longest of those that say so, else of those that say nothing. */
export function blockFor(blocks: readonly Block[], path: string, before: string): Picked {
  // A file may begin with the name of another.
  const labelled = blocks.map(({ text, label }) => ({
    text,
    label: label !== null && before.includes(label) ? null : label,
  }));
  const own = labelled.filter(({ label }) => label !== null && isSameFile(label, path));
  const fitting = own.length > 0 ? own : labelled.filter(({ label }) => label === null);
  const [longest] = fitting.toSorted((a, b) => b.text.length - a.text.length);
  if (longest !== undefined) return { kind: 'text', text: longest.text };
  return problem(reason('answer_for_other', { other: labelled[0]?.label ?? '?', path }));
}

/**
 * What a model wanted to write that calls a tool in its text, as those do that were trained for tools: null when the
 * answer is no call.
 */
export function contentOfCall(answer: string, path: string): Picked | null {
  const tagged = /<tool_call>([\s\S]*?)<\/tool_call>/.exec(answer)?.[1];
  const blocks = fencedBlocks(answer);
  // A file that is JSON may look like a call.
  if (tagged === undefined && path.endsWith('.json')) return null;
  const call = callIn(tagged ?? (blocks.length === 1 ? blocks[0]?.text : undefined) ?? answer);
  if (call === null) return null;
  const target = call.path ?? call.file ?? call.filename ?? call.file_path;
  const content = call.content ?? call.new_content ?? call.text ?? call.code;
  if (typeof target === 'string' && !isSameFile(target, path))
    return problem(reason('answer_for_other', { other: target.slice(0, 100), path }));
  if (typeof content !== 'string') return problem(reason('calls_tool'));
  return { kind: 'text', text: content };
}

function callIn(text: string): Record<string, unknown> | null {
  try {
    const parsed = JSON.parse(text.trim()) as Record<string, unknown> | null;
    const name = parsed?.name ?? parsed?.tool;
    const given = parsed?.arguments ?? parsed?.parameters;
    if (parsed === null || typeof name !== 'string' || given === undefined) return null;
    const inner: unknown = typeof given === 'string' ? JSON.parse(given) : given;
    return typeof inner === 'object' && inner !== null ? { ...inner } : {};
  } catch {
    return null;
  }
}

const longestPeriod = 80;
const leastLines = 24;
const leastTimes = 4;
const leastWords = 8;

/**
 * The first line of what a model says over and over: the same lines, at least four times in a row and longer than any
 * usual table. Null when it does not, or the file did so before.
 */
export function repeatedLine(text: string, before: string): string | null {
  const lines = text.split('\n').map((line) => line.trim());
  for (let period = 1; period <= Math.min(longestPeriod, lines.length / leastTimes); period += 1) {
    let run = 0;
    for (let at = period; at <= lines.length; at += 1) {
      if (at < lines.length && lines[at] === lines[at - period]) {
        run += 1;
        continue;
      }
      if (run + period >= Math.max(leastLines, leastTimes * period)) {
        const start = at - run - period;
        const said = lines.slice(start, start + period).find((line) => line.length >= leastWords);
        if (said !== undefined && repeats(before, said) < leastTimes) return said;
      }
      run = 0;
    }
  }
  return null;
}

function repeats(text: string, line: string): number {
  return text.split('\n').filter((other) => other.trim() === line).length;
}
