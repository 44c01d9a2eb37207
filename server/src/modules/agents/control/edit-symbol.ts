import { z } from 'zod';
import { type Reason, reason } from '../reasons/reason.ts';
import { parseJson } from './json-answer.ts';
import { type Place, readSymbol, spliced } from './symbol-text.ts';
import { type CodeSymbol, symbolsOf } from './symbols.ts';
import { type FileEdit, tryEdit } from './try-edit.ts';
import type { Work } from './work.ts';

const mostSymbols = 3;
const mostListed = 60;
const symbolCharacters = 8_000;
const promptTokens = 900;
const headCharacters = 1_500;
const outlineCharacters = 4_000;
const problemCharacters = 6_000;
const Picked = z.object({ parts: z.array(z.int()).max(20), newAfter: z.int().nullish() });

export interface SymbolTries {
  readonly content: string;
  readonly tries: number;
  readonly temperatureOf: (attempt: number) => number;
  readonly rules: string[];
}

/**
 * A file too large to be written again: the model chooses parts of it by number, and each is asked for by itself, as plain
 * code, and put in the place of the old one. Null, the last problem, or `no symbols` for a file without parts that fit.
 */
export async function editSymbols(
  work: Work,
  edit: FileEdit,
  given: SymbolTries,
): Promise<Reason | null | 'no symbols'> {
  const { file } = edit;
  const all = await symbolsOf(work.context.syntax, file, given.content);
  const listed = listOf(work, all, given.content);
  if (listed.length === 0) return 'no symbols';
  const places = await pickPlaces(work, edit, { listed, given });
  if (places === null) return 'no symbols';
  let changed = false;
  let unchanged: Reason | null = null;
  for (const place of places) {
    const problem = await editPlace(work, edit, { place, given });
    if (problem === null) changed = true;
    else if (problem.code === 'nothing_changed') unchanged = problem;
    else {
      // Half of what was to be done is no edit.
      if (changed) await work.context.bench.write(file, given.content);
      return problem;
    }
  }
  return changed ? null : unchanged;
}

/** What fits into a question and its answer; of many, those whose names the task speaks of. */
function listOf(work: Work, symbols: readonly CodeSymbol[], content: string): CodeSymbol[] {
  const lines = content.split('\n');
  const fitting = symbols.filter((symbol) => {
    const code = lines.slice(symbol.firstLine, symbol.lastLine + 1).join('\n');
    return code.length <= symbolCharacters && fits(work, code);
  });
  if (fitting.length <= mostListed) return fitting;
  const task = work.task.toLowerCase();
  const score = ({ name }: CodeSymbol) =>
    name
      .split(/[^A-Za-z0-9]+|(?<=[a-z])(?=[A-Z])/)
      .filter((word) => word.length > 2 && task.includes(word.toLowerCase())).length;
  const best = new Set(fitting.toSorted((a, b) => score(b) - score(a)).slice(0, mostListed));
  return fitting.filter((symbol) => best.has(symbol));
}

function fits({ model, task }: Work, code: string): boolean {
  if (model.contextSize === null) return true;
  const tokens = (content: string) => model.likelyTokens({ messages: [{ role: 'user', content }] });
  return 2.2 * tokens(code) + tokens(task) + promptTokens < model.contextSize;
}

