// How often a task ends well although the model fails on its first n answers, for each way to fail: small repositories with
// a hidden check, and a provider that answers wrongly n times and rightly from then on. What must never happen is counted
// too: a task that says it is done while the hidden check fails, and a file changed that the task is not about.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { agentsContract } from '@cyberdevstudio/server/modules/agents/contract.ts';
import {
  type EvalPlatform,
  type EvalResult,
  evaluate,
} from '@cyberdevstudio/server/modules/agents/eval/evaluate.ts';
import { type EvalTask, readEvalTasks } from '@cyberdevstudio/server/modules/agents/eval/task-file.ts';
import { agentWorld } from '@cyberdevstudio/server/modules/agents/testing/agent-world.ts';
import type { Asked, Said } from '@cyberdevstudio/server/modules/agents/testing/scripted-provider.ts';
import { ledgerContract } from '@cyberdevstudio/server/modules/ledger/contract.ts';
import { projectsContract } from '@cyberdevstudio/server/modules/projects/contract.ts';
import { sandboxContract } from '@cyberdevstudio/server/modules/sandbox/contract.ts';
import { fenced, type Persona, personas, type Wanted } from './personas.ts';

export type Mode = 'steps' | 'tools';

export interface RecoveryOptions {
  readonly mode: Mode;
  /** Wrong answers at the beginning of each task. */
  readonly strikes: readonly number[];
  /** Every n-th repository; 1 takes all. */
  readonly every: number;
  /** Names of personas; none takes all. */
  readonly only: readonly string[];
  readonly say: (line: string) => void;
}

const parallel = 4;

interface Row {
  tasks: number;
  green: number;
  /** Ended as failed, with a reason that is the fault's. */
  honest: number;
  /** Failed with a reason that is not. */
  untrue: string[];
  /** Said to be done while the hidden check fails. */
  wrong: string[];
  /** Files changed that the task is not about, or before anybody has applied anything. */
  outside: string[];
  calls: number;
}

/** Runs the tasks with each persona and each number of wrong answers; one line each. */
export async function measureRecovery(options: RecoveryOptions): Promise<void> {
  const { mode, strikes, say } = options;
  const tasks = readEvalTasks().filter((task, index) => index % options.every === 0 && fits(task, mode));
  const chosen = personas.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
  const state: { persona: Persona | null; limit: number; struck: Map<string, number> } = {
    persona: null,
    limit: 0,
    struck: new Map(),
  };
  const script = (asked: Asked): Said => {
    const task = taskOf(tasks, asked.all);
    const time = state.struck.get(task.id) ?? 0;
    if (state.persona !== null && time < state.limit) {
      state.struck.set(task.id, time + 1);
      const wanted = wantedOf(task, asked);
      const { strike, withTools } = state.persona;
      if (withTools !== undefined && asked.tools.length > 0 && wanted.kind === 'file')
        return withTools(wanted, time);
      return strike(wanted, time);
    }
    return rightAnswer(task, asked, mode);
  };
  await using at = await agentWorld({}, script, { CDS_AGENTS_PARALLEL: String(parallel) });
  // Faults that spend are not to end because the account is empty.
  const credit = { userId: at.owner.userId, tokens: 1_000_000_000, key: 'recovery', reason: 'bench' };
  await at.world.client(ledgerContract).call('ledger.credit', credit, at.world.call(null));
  say(`recovery in mode ${mode}, ${tasks.length} repositories`);
  say(
    '| fault | wrong answers | hidden check passes | ends honestly | says done wrongly | changes outside | calls a task |',
  );
  say('|---|---|---|---|---|---|---|');
  for (const persona of chosen) {
    for (const limit of strikes) {
      Object.assign(state, { persona, limit, struck: new Map() });
      const outside: string[] = [];
      const platform = watched(at, tasks, outside);
      const results = await evaluate(platform, tasks, {
        model: 'scripted/strong',
        mode,
        parallel,
        budget: { tokens: 150_000, seconds: 600 },
        onResult: () => undefined,
      });
      const row = rowOf(results, persona, outside);
      say(
        `| ${persona.name} | ${limit} | ${row.green} of ${row.tasks} | ${row.honest} | ${row.wrong.length} | ${row.outside.length} | ${(row.calls / row.tasks).toFixed(1)} |`,
      );
      for (const line of [...row.wrong, ...row.outside, ...row.untrue]) say(`  ! ${line}`);
    }
  }
}

function fits({ agent, answer }: EvalTask, mode: Mode): boolean {
  return mode === 'steps' || (agent !== 'security' && Object.keys(answer).length > 0);
}

