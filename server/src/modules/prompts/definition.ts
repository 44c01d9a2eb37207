import { z } from 'zod';
import { fault } from '#base/fault.ts';
import {
  LocalizedText,
  PromptId,
  type PromptInfo,
  PromptKind,
  Variable,
  VariableName,
  Variables,
} from './contract-shapes.ts';
import { parseTemplate, type Template, withoutEnd } from './template.ts';
import { checkValue } from './variables.ts';

const Expectation = z.strictObject({
  contains: z.array(z.string().min(1)).max(50).optional(),
  excludes: z.array(z.string().min(1)).max(50).optional(),
  /** The whole output. */
  equals: z.string().optional(),
  hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  /** Code of the fault that must come. */
  fault: z.string().max(100).optional(),
});

const Test = z.strictObject({
  name: z.string().min(1).max(200),
  variables: Variables.default({}),
  expect: Expectation.refine(
    (expect) => Object.keys(expect).length > 0,
    'it expects nothing, so it cannot fail',
  ),
});

const Step = z.strictObject({
  id: VariableName,
  use: PromptId,
  /** Templates by variable of the prompt that is used; a template that is one expression keeps its type. */
  with: z.record(VariableName, z.string().max(20_000)).default({}),
});

const Header = z.strictObject({
  id: PromptId,
  kind: PromptKind,
  version: z.int().min(1).max(1_000_000),
  title: LocalizedText,
  description: LocalizedText,
  tags: z.array(z.string().min(1).max(40)).max(20).default([]),
  variables: z.array(Variable).max(40).default([]),
  /** Of a mix: what is filled one after the other. */
  steps: z.array(Step).max(30).default([]),
  tests: z.array(Test).min(1, 'a prompt needs a test').max(100),
});
export type PromptTest = z.output<typeof Test>;

export interface FileTemplate {
  readonly path: Template;
  readonly content: Template;
}

export interface MixStep {
  readonly id: string;
  readonly use: string;
  readonly with: ReadonlyMap<string, Template>;
}

/** A `.prompt` file that has been read and checked by itself; that what it calls exists, the library checks. */
export interface Definition extends z.output<typeof Header> {
  readonly source: PromptInfo['source'];
  readonly body: Template;
  readonly files: readonly FileTemplate[];
  readonly chain: readonly MixStep[];
  /** The file's own text, line ends as LF. */
  readonly text: string;
}

const fence = '---';

/**
 * Reads a `.prompt` file: a JSON header between two lines `---` (JSON is YAML, so readers of dotprompt files take it,
 * too), then the template. A line `=== file <path> ===` begins a file that comes beside the output.
 * @throws prompts.definition_invalid
 */
export function parseDefinition(given: string, source: PromptInfo['source']): Definition {
  // An editor or git on Windows may have changed the line ends; what is rendered must not depend on that.
  const text = given.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  const lines = text.split('\n');
  const end = lines.indexOf(fence, 1);
  if (lines[0] !== fence || end < 0) throw invalid(1, 'it must begin with a header between two lines ---');
  const header = parseHeader(lines.slice(1, end).join('\n'));
  const { body, files } = parseBody(lines.slice(end + 1), end + 2);
  const chain = header.steps.map((step) => ({
    id: step.id,
    use: step.use,
    with: new Map(Object.entries(step.with).map(([name, value]) => [name, parseTemplate(value, 1)])),
  }));
  return { ...header, source, body, files, chain, text };
}

function parseHeader(text: string): z.output<typeof Header> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(2, `the header is not JSON (${error instanceof Error ? error.message : 'unreadable'})`);
  }
  const parsed = Header.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw invalid(2, `${issue?.path.join('.') || 'header'}: ${issue?.message ?? 'wrong shape'}`);
  }
  checkHeader(parsed.data);
  return parsed.data;
}

function checkHeader(header: z.output<typeof Header>): void {
  const names = [...header.variables.map(({ name }) => name), ...header.steps.map(({ id }) => id)];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid(2, `the name ${twice} stands twice`);
  if ((header.kind === 'mix') !== header.steps.length > 0) {
    throw invalid(2, header.kind === 'mix' ? 'a mix needs steps' : 'only a mix has steps');
  }
  for (const variable of header.variables) {
    if ((variable.type === 'choice') !== (variable.values !== undefined)) {
      throw invalid(2, `${variable.name}: values belong to a choice`);
    }
    if (variable.default !== undefined) {
      const reason = checkValue(variable, variable.default);
      if (reason !== null) throw invalid(2, `default of ${variable.name}: ${reason}`);
    }
  }
}

function parseBody(lines: readonly string[], firstLine: number): Pick<Definition, 'body' | 'files'> {
  const marks = lines.flatMap((line, index) => {
    const path = /^=== file (.+) ===$/.exec(line)?.[1];
    return path === undefined ? [] : [{ path, index }];
  });
  const section = (from: number, to: number) =>
    parseTemplate(withoutLastBreak(lines.slice(from, to)), firstLine + from);
  return {
    body: section(0, marks[0]?.index ?? lines.length),
    files: marks.map(({ path, index }, position) => ({
      path: parseTemplate(path, firstLine + index),
      content: section(index + 1, marks[position + 1]?.index ?? lines.length),
    })),
  };
}

/** Editors end a file with a line break that belongs to the file, not to the prompt. */
function withoutLastBreak(lines: readonly string[]): string {
  return withoutEnd(lines.join('\n'), '\n');
}

function invalid(line: number, reason: string): Error {
  return fault('prompts.definition_invalid', { line, reason });
}

/** What clients see of a definition. */
export function describeDefinition(definition: Definition): PromptInfo {
  const { id, kind, version, title, description, variables, tags, tests, source } = definition;
  return { id, kind, version, title, description, variables, tags, tests: tests.length, source };
}