async function pickPlaces(
  work: Work,
  { file, candidate, problem }: FileEdit,
  { listed, given }: { readonly listed: readonly CodeSymbol[]; readonly given: SymbolTries },
): Promise<Place[] | null> {
  const { model, prompt, task, log } = work;
  const lines = given.content.split('\n');
  const candidates = listed.map(
    ({ name, firstLine, lastLine, nameLine }) =>
      `${name} (lines ${firstLine + 1}-${lastLine + 1}): ${lines[nameLine]?.trim().slice(0, 100) ?? ''}`,
  );
  await log('context', { file, parts: candidates });
  const number = { type: 'integer', minimum: 1, maximum: candidates.length };
  const schema = {
    type: 'object',
    properties: {
      parts: { type: 'array', items: number, maxItems: mostSymbols },
      newAfter: { anyOf: [number, { type: 'null' }] },
    },
    required: ['parts'],
    additionalProperties: false,
  };
  const content = await prompt('agent.pick-symbols', {
    task,
    path: file,
    candidates,
    most: mostSymbols,
    problem: problem.slice(0, problemCharacters),
  });
  for (let attempt = 0; attempt < given.tries; attempt += 1) {
    const answer = await model.ask({
      messages: [{ role: 'user', content }],
      schema,
      temperature: given.temperatureOf(attempt),
      seed: candidate * 100 + attempt + 1,
      maxTokens: 200,
    });
    const picked = Picked.safeParse(parseJson(answer.text));
    if (!picked.success) continue;
    const placeOf = (index: number, kind: Place['kind']): Place[] => {
      const symbol = listed[index - 1];
      return symbol === undefined ? [] : [{ kind, name: symbol.name, nth: nthOf(listed, symbol) }];
    };
    const chosen = [...new Set(picked.data.parts)].slice(0, mostSymbols);
    const places = [
      ...chosen.flatMap((index) => placeOf(index, 'replace')),
      ...placeOf(picked.data.newAfter ?? 0, 'after'),
    ];
    if (places.length > 0) return places;
  }
  await log('retry', { file, reason: reason('part_missing') });
  return null;
}

/** Which of the symbols of one name it is. */
function nthOf(symbols: readonly CodeSymbol[], symbol: CodeSymbol): number {
  return symbols.filter(({ name }) => name === symbol.name).indexOf(symbol);
}

async function editPlace(
  work: Work,
  edit: FileEdit,
  { place, given }: { readonly place: Place; readonly given: SymbolTries },
): Promise<Reason | null> {
  const { context, model, prompt, agent, task, log } = work;
  const { file, candidate } = edit;
  let problem: Reason | null = null;
  for (let attempt = 0; attempt < given.tries; attempt += 1) {
    work.signal.throwIfAborted();
    const content = (await context.bench.read(file)) ?? '';
    const symbols = await symbolsOf(context.syntax, file, content);
    const symbol = symbols.filter(({ name }) => name === place.name)[place.nth];
    if (symbol === undefined) return reason('symbol_gone', { name: place.name, path: file });
    const lines = content.split('\n');
    const code = lines.slice(symbol.firstLine, symbol.lastLine + 1).join('\n');
    const text = await prompt('agent.edit-symbol', {
      task,
      path: file,
      name: place.name,
      code,
      added: place.kind === 'after',
      head: headOf(lines, symbols),
      outline: outlineOf(lines, symbols),
      role: agent,
      context: work.facts(),
      problem: (problem?.en ?? edit.problem).slice(0, problemCharacters),
      rules: given.rules,
    });
    const answer = await model.ask({
      messages: [{ role: 'user', content: text }],
      temperature: given.temperatureOf(attempt),
      seed: candidate * 100 + attempt + 1,
      maxTokens: Math.ceil(code.length / 2) + 2048,
    });
    problem = await (async () => {
      if (answer.cut) return reason('answer_cut');
      const written = await readSymbol(answer.text, {
        syntax: context.syntax,
        path: file,
        code,
        place,
        symbols,
      });
      if (written.kind === 'problem') return written.reason;
      if (written.text === code) return reason('nothing_changed');
      const put = await spliced(
        { path: file, content, symbols, symbol },
        { place, text: written.text, syntax: context.syntax, task },
      );
      return tryEdit(work, { file, edit: put, before: content, whole: false });
    })();
    if (problem === null) return null;
    await log('retry', { file, symbol: place.name, attempt: attempt + 1, reason: problem });
  }
  return problem;
}

/** The imports: what stands above the first symbol. */
function headOf(lines: readonly string[], symbols: readonly CodeSymbol[]): string {
  return lines
    .slice(0, symbols[0]?.firstLine ?? 0)
    .join('\n')
    .slice(0, headCharacters)
    .trim();
}

function outlineOf(lines: readonly string[], symbols: readonly CodeSymbol[]): string {
  const outline = symbols.map(({ nameLine }) => lines[nameLine]?.slice(0, 120) ?? '').join('\n');
  const left = outline.length - outlineCharacters;
  return left > 0 ? `${outline.slice(0, outlineCharacters)}\n[${left} characters more]` : outline;
}
