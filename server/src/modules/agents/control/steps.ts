import { z } from 'zod';
import { fault, isFault } from '#base/fault.ts';
import { checkFileSyntax } from '../checks/check.ts';
import { type Edit, readSearchReplace, readWholeFile } from './edits.ts';
import type { Outcome, Work } from './work.ts';

/** Larger files are edited by search and replace: a small model loses the middle of a long answer. */
const wholeFileCharacters = 12_000;
const triesPerFile = 3;
const repairs = 2;
const mostFiles = 3;
const mostCandidates = 12;

const Picked = z.object({ files: z.array(z.int()).max(20), newFile: z.string().max(200).nullish() });

/**
 * For small models: decisions by a schema and by number, code as plain fenced text, one file per call, bounded retries
 * with the first problem told, and checks that choose. Nothing is left to a free loop.
 */
export async function workInSteps(work: Work): Promise<Outcome> {
  const files = work.files.length > 0 ? [...work.files] : await pickFiles(work);
  for (const file of files) {
    const problem = await editFile(work, file, '');
    if (problem !== null) throw fault('agents.answer_invalid', { reason: `${file}: ${problem}` });
  }
  for (let round = 0; ; round += 1) {
    const result = await work.validate();
    if (result.passed) return { kind: 'done', summary: `${files.join(', ')}`, checked: result };
    if (round >= repairs) throw fault('agents.check_failed', { reason: result.reason });
    const blamed = files.find((file) => result.output.includes(file)) ?? files[0];
    if (blamed === undefined) throw fault('agents.check_failed', { reason: result.reason });
    await work.log('retry', { round: round + 1, file: blamed, reason: result.reason });
    const problem = await editFile(work, blamed, result.output);
    if (problem !== null) throw fault('agents.check_failed', { reason: `${result.reason}; ${problem}` });
  }
}

async function pickFiles({ model, task, map, prompt, log }: Work): Promise<string[]> {
  const candidates = map.slice(0, mostCandidates);
  await log('context', { candidates, omitted: map.length - candidates.length });
  const schema = {
    type: 'object',
    properties: {
      files: {
        type: 'array',
        items: { type: 'integer', minimum: 1, maximum: Math.max(1, candidates.length) },
        maxItems: mostFiles,
      },
      newFile: { type: ['string', 'null'] },
    },
    required: ['files'],
    additionalProperties: false,
  };
  const text = await prompt('agent.pick-files', { task, candidates: [...candidates], most: mostFiles });
  for (let attempt = 0; attempt < triesPerFile; attempt += 1) {
    const answer = await model.ask({
      messages: [{ role: 'user', content: text }],
      schema,
      temperature: attempt === 0 ? 0 : 0.2,
      seed: attempt + 1,
      maxTokens: 200,
    });
    const picked = Picked.safeParse(parseJson(answer.text));
    if (!picked.success) continue;
    const paths = picked.data.files
      .map((number) => candidates[number - 1]?.split(':')[0])
      .filter((path) => path !== undefined);
    const chosen = [...new Set([...paths, ...(picked.data.newFile ? [picked.data.newFile] : [])])].slice(
      0,
      mostFiles,
    );
    if (chosen.length > 0) return chosen;
  }
  throw fault('agents.answer_invalid', { reason: 'no file was chosen' });
}

/** JSON in a text, with or without a fence around it. */
export function parseJson(text: string): unknown {
  const inner = /```(?:json)?\s*\n([\s\S]*?)```/.exec(text)?.[1] ?? text;
  try {
    return JSON.parse(inner.slice(Math.max(0, inner.indexOf('{')), inner.lastIndexOf('}') + 1));
  } catch {
    return null;
  }
}

/** One file until its edit can be read and parses; null, or the first problem of the last try. */
async function editFile(work: Work, file: string, problem: string): Promise<string | null> {
  const { context, model, prompt, agent, task, log } = work;
  const { bench } = context;
  const content = (await bench.read(file)) ?? '';
  const format = content.length > wholeFileCharacters ? 'searchReplace' : 'whole';
  const rules =
    work.projectRules === ''
      ? []
      : work.projectRules
          .split(/\r?\n/)
          .filter((line) => /^[-*] /.test(line))
          .map((line) => line.slice(2))
          .slice(0, 30);
  let reason = problem;
  for (let attempt = 0; attempt < triesPerFile; attempt += 1) {
    work.signal.throwIfAborted();
    const text = await prompt('agent.edit', {
      task,
      path: file,
      content,
      format,
      role: agent,
      problem: reason.slice(0, 6000),
      rules,
    });
    const answer = await model.ask({
      messages: [{ role: 'user', content: text }],
      temperature: attempt === 0 ? work.definition.temperature : 0.3,
      seed: attempt + 1,
      maxTokens: Math.ceil(content.length / 2) + 2048,
    });
    const edit = answer.cut
      ? ({ kind: 'problem', reason: 'the answer was cut off before its end' } as const)
      : format === 'whole'
        ? readWholeFile(answer.text, content)
        : readSearchReplace(answer.text, content);
    const found = await tryEdit(work, { file, edit, before: content });
    if (found === null) return null;
    reason = found;
    await log('retry', { file, attempt: attempt + 1, reason });
  }
  return reason;
}

async function tryEdit(
  { context }: Work,
  { file, edit, before }: { readonly file: string; readonly edit: Edit; readonly before: string },
): Promise<string | null> {
  if (edit.kind === 'problem') return edit.reason;
  try {
    await context.bench.write(file, edit.content);
  } catch (error) {
    if (isFault(error)) return `${file} may not be written (${error.code})`;
    throw error;
  }
  const syntax = await checkFileSyntax(context, file);
  if (syntax.passed) return null;
  // A file that does not parse must not stand in the way of the next try.
  if (before === '') await context.bench.remove(file);
  else await context.bench.write(file, before);
  return syntax.output;
}