function rowOf(results: readonly EvalResult[], { truths }: Persona, outside: string[]): Row {
  const row: Row = { tasks: 0, green: 0, honest: 0, untrue: [], wrong: [], outside, calls: 0 };
  for (const { id, passed, status, calls, output } of results) {
    row.tasks += 1;
    row.calls += calls;
    if (passed) row.green += 1;
    else if (status.startsWith('completed')) row.wrong.push(`${id} says done: ${output.split('\n').at(-1)}`);
    else if (truths.some((code) => status.includes(code))) row.honest += 1;
    else row.untrue.push(`${id}: ${status}`);
  }
  return row;
}

/** The platform as the evaluation sees it; what happens to files is compared before and after. */
function watched(
  at: Awaited<ReturnType<typeof agentWorld>>,
  tasks: readonly EvalTask[],
  outside: string[],
): EvalPlatform {
  const { world, owner } = at;
  const agents = world.client(agentsContract);
  const before = new Map<string, { readonly task: EvalTask; readonly tree: string; readonly root: string }>();
  return {
    projects: {
      call: (method, params) => world.client(projectsContract).call(method, params, world.call(owner)),
    },
    sandbox: {
      call: (method, params) => world.client(sandboxContract).call(method, params, world.call(owner)),
    },
    agents: {
      call: async (method, params) => {
        const given = params as { projectId?: string; taskId?: string; task?: string };
        const known = before.get(given.taskId ?? '');
        // Nothing of an agent's work may be in the project as long as nobody has applied it.
        if (known !== undefined && treeOf(known.root, []) !== known.tree)
          outside.push(`${known.task.id}: the project changed`);
        const result = await agents.call(method, params, world.call(owner));
        if (method === 'agent.dispatch') {
          const task = taskOf(tasks, given.task ?? '');
          const root = path.join(world.dataDir, 'projects', given.projectId ?? '', 'workspace');
          const { taskId } = result as { taskId: string };
          before.set(taskId, { task, root, tree: treeOf(root, []) });
        }
        if (method === 'agent.apply' && known !== undefined) {
          const allowed = Object.keys(known.task.answer);
          const rest = treeOf(known.root, allowed);
          const { written } = result as { written: string[] };
          const strange = written.filter((file) => !allowed.includes(file));
          if (strange.length > 0) outside.push(`${known.task.id}: ${strange.join(', ')}`);
          else if (rest !== without(known.tree, allowed))
            outside.push(`${known.task.id}: other files changed`);
          before.delete(given.taskId ?? '');
        }
        return result;
      },
    },
  };
}

/** Every file of a folder with its hash, in order, but for those named. */
function treeOf(root: string, except: readonly string[]): string {
  const lines = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .toSorted()
    .map(
      (name) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(path.join(root, name)))
          .digest('hex')}`,
    );
  return without(lines.join('\n'), except);
}

function without(tree: string, names: readonly string[]): string {
  return tree
    .split('\n')
    .filter((line) => !names.some((name) => line.startsWith(`${name} `)))
    .join('\n');
}

function taskOf(tasks: readonly EvalTask[], text: string): EvalTask {
  const found = tasks.find(({ task }) => text.includes(task));
  if (found === undefined) throw new Error(`no task: ${text.slice(0, 300)}`);
  return found;
}

const editedPath = (all: string) =>
  /whole new content of `([^`]+)`/.exec(all)?.[1] ?? /whole new text of .* in `([^`]+)`/.exec(all)?.[1];

function wantedOf(task: EvalTask, { all }: Asked): Wanted {
  const [first = ''] = Object.keys(task.answer);
  if (all.includes('Choose at most')) return { kind: 'json', text: choice(all, first) };
  const [report] = Object.values(task.report);
  if (report !== undefined) return { kind: 'json', text: report };
  const edited = editedPath(all) ?? first;
  return { kind: 'file', path: edited, before: task.repo[edited] ?? '', content: task.answer[edited] ?? '' };
}

function choice(all: string, wanted: string): string {
  const number = new RegExp(`^(\\d+)\\. ${wanted.replaceAll('.', '\\.')}`, 'm').exec(all)?.[1];
  return `{"files":[${number}]}`;
}

function rightAnswer(task: EvalTask, asked: Asked, mode: Mode): Said {
  if (mode === 'steps' || asked.tools.length === 0) {
    const wanted = wantedOf(task, asked);
    return { text: wanted.kind === 'json' ? wanted.text : fenced(wanted.content) };
  }
  const left = Object.entries(task.answer).find(([file]) => !asked.all.includes(`${file} is written.`));
  if (left === undefined) return { tool: 'finish', input: { summary: 'done' } };
  return { tool: 'write_file', input: { path: left[0], content: left[1] } };
}
