import { z } from 'zod';
import { fault, isFault } from '#base/fault.ts';
import type { CheckResult } from '../checks/check.ts';
import { type Reason, reason } from '../reasons/reason.ts';
import { editFile } from './edit-file.ts';
import { parseJson } from './json-answer.ts';
import { askServers } from './steps-tools.ts';
import type { Conversation, Outcome, Work } from './work.ts';

const triesPerChoice = 3;
const repairs = 2;
const mostFiles = 3;
const mostCandidates = 12;
const candidateCharacters = 400;

const Picked = z.object({ files: z.array(z.int()).max(20), newFile: z.string().max(200).nullish() });

/**
 * For small models: decisions by a schema and by number, code as plain fenced text, one symbol or small file per call, bounded retries
 * with the first problem told, and checks that choose among candidates. Nothing is left to a free loop.
 */
export async function workInSteps(work: Work, resumed: Conversation | null): Promise<Outcome> {
  const files = resumed?.steps?.files ?? (work.files.length > 0 ? [...work.files] : await pickFiles(work));
  const asks = await askServers(work, files, resumed);
  if (asks !== null) return asks;
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
    // Why it could not be edited stands in the log of each try.
    if ((await editFile(work, { file: blamed, problem: output, candidate: 0 })) !== null)
      throw fault('agents.check_failed', { reason });
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
  let problem: Reason | null = null;
  for (let candidate = 0; candidate < work.definition.candidates; candidate += 1) {
    if (candidate > 0) await restore(work, before);
    let unusable: Reason | null = null;
    try {
      for (const file of files) {
        unusable = await editFile(work, { file, problem: '', candidate });
        if (unusable !== null) break;
      }
    } catch (error) {
      if (best === null || !(isFault(error) && error.code.startsWith('agents.budget_'))) throw error;
      break;
    }
    problem ??= unusable;
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
  const files = map.files.slice(0, mostCandidates);
  const candidates = files.map(({ line }) =>
    line.length > candidateCharacters
      ? `${line.slice(0, candidateCharacters)} [${line.length - candidateCharacters} characters more]`
      : line,
  );
  await log('context', { candidates, omitted: map.files.length - files.length + map.omittedFiles });
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
  for (let attempt = 0; attempt < triesPerChoice; attempt += 1) {
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
      .map((number) => files[number - 1]?.path)
      .filter((path) => path !== undefined);
    const chosen = [...new Set([...paths, ...(picked.data.newFile ? [picked.data.newFile] : [])])].slice(
      0,
      mostFiles,
    );
    if (chosen.length > 0) return chosen;
  }
  throw fault('agents.answer_invalid', { reason: reason('file_missing') });
}
