import { type Reason, reason } from '../reasons/reason.ts';
import { editSymbols } from './edit-symbol.ts';
import { type EditFormat, readEdit } from './edits.ts';
import { type FileEdit, tryEdit } from './try-edit.ts';
import type { Work } from './work.ts';

/** Larger files are edited part by part: a small model loses the middle of a long answer. */
const wholeFileCharacters = 12_000;
/** The same for models with little room, whose answers drift earlier. */
const smallWholeFileCharacters = 6_000;
const smallContext = 16_384;
const triesPerFile = 3;
/** What the shipped prompt says around a file. */
const promptTokens = 700;
const triesOfLaterCandidates = 2;
const laterTemperature = 0.4;
const retryTemperature = 0.3;
const mostRules = 30;
const problemCharacters = 6_000;

/**
 * One file until its edit can be read and parses; null, or the first problem of the last try. Small files are asked for as
 * a whole, larger ones symbol by symbol, and those that have none by search and replace.
 */
export async function editFile(work: Work, edit: FileEdit): Promise<Reason | null> {
  const { bench } = work.context;
  const read = await bench.read(edit.file);
  if (read === null && (await bench.isClosed(edit.file))) return reason('file_closed', { path: edit.file });
  const content = read ?? '';
  if (content !== '') work.sawData(edit.file);
  const format = formatFor(work, content, edit.candidate);
  if (format !== 'symbol') return editWith(work, edit, { content, format });
  const result = await editSymbols(work, edit, {
    content,
    tries: triesFor(edit),
    temperatureOf: (attempt) => temperatureFor(work, edit, attempt),
    rules: rulesOf(work),
  });
  return result === 'no symbols' ? editWith(work, edit, { content, format: 'searchReplace' }) : result;
}

async function editWith(
  work: Work,
  edit: FileEdit,
  { content, format }: { readonly content: string; readonly format: EditFormat },
): Promise<Reason | null> {
  const { model, prompt, agent, task, log } = work;
  const { file, candidate } = edit;
  let problem: Reason | null = null;
  for (let attempt = 0; attempt < triesFor(edit); attempt += 1) {
    work.signal.throwIfAborted();
    const text = await prompt('agent.edit', {
      task,
      path: file,
      content,
      format,
      role: agent,
      context: work.facts(),
      problem: (problem?.en ?? edit.problem).slice(0, problemCharacters),
      rules: rulesOf(work),
    });
    const answer = await model.ask({
      messages: [{ role: 'user', content: text }],
      temperature: temperatureFor(work, edit, attempt),
      seed: candidate * 100 + attempt + 1,
      maxTokens: Math.ceil(content.length / 2) + 2048,
    });
    const read = answer.cut
      ? ({ kind: 'problem', reason: reason('answer_cut') } as const)
      : readEdit(answer.text, { before: content, path: file, format });
    problem = await tryEdit(work, { file, edit: read, before: content, whole: format === 'whole' });
    if (problem === null) return null;
    await log('retry', { file, attempt: attempt + 1, reason: problem });
  }
  return problem;
}

const triesFor = ({ candidate }: FileEdit) => (candidate === 0 ? triesPerFile : triesOfLaterCandidates);

function temperatureFor({ definition }: Work, { candidate }: FileEdit, attempt: number): number {
  if (candidate > 0) return laterTemperature;
  return attempt === 0 ? definition.temperature : retryTemperature;
}

/** The bullets of AGENTS.md: whole sentences only, as many as a small model keeps in mind. */
function rulesOf({ projectRules }: Work): string[] {
  return projectRules
    .split(/\r?\n/)
    .filter((line) => /^[-*] /.test(line))
    .map((line) => line.slice(2))
    .slice(0, mostRules);
}

/** What was set for the model, at first; where that brings nothing, and for new files, what their size asks for. */
function formatFor(work: Work, content: string, candidate: number): EditFormat | 'symbol' {
  const { editFormat } = work;
  if (editFormat !== null && candidate === 0 && content !== '') return editFormat;
  return fitsWhole(work, content) ? 'whole' : 'symbol';
}

/** A whole file needs its room twice, in the question and in the answer. */
function fitsWhole({ model, task }: Work, content: string): boolean {
  const { contextSize } = model;
  if (content.length > wholeFileCharacters) return false;
  if (contextSize === null) return true;
  if (contextSize <= smallContext && content.length > smallWholeFileCharacters) return false;
  const once = model.likelyTokens({ messages: [{ role: 'user', content }] });
  const words = model.likelyTokens({ messages: [{ role: 'user', content: task }] });
  return 2.2 * once + words + promptTokens < contextSize;
}
