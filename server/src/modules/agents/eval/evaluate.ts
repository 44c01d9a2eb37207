import { setTimeout as sleep } from 'node:timers/promises';
import type { Contract, ParamsOf, ResultOf, UnaryMethodName } from '#base/contract.ts';
import type { projectsContract } from '#modules/projects/contract.ts';
import type { sandboxContract } from '#modules/sandbox/contract.ts';
import type { agentsContract } from '../contract.ts';
import type { EvalTask } from './task-file.ts';

/** Calls a platform in somebody's name, near or far. */
export interface Caller<C extends Contract> {
  call<K extends UnaryMethodName<C>>(method: K, params: ParamsOf<C, K>): Promise<ResultOf<C, K>>;
}

export interface EvalPlatform {
  readonly projects: Caller<typeof projectsContract>;
  readonly sandbox: Caller<typeof sandboxContract>;
  readonly agents: Caller<typeof agentsContract>;
}

export interface EvalOptions {
  readonly model: string;
  readonly mode: 'auto' | 'steps' | 'tools';
  /** Tasks at the same time. */
  readonly parallel: number;
  readonly budget: { readonly tokens: number; readonly seconds: number };
  readonly onResult: (result: EvalResult) => void;
}

export interface EvalResult {
  readonly id: string;
  readonly agent: EvalTask['agent'];
  /** The hidden check has passed. */
  readonly passed: boolean;
  /** How the agent's task ended, with the fault's code when it failed. */
  readonly status: string;
  readonly calls: number;
  readonly tokens: number;
  readonly seconds: number;
  /** The end of what the hidden check has printed, when it failed. */
  readonly output: string;
}

const pollMs = 300;
const checkTimeoutMs = 60_000;
const shownCharacters = 600;
const resting: readonly string[] = ['completed', 'failed', 'cancelled', 'waiting_for_input'];

/**
 * Gives a model tasks of small repositories, each in a project of its own that is deleted afterwards, applies what the
 * agent proposes, and runs a check that the agent has not seen. Results come in the order of the tasks.
 */
export async function evaluate(
  platform: EvalPlatform,
  tasks: readonly EvalTask[],
  options: EvalOptions,
): Promise<EvalResult[]> {
  const results: EvalResult[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; ; index = next++) {
      const task = tasks[index];
      if (task === undefined) return;
      const result = await evaluateTask(platform, task, options);
      results[index] = result;
      options.onResult(result);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, options.parallel) }, worker));
  return results;
}

async function evaluateTask(
  platform: EvalPlatform,
  task: EvalTask,
  options: EvalOptions,
): Promise<EvalResult> {
  const { projects, agents } = platform;
  const { id: projectId } = await projects.call('project.create', { name: `eval ${task.id}` });
  try {
    await writeAll(platform, projectId, task.repo);
    const { taskId } = await agents.call('agent.dispatch', {
      projectId,
      agent: task.agent,
      task: task.task,
      files: [...task.files],
      model: options.model,
      mode: options.mode,
      budget: options.budget,
      ...(task.command === null ? {} : { command: task.command }),
    });
    const ended = await settled(agents, taskId);
    if (ended.changeState === 'proposed') await agents.call('agent.apply', { taskId });
    const { usage, problem, startedAt, finishedAt } = ended;
    const result = { status: ended.status, findings: ended.findings };
    await writeAll(platform, projectId, { ...task.hidden, 'result.json': JSON.stringify(result) });
    const { exitCode, output } = await check(platform, projectId, task);
    return {
      id: task.id,
      agent: task.agent,
      passed: exitCode === 0,
      status: problem === null ? ended.status : `${ended.status} (${problem.code})`,
      calls: usage.calls,
      tokens: usage.promptTokens + usage.completionTokens + usage.estimatedTokens,
      seconds:
        startedAt === null || finishedAt === null
          ? 0
          : (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000,
      output: exitCode === 0 ? '' : output,
    };
  } finally {
    await projects.call('project.delete', { id: projectId, permanently: true });
  }
}

/** The task once it rests. A question has nobody to answer it here: the task ends with it. */
async function settled(
  agents: EvalPlatform['agents'],
  taskId: string,
): Promise<ResultOf<typeof agentsContract, 'agent.status'>> {
  for (;;) {
    const status = await agents.call('agent.status', { taskId });
    if (status.status === 'waiting_for_input') await agents.call('agent.cancel', { taskId });
    else if (resting.includes(status.status)) return status;
    await sleep(pollMs);
  }
}

async function writeAll(
  { sandbox }: EvalPlatform,
  projectId: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [path, content] of Object.entries(files))
    await sandbox.call('fs.write', { projectId, path, content });
}

async function check(
  { sandbox }: EvalPlatform,
  projectId: string,
  { check: line }: EvalTask,
): Promise<{ exitCode: number | null; output: string }> {
  const { command, args } = line;
  const { exitCode, stdout, stderr } = await sandbox.call('run.exec', {
    projectId,
    command,
    args,
    timeoutMs: checkTimeoutMs,
  });
  return { exitCode, output: `${stdout}\n${stderr}`.trim().slice(-shownCharacters) };
}
