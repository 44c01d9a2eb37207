import { z } from 'zod';
import { isFault } from '#base/fault.ts';
import { isSecretFile } from '../changes/secret-files.ts';
import { checkTextSyntax } from '../checks/check.ts';
import { repeatedLine } from '../control/answer-blocks.ts';
import { leftOutLine, replaceText } from '../control/edits.ts';
import { withEndsOf } from '../control/line-ends.ts';
import type { ToolCall } from '../control/model.ts';
import { definitionProblem } from '../control/symbols.ts';
import type { ConsentNeed, Work } from '../control/work.ts';
import { type Reason, reason } from '../reasons/reason.ts';
import { type Grant, judgeCommand } from './command-policy.ts';
import { commandNeed, guardedNeed, secretNeed } from './needs.ts';
import { asData } from './untrusted.ts';

export type ToolName =
  | 'list_files'
  | 'read_file'
  | 'find'
  | 'write_file'
  | 'edit_file'
  | 'delete_file'
  | 'run'
  | 'ask'
  | 'finish';

export type Used =
  | {
      readonly kind: 'result';
      readonly text: string;
      readonly changed: boolean;
      /** Nothing was done, and this is why. */
      readonly refused?: Reason;
    }
  | {
      readonly kind: 'ask';
      readonly question: string;
      /** Null for a question in words. */
      readonly consent: ConsentNeed | null;
    }
  | { readonly kind: 'finish'; readonly summary: string };

const Path = z.string().min(1).max(1000);
const schemas = {
  list_files: z.strictObject({}),
  read_file: z.strictObject({
    path: Path,
    firstLine: z.int().min(1).optional(),
    lines: z.int().min(1).max(2000).optional(),
  }),
  find: z.strictObject({ text: z.string().min(1).max(500) }),
  write_file: z.strictObject({ path: Path, content: z.string().max(1_000_000) }),
  edit_file: z.strictObject({
    path: Path,
    search: z.string().min(1).max(200_000),
    replace: z.string().max(200_000),
  }),
  delete_file: z.strictObject({ path: Path }),
  run: z.strictObject({
    command: z.string().min(1).max(400),
    args: z.array(z.string().max(4000)).max(100).default([]),
  }),
  ask: z.strictObject({ question: z.string().min(1).max(4000) }),
  finish: z.strictObject({ summary: z.string().min(1).max(2000) }),
} as const satisfies Record<ToolName, z.ZodObject>;

const descriptions: Readonly<Record<ToolName, string>> = {
  list_files: 'Lists the files.',
  read_file: 'Reads a text file, or some lines of it.',
  find: 'Finds a text in all files that git does not ignore: path, line and line text.',
  write_file: 'Writes a whole file.',
  edit_file: 'Replaces lines that occur once in a file.',
  delete_file: 'Deletes a file.',
  run: 'Runs a program without network, for example {"command":"npm","args":["test"]}. No shell syntax.',
  ask: 'Asks the user for a decision.',
  finish: 'Says in one sentence what was done. The result is checked then.',
};

/** Tools by the agent's grant: what is not offered cannot be used either. */
export function toolsFor(grant: Grant): ToolName[] {
  const writing: ToolName[] = grant.write ? ['write_file', 'edit_file', 'delete_file'] : [];
  return [
    'list_files',
    'read_file',
    'find',
    ...writing,
    ...(grant.run ? (['run'] as const) : []),
    'ask',
    'finish',
  ];
}

/** The tools as OpenAI's API takes them. */
export function toolDefinitions(names: readonly ToolName[]): object[] {
  return names.map((name) => ({
    type: 'function',
    function: {
      name,
      description: descriptions[name],
      parameters: z.toJSONSchema(schemas[name], { io: 'input' }),
    },
  }));
}

const shownCharacters = 30_000;

/** Runs one call; whatever is wrong with it is told to the model, in words that help it to do better. */
export async function useTool(
  work: Work,
  call: ToolCall,
  rights: { readonly tools: readonly ToolName[]; readonly approved: readonly string[] },
): Promise<Used> {
  const name = rights.tools.find((tool) => tool === call.name);
  if (name === undefined)
    return refused(reason('tool_unknown', { tool: call.name.slice(0, 60) }), {
      advice: `Tools: ${rights.tools.join(', ')}.`,
    });
  let given: unknown;
  try {
    given = call.arguments.trim() === '' ? {} : JSON.parse(call.arguments);
  } catch {
    return refused(reason('input_not_json'));
  }
  const parsed = schemas[name].safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refused(reason('input_wrong', { problem: `${issue?.path.join('.')} ${issue?.message}`.trim() }));
  }
  try {
    return await run(work, { name, input: parsed.data as never }, rights.approved);
  } catch (error) {
    if (isFault(error) && /^(files|sandbox|search)\./.test(error.code)) {
      return refused(reason('refused_by', { code: error.code }));
    }
    throw error;
  }
}

type Inputs = { [K in ToolName]: z.output<(typeof schemas)[K]> };

