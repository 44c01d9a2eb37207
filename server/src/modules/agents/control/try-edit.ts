import { isFault } from '#base/fault.ts';
import { checkFileSyntax } from '../checks/check.ts';
import { type Reason, reason } from '../reasons/reason.ts';
import type { Edit } from './edits.ts';
import { definitionProblem } from './symbols.ts';
import type { Work } from './work.ts';

export interface FileEdit {
  readonly file: string;
  /** What was wrong before; empty for a first try. */
  readonly problem: string;
  /** Counted from zero. */
  readonly candidate: number;
}

/** Writes an edit where it may stand; null, or why it may not. The file is as before then. */
export async function tryEdit(
  work: Work,
  given: {
    readonly file: string;
    readonly edit: Edit;
    readonly before: string;
    readonly whole: boolean;
  },
): Promise<Reason | null> {
  const { file, edit, before, whole } = given;
  if (edit.kind === 'problem') return edit.reason;
  const { context, task } = work;
  const texts = { before, after: edit.content, task, whole };
  const lost = await definitionProblem(context.syntax, file, texts);
  if (lost !== null) return lost;
  await work.touch(file);
  try {
    await context.bench.write(file, edit.content);
  } catch (error) {
    if (isFault(error)) return reason('write_refused', { path: file, code: error.code });
    throw error;
  }
  const syntax = await checkFileSyntax(context, file);
  if (syntax.passed) return null;
  // A file that does not parse must not stand in the way of the next try.
  if (before === '') await context.bench.remove(file);
  else await context.bench.write(file, before);
  return syntax.reason;
}
