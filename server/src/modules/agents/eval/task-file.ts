import { readdirSync, readFileSync } from 'node:fs';
import { AgentName, type CommandLine } from '../contract-shapes.ts';

/** A small repository with something to do, and a check that the agent does not see. */
export interface EvalTask {
  readonly id: string;
  readonly agent: AgentName;
  readonly task: string;
  /** Named to the agent; none: it has to find them. */
  readonly files: readonly string[];
  readonly command: CommandLine | null;
  /** What the project holds. */
  readonly repo: Readonly<Record<string, string>>;
  /** What the files hold after a right solution. */
  readonly answer: Readonly<Record<string, string>>;
  /** What a right review reports of a file, as JSON. */
  readonly report: Readonly<Record<string, string>>;
  /** Added after the work is done. */
  readonly hidden: Readonly<Record<string, string>>;
  /** Ends with 0 when the work was done right. */
  readonly check: CommandLine;
}

/** The tasks that ship, by name. @throws Error for a file that is no task: they are part of the program */
export function readEvalTasks(): EvalTask[] {
  const folder = new URL('./tasks/', import.meta.url);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.task'))
    .toSorted()
    .map((name) => parseTask(name.replace(/\.task$/, ''), readFileSync(new URL(name, folder), 'utf8')));
}

/** Reads a head of `name: value` lines, then files, each after a line `>>> repo|answer|report|hidden <path>`. */
export function parseTask(id: string, text: string): EvalTask {
  const [head = '', ...sections] = text.split(/^>>> /m);
  const values = new Map(
    head.split('\n').flatMap((line): [string, string][] => {
      const [, name, value] = /^(\w+): (.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value]];
    }),
  );
  const files: Record<'repo' | 'answer' | 'report' | 'hidden', Record<string, string>> = {
    repo: {},
    answer: {},
    report: {},
    hidden: {},
  };
  for (const section of sections) {
    const end = section.indexOf('\n');
    const [, kind, path] = /^(repo|answer|report|hidden) (\S+)$/.exec(section.slice(0, end)) ?? [];
    if (kind === undefined || path === undefined)
      throw new Error(`the task ${id} has a section without a path`);
    files[kind as keyof typeof files][path] = section.slice(end + 1);
  }
  const check = commandOf(values.get('check'));
  const task = values.get('task');
  if (task === undefined || check === null || Object.keys(files.hidden).length === 0)
    throw new Error(`the task ${id} lacks what is to be done, or its check`);
  return {
    id,
    agent: AgentName.parse(values.get('agent')),
    task,
    files: values.get('files')?.split(' ') ?? [],
    command: commandOf(values.get('command')),
    check,
    ...files,
  };
}

function commandOf(line: string | undefined): CommandLine | null {
  const [command, ...args] = line?.split(' ') ?? [];
  return command === undefined ? null : { command, args };
}
