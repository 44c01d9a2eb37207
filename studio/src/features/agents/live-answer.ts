import type { Writing } from './agent-queries.ts';

/** What is known of an answer that is being written. */
export interface Live {
  /** The step that it follows. */
  readonly after: number;
  readonly form: Writing['form'];
  readonly tool: Writing['tool'];
  /** Where the text begins in the answer: later than 0 when its beginning was not told, or is too long ago. */
  readonly start: number;
  readonly text: string;
}

/** Nobody reads more than this while it is written; the step holds all of it afterwards. */
const mostCharacters = 32_000;

/** Puts a piece where it belongs. Pieces come twice when somebody else begins to look, and can be missing. */
export function withPiece(live: Live | undefined, piece: Writing): Live {
  const { after, form, tool, from, text } = piece;
  const fresh = { after, form, tool, start: from, text };
  if (live === undefined || after > live.after) return fresh;
  if (after < live.after) return live;
  const end = live.start + live.text.length;
  const pieceEnd = from + text.length;
  if (from > end || pieceEnd < live.start) return fresh;
  const whole = [
    text.slice(0, Math.max(0, live.start - from)),
    live.text,
    text.slice(Math.max(0, end - from)),
  ].join('');
  const left = Math.max(0, whole.length - mostCharacters);
  return { after, form, tool, start: Math.min(live.start, from) + left, text: whole.slice(left) };
}

/** Some models write the call of a tool into their words. */
export function looksLikeCall(text: string): boolean {
  return /^\s*(?:<tool_call>|\{|```json)/.test(text);
}

/** The last lines of a code that is being written, without the fence around it, and the language that it names. */
export function lastLines(text: string, count: number): { readonly language: string; readonly code: string } {
  const fence = /^```([\w+-]*)[^\n]*\n?/m.exec(text);
  const inner = (fence === null ? text : text.slice(fence.index + fence[0].length)).replace(/\n```\s*$/, '');
  return { language: fence?.[1] ?? '', code: inner.split('\n').slice(-count).join('\n') };
}
