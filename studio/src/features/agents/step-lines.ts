import type { Step } from './agent-queries.ts';
import { looksLikeCall } from './live-answer.ts';

export type LineKind =
  | 'read'
  | 'edit'
  | 'run'
  | 'check'
  | 'think'
  | 'context'
  | 'retry'
  | 'note'
  | 'ask'
  | 'end';

/** One line of the conversation's list of steps: what belongs together, folded. */
export interface StepLine {
  readonly key: number;
  readonly kind: LineKind;
  readonly tools: readonly { readonly name: string; readonly count: number }[];
  readonly steps: readonly Step[];
  readonly startedAt: string;
  /** Time from the step before to the last of these. */
  readonly durationMs: number;
  /** Of a check or a program: whether it passed. */
  readonly passed: boolean | undefined;
}

/** What became of a tool's call. */
export type ToolOutcome = 'done' | 'refused' | 'asked';

const toolKinds: Readonly<Record<string, LineKind>> = {
  list_files: 'read',
  read_file: 'read',
  find: 'read',
  write_file: 'edit',
  edit_file: 'edit',
  delete_file: 'edit',
  run: 'run',
  ask: 'ask',
  finish: 'end',
};

/** Folded into the line before when they are of the same kind. */
const joining: ReadonlySet<LineKind> = new Set(['read', 'edit', 'think']);

function kindOf({ kind, data }: Step): LineKind | undefined {
  switch (kind) {
    case 'tool':
      return toolKinds[String(data.name)] ?? 'note';
    case 'model':
      // What it says stands in the conversation; beside a tool call the call itself is the step.
      return answerOf(data).called || isSpoken(data) ? undefined : 'think';
    case 'check':
      return 'check';
    case 'retry':
      return 'retry';
    case 'context':
      return 'context';
    case 'queued':
    case 'started':
    case 'completed':
    case 'asked':
    case 'replied':
    case 'escalated':
      return undefined;
    default:
      return 'note';
  }
}

function passedOf({ kind, data }: Step): boolean | undefined {
  if (kind === 'check') {
    if (typeof data.passed === 'boolean') return data.passed;
    return typeof data.exitCode === 'number' ? data.exitCode === 0 : undefined;
  }
  if (kind !== 'tool' || data.name !== 'run') return undefined;
  const code = /^exit code (-?\d+)/.exec(String(data.result ?? ''))?.[1];
  return code === undefined ? undefined : code === '0';
}

function chipOf({ kind, data }: Step): string | undefined {
  if (kind === 'tool') {
    if (data.name !== 'run') return String(data.name);
    const input = parsed(String(data.arguments));
    return [input.command, ...(Array.isArray(input.args) ? input.args : [])]
      .map(String)
      .join(' ')
      .slice(0, 60);
  }
  const { command } = data as { command?: { command?: unknown; args?: unknown[] } | null };
  return kind === 'check' && command != null
    ? [command.command, ...(command.args ?? [])].map(String).join(' ').slice(0, 60)
    : undefined;
}

