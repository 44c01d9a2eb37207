import { z } from 'zod';
import { fault, isFault } from '#base/fault.ts';
import { type CheckResult, checkFileSyntax } from '../checks/check.ts';
import { type Edit, readEdit } from './edits.ts';
import type { Outcome, Work } from './work.ts';

/** Larger files are edited by search and replace: a small model loses the middle of a long answer. */
const wholeFileCharacters = 12_000;
const triesPerFile = 3;
const repairs = 2;
/** What the shipped prompt says around a file. */
const promptTokens = 700;
const mostFiles = 3;
const mostCandidates = 12;
const candidateCharacters = 400;
const triesOfLaterCandidates = 2;
const laterTemperature = 0.4;
const retryTemperature = 0.3;

const Picked = z.object({ files: z.array(z.int()).max(20), newFile: z.string().max(200).nullish() });

/**
 * For small models: decisions by a schema and by number, code as plain fenced text, one file per call, bounded retries
 * with the first problem told, and checks that choose among candidates. Nothing is left to a free loop.
 */
export async function workInSteps(work: Work): Promise<Outcome> {
  const files = work.files.length > 0 ? [...work.files] : await pickFiles(work);
  const done = (checked: CheckResult & { passed: true }): Outcome => ({
    kind: 'done',
    summary: files.join(', '),
    checked,
  });
  let result = await bestOf(work, files);
  for (let round = 0; !result.passed; round += 1) {
    if (round >= repairs) throw fault('agents.check_failed', { reason: result.reason });
    const { reason, output } = result;
    const blamed = files.find((file) => output.includes(file)) ?? files[0];
    if (blamed === undefined) throw fault('agents.check_failed', { reason });
    await work.log('retry', { round: round + 1, file: blamed, reason });
    const problem = await editFile(work, { file: blamed, problem: output, candidate: 0 });
    if (problem !== null) throw fault('agents.check_failed', { reason: `${reason}; ${problem}` });
    result = await work.validate();
  }
  return done(result);
}

/**
 * Best of n: candidates from different seeds, each through the agent's check; the first that passes is taken, otherwise
 * the first that can at least be used stays in the copy, to be mended. No further one is begun when the budget is short.
 */
async function bestOf(work: Work, files: readonly string[]): Promise<CheckResult> {
  const before = await contentsOf(work, files);
  let best: { readonly result: CheckResult; readonly contents: Contents } | null = null;
  let problem = '';
  for (let candidate = 0; candidate < work.definition.candidates; candidate += 1) {
    if (candidate > 0) await restore(work, before);
    let unusable: string | null = null;
    try {
      for (const file of files) {
        const found = await editFile(work, { file, problem: '', candidate });
        unusable ??= found === null ? null : `${file}: ${found}`;
        if (unusable !== null) break;
      }
    } catch (error) {
      if (best === null || !(isFault(error) && error.code.startsWith('agents.budget_'))) throw error;
      break;
    }
    problem ||= unusable ?? '';
    if (unusable !== null) continue;
    const result = await work.validate();
    if (result.passed) return result;
    await work.log('retry', { candidate: candidate + 1, reason: result.reason });
    best ??= { result, contents: await contentsOf(work, files) };
  }
  if (best === null) throw fault('agents.answer_invalid', { reason: problem });
  await restore(work, before);
  await restore(work, best.contents);
  return best.result;
}

type Contents = ReadonlyMap<string, string | null>;

async function contentsOf({ context }: Work, files: readonly string[]): Promise<Contents> {
  const contents = new Map<string, string | null>();
  for (const file of files) contents.set(file, await context.bench.read(file));
  return contents;
}

async function restore({ context: { bench } }: Work, contents: Contents): Promise<void> {
  for (const [file, content] of contents) {
    const present = await bench.read(file);
    if (present === content) continue;
    if (content === null) await bench.remove(file);
    else await bench.write(file, content);
  }
}

async function pickFiles({ model, task, map, prompt, log }: Work): Promise<string[]> {
  const candidates = map
    .slice(0, mostCandidates)
    .map((line) =>
      line.length > candidateCharacters
        ? `${line.slice(0, candidateCharacters)} [${line.length - candidateCharacters} characters more]`
        : line,
    );
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
async function editFile(
  work: Work,
  {
    file,
    problem,
    candidate,
  }: { readonly file: string; readonly problem: string; readonly candidate: number },
): Promise<string | null> {
  const { context, model, prompt, agent, task, log } = work;
  const { bench } = context;
  const content = (await bench.read(file)) ?? '';
  const format = fitsWhole(work, content) ? 'whole' : 'searchReplace';
  if (content !== '') work.sawData(file);
  const rules =
    work.projectRules === ''
      ? []
      : work.projectRules
          .split(/\r?\n/)
          .filter((line) => /^[-*] /.test(line))
          .map((line) => line.slice(2))
          .slice(0, 30);
  let reason = problem;
  const tries = candidate === 0 ? triesPerFile : triesOfLaterCandidates;
  for (let attempt = 0; attempt < tries; attempt += 1) {
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
      temperature:
        candidate > 0 ? laterTemperature : attempt === 0 ? work.definition.temperature : retryTemperature,
      seed: candidate * 100 + attempt + 1,
      maxTokens: Math.ceil(content.length / 2) + 2048,
    });
    const edit = answer.cut
      ? ({ kind: 'problem', reason: 'the answer was cut off before its end' } as const)
      : readEdit(answer.text, { before: content, path: file, format });
    const found = await tryEdit(work, { file, edit, before: content });
    if (found === null) return null;
    reason = found;
    await log('retry', { file, attempt: attempt + 1, reason });
  }
  return reason;
}

/** A whole file needs its room twice, in the question and in the answer. */
function fitsWhole({ model, task }: Work, content: string): boolean {
  if (content.length > wholeFileCharacters) return false;
  if (model.contextSize === null) return true;
  const once = model.likelyTokens({ messages: [{ role: 'user', content }] });
  const words = model.likelyTokens({ messages: [{ role: 'user', content: task }] });
  return 2.2 * once + words + promptTokens < model.contextSize;
}

async function tryEdit(
  work: Work,
  { file, edit, before }: { readonly file: string; readonly edit: Edit; readonly before: string },
): Promise<string | null> {
  if (edit.kind === 'problem') return edit.reason;
  const { context } = work;
  await work.touch(file);
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