async function run(
  work: Work,
  { name, input }: { readonly name: ToolName; readonly input: never },
  approved: readonly string[],
): Promise<Used> {
  const { bench } = work.context;
  switch (name) {
    case 'list_files':
      return data(work, 'the list of files', { text: (await bench.list()).join('\n') });
    case 'read_file': {
      const { path, firstLine = 1, lines = 2000 } = input as Inputs['read_file'];
      const need = secretNeed(work, path, approved);
      if (need !== null) return need;
      const isSecret = isSecretFile(path) && !work.files.includes(path);
      const text = isSecret ? await work.readSecret(path) : await bench.read(path);
      if (text === null) return refused(reason('file_absent', { path }));
      return data(work, path, { text: linesOf(text, firstLine, lines) });
    }
    case 'find':
      return data(work, 'the search', { text: await find(work, (input as Inputs['find']).text) });
    case 'write_file': {
      const { path } = input as Inputs['write_file'];
      const read = await bench.read(path);
      if (read === null && (await bench.isClosed(path))) return refused(reason('file_closed', { path }));
      const before = read ?? '';
      const given = (input as Inputs['write_file']).content;
      const content = before === '' ? given : withEndsOf(before, given);
      if (before === content) return refused(reason('holds_already', { path }));
      const wrong = await wholeProblem(work, { path, before, content });
      if (wrong !== null) return refused(wrong, { advice: takeAwayAdvice(wrong) });
      const need = await guardedNeed(work, { path, after: content }, approved);
      if (need !== null) return need;
      const note = await work.touch(path);
      await bench.write(path, content);
      return told(withNote(`${path} is written.`, note), true);
    }
    case 'edit_file': {
      const { path, search, replace } = input as Inputs['edit_file'];
      const before = await bench.read(path);
      if (before === null) return refused(reason('file_absent', { path }));
      const edit = replaceText(before, search, replace);
      if (edit.kind === 'problem') return refused(edit.reason);
      const need = await guardedNeed(work, { path, after: edit.content }, approved);
      if (need !== null) return need;
      const note = await work.touch(path);
      await bench.write(path, edit.content);
      return told(withNote(`${path} is changed.`, note), true);
    }
    case 'delete_file': {
      const { path } = input as Inputs['delete_file'];
      const need = await guardedNeed(work, { path, after: null }, approved);
      if (need !== null) return need;
      const note = await work.touch(path);
      await bench.remove(path);
      return told(withNote('It is deleted.', note), true);
    }
    case 'run':
      return runCommand(work, input as Inputs['run'], approved);
    case 'ask':
      return { kind: 'ask', question: (input as Inputs['ask']).question, consent: null };
    case 'finish':
      return { kind: 'finish', summary: (input as Inputs['finish']).summary };
  }
}

function takeAwayAdvice({ code }: Reason): string | undefined {
  const leftOut = code === 'left_out' || code === 'definitions_missing';
  return leftOut ? 'Write the whole file; to take code away on purpose, use edit_file.' : undefined;
}

/** What speaks against a whole file: code that was left out, or that comes over and over. */
async function wholeProblem(
  { context, task }: Work,
  { path, before, content }: { readonly path: string; readonly before: string; readonly content: string },
): Promise<Reason | null> {
  const left = leftOutLine(content, before);
  if (left !== null) return reason('left_out', { line: left });
  const said = repeatedLine(content, before);
  if (said !== null) return reason('repeated', { line: said.slice(0, 80) });
  const texts = { before, after: content, task, whole: true };
  const problem = await definitionProblem(context.syntax, path, texts);
  if (problem !== null) return problem;
  // A whole file that does not parse is half of one; between two edits of parts it may well be so.
  const syntax = await checkTextSyntax(context, path, content);
  return syntax.passed ? null : syntax.reason;
}

async function runCommand(
  work: Work,
  { command, args }: Inputs['run'],
  approved: readonly string[],
): Promise<Used> {
  const verdict = judgeCommand(command, args, work.definition.grant);
  if (verdict.kind === 'deny') return refused(verdict.reason);
  let network = false;
  if (verdict.kind !== 'allow') {
    const fetches = verdict.kind === 'network' || verdict.fetches === true;
    const hosts = fetches ? await work.networkHosts() : [];
    network = hosts.length > 0;
    if (verdict.kind === 'network' && !network) return refused(verdict.reason);
    const kind = network ? 'network' : 'command';
    const asking = { kind, reason: verdict.reason, hosts, approved } as const;
    const need = commandNeed(work, [command, ...args], asking);
    if (need !== null) return need;
  }
  const { exitCode, output, timedOut } = await work.context.bench.run({ command, args }, { network });
  const end = timedOut ? 'It took too long and was ended.' : `exit code ${exitCode}`;
  return data(work, `the output of ${command}`, { text: output, before: `${end}\n` });
}

async function find({ findText }: Work, text: string): Promise<string> {
  const { lines, more } = await findText(text);
  return lines.length === 0
    ? 'Nothing was found.'
    : [...lines, ...(more ? ['[more is not shown]'] : [])].join('\n');
}

function told(text: string, changed = false): Used {
  return { kind: 'result', text, changed };
}

/** Nothing was done, and the model is told why. */
function refused(why: Reason, { advice }: { readonly advice?: string | undefined } = {}): Used {
  const text = `Refused: ${why.en}.${advice === undefined ? '' : ` ${advice}`}`;
  return { kind: 'result', text, changed: false, refused: why };
}

/** Text that others wrote: marked as such, as long as a model can use, and remembered. */
function data(work: Work, source: string, { text, before = '' }: { text: string; before?: string }): Used {
  work.sawData(source);
  const left = text.length - shownCharacters;
  const shown =
    left > 0 ? `${text.slice(0, shownCharacters)}\n[${left} more characters are not shown]` : text;
  return { kind: 'result', text: `${before}${asData(source, shown)}`, changed: false };
}

/** The lines that were asked for; says what is above and below them. */
function linesOf(text: string, firstLine: number, lines: number): string {
  const all = text.split('\n');
  const from = firstLine - 1;
  const shown = all.slice(from, from + lines).join('\n');
  const below = all.length - from - lines;
  return below > 0 ? `${shown}\n[${below} more lines are not shown]` : shown;
}

function withNote(text: string, note: string | null): string {
  return note === null ? text : `${text} ${note}`;
}