/** JSON as a model wrote it; an empty object when it is none. */
export function parsed(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Words to its user: a model that may call tools says something, and no call that it has written as text. */
function isSpoken(data: Step['data']): boolean {
  const { tools } = (data.question ?? {}) as { tools?: unknown };
  return (answerOf(data).called || tools !== undefined) && !looksLikeCall(answerOf(data).text);
}

/** What a model said in a step. */
export function answerOf(data: Step['data']): { readonly text: string; readonly called: boolean } {
  const answer = (data.answer ?? {}) as { text?: unknown; toolCalls?: unknown[] };
  return { text: String(answer.text ?? ''), called: (answer.toolCalls?.length ?? 0) > 0 };
}

/** The log as lines that a person reads: same kinds of work in a row are one line. */
export function linesOf(steps: readonly Step[]): StepLine[] {
  const lines: StepLine[] = [];
  let before = steps[0]?.at;
  let broken = false;
  for (const step of steps) {
    const startedAt = before ?? step.at;
    before = step.at;
    // Words of the model part what was done before from what comes after.
    if (step.kind === 'model' && isSpoken(step.data) && answerOf(step.data).text.trim() !== '') broken = true;
    const kind = kindOf(step);
    if (kind === undefined) continue;
    const last = lines.at(-1);
    const chip = chipOf(step);
    if (!broken && last !== undefined && last.kind === kind && joining.has(kind)) {
      lines[lines.length - 1] = {
        ...last,
        tools: chip === undefined ? last.tools : withTool(last.tools, chip),
        steps: [...last.steps, step],
        durationMs: timeBetween(last.startedAt, step.at),
      };
      continue;
    }
    broken = false;
    lines.push({
      key: step.sequence,
      kind,
      tools: chip === undefined ? [] : [{ name: chip, count: 1 }],
      steps: [step],
      startedAt,
      durationMs: timeBetween(startedAt, step.at),
      passed: passedOf(step),
    });
  }
  return lines;
}

function withTool(tools: StepLine['tools'], name: string): StepLine['tools'] {
  if (!tools.some((tool) => tool.name === name)) return [...tools, { name, count: 1 }];
  return tools.map((tool) => (tool.name === name ? { name, count: tool.count + 1 } : tool));
}

function timeBetween(from: string, to: string): number {
  return Math.max(0, Date.parse(to) - Date.parse(from));
}

/** How versions wrote refusals that had no field for them. */
const refusal =
  /^(Refused: |Not (changed|written): |There is no tool |The arguments (are not JSON|do not fit)|Wrong arguments: |\S+ is not there, or is no text file)/;

/** Whether a call did what it was for; one that asked for leave is in the log again once it has it. */
export function outcomeOf({ data }: Step): ToolOutcome {
  const { result, refused, asks } = data;
  if (asks !== undefined) return 'asked';
  return refused !== undefined || (typeof result === 'string' && refusal.test(result)) ? 'refused' : 'done';
}

/** The different files that a line has read or changed. */
export function filesOf({ steps }: StepLine): string[] {
  const done = steps.filter((step) => outcomeOf(step) === 'done');
  const paths = done.map(({ data }) => parsed(String(data.arguments ?? '')).path);
  return [...new Set(paths.filter((path) => typeof path === 'string'))];
}

/** Calls of a line that did nothing. */
export function refusedOf({ steps }: StepLine): readonly Step[] {
  return steps.filter((step) => step.kind === 'tool' && outcomeOf(step) === 'refused');
}

/** A part of the conversation: words of the agent, steps between them, or what its user answered. */
export type Part =
  | { readonly kind: 'lines'; readonly key: number; readonly lines: readonly StepLine[] }
  | { readonly kind: 'words'; readonly key: number; readonly text: string }
  | { readonly kind: 'question'; readonly key: number; readonly text: string }
  | { readonly kind: 'reply'; readonly key: number; readonly text: string }
  | ({ readonly kind: 'escalated'; readonly key: number } & Escalated);

/** Another model goes on, and why the one before did not manage. */
export interface Escalated {
  readonly from: string;
  readonly to: string;
  readonly code: string;
  /** In both languages, or as an English sentence. */
  readonly reason: unknown;
}

/** The conversation of a task in order. */
export function partsOf(steps: readonly Step[]): Part[] {
  const parts: Part[] = [];
  const lines = new Map(linesOf(steps).map((line) => [line.key, line]));
  const say = (kind: 'words' | 'question' | 'reply', key: number, text: string) => {
    if (text.trim() !== '') parts.push({ kind, key, text });
  };
  for (const step of steps) {
    const line = lines.get(step.sequence);
    const last = parts.at(-1);
    if (line !== undefined) {
      if (last?.kind === 'lines') parts[parts.length - 1] = { ...last, lines: [...last.lines, line] };
      else parts.push({ kind: 'lines', key: step.sequence, lines: [line] });
    }
    const { kind, data, sequence } = step;
    if (kind === 'model' && isSpoken(data)) say('words', sequence, answerOf(data).text);
    else if (kind === 'asked') say('question', sequence, String(data.question ?? ''));
    else if (kind === 'replied') say('reply', sequence, String(data.text ?? ''));
    else if (kind === 'escalated') {
      const { from, to, code, reason } = data;
      parts.push({ kind, key: sequence, from: String(from), to: String(to), code: String(code), reason });
    } else if (kind === 'completed') say('words', sequence, String(data.summary ?? ''));
  }
  return parts;
}
