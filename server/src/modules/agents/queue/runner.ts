import type { Call, Client } from '#base/contract.ts';
import { fault, isFault } from '#base/fault.ts';
import { Principal } from '#base/principal.ts';
import { LazyCall } from '#kernel/rpc/call-context.ts';
import type { Syntax } from '#kernel/syntax/syntax.ts';
import { newTraceId } from '#kernel/telemetry/trace.ts';
import type { llmContract } from '#modules/llm/contract.ts';
import type { projectsContract } from '#modules/projects/contract.ts';
import type { promptsContract } from '#modules/prompts/contract.ts';
import type { sandboxContract } from '#modules/sandbox/contract.ts';
import type { searchContract } from '#modules/search/contract.ts';
import { createBlobs } from '../changes/blobs.ts';
import { createWorktrees, type FileChange } from '../changes/worktree.ts';
import { type CheckContext, type CheckResult, findCommand, tail } from '../checks/check.ts';
import type { Advisories } from '../checks/dependencies/advisories.ts';
import { createAudit } from '../checks/dependencies/audit.ts';
import type { AgentsConfig } from '../config.ts';
import type { StepKind, Usage } from '../contract-shapes.ts';
import { workWithTools } from '../control/loop.ts';
import { createModel } from '../control/model.ts';
import { workByReview } from '../control/review.ts';
import { workInSteps } from '../control/steps.ts';
import type { Conversation, Outcome, Work } from '../control/work.ts';
import { definitions } from '../definitions.ts';
import { createWorkbench } from '../tools/workbench.ts';
import type { TaskRow } from './task-store.ts';

export interface Clients {
  readonly projects: Client<typeof projectsContract>;
  readonly sandbox: Client<typeof sandboxContract>;
  readonly llm: Client<typeof llmContract>;
  readonly prompts: Client<typeof promptsContract>;
  readonly search: Client<typeof searchContract>;
}

export interface RunnerParts {
  readonly clients: Clients;
  readonly syntax: Syntax;
  readonly config: AgentsConfig;
  readonly advisories: Advisories;
  readonly log: (taskId: string, kind: StepKind, data: Record<string, unknown>) => Promise<void>;
  readonly saveUsage: (taskId: string, usage: Usage) => Promise<void>;
}

export type Ended =
  | {
      readonly kind: 'done';
      readonly summary: string;
      readonly changes: readonly FileChange[];
      readonly findings: NonNullable<(CheckResult & { passed: true })['findings']>;
    }
  | Extract<Outcome, { kind: 'ask' }>;

const rulesCharacters = 8_000;
const mapCharacters = 12_000;
const answerCharacters = 64 * 1024;

/** Does one task in a copy of the project. @throws the faults that end a task, and the reason of `signal` */
export async function runTask(task: TaskRow, signal: AbortSignal, parts: RunnerParts): Promise<Ended> {
  const { clients, config, syntax } = parts;
  const call = callOf(task, signal);
  const definition = definitions[task.agent];
  const log = (kind: StepKind, data: Record<string, unknown>) => parts.log(task.taskId, kind, data);
  const access = { projectId: task.projectId, userId: task.userId, need: 'write' } as const;
  const granted = await clients.projects.call(
    'project.access',
    { ...access, globalRole: Principal.parse(task.principal).role },
    call,
  );
  const blobs = createBlobs(granted.areaPath);
  const worktrees = createWorktrees({
    ...granted,
    blobs,
    namedFiles: task.files,
    limits: { files: config.copyFiles, bytes: config.copyBytes, depth: granted.limits.depth },
  });
  const conversation = task.conversation as Conversation | null;
  const kept = conversation === null ? null : await worktrees.open(task.taskId);
  const worktree = kept ?? (await worktrees.create(task.taskId, signal));
  const bench = createWorkbench({
    worktreePath: worktree.path,
    stagingPath: granted.stagingPath,
    limits: granted.limits,
    sandbox: clients.sandbox,
    projectId: task.projectId,
    taskId: task.taskId,
    call,
    namedFiles: task.files,
  });
  const command = task.command ?? (definition.grant.run ? await findCommand(bench) : null);
  const baseline = command === null || kept !== null ? null : await bench.run(command);
  if (baseline !== null)
    await log('check', {
      when: 'before',
      command,
      exitCode: baseline.exitCode,
      output: tail(baseline.output),
    });
  if (definition.mustFailFirst && kept === null && baseline?.exitCode === 0) {
    throw fault('agents.check_failed', {
      reason: 'the command passes already, so there is nothing to reproduce',
    });
  }
  const context: CheckContext = {
    bench,
    syntax,
    command,
    baseline: baseline ?? conversation?.baseline ?? null,
    files: task.files,
    audit: createAudit({
      advisories: parts.advisories,
      registry: config.npmRegistry,
      sandbox: clients.sandbox,
      projectId: task.projectId,
      call,
    }),
    changes: () => worktree.changes(),
    before: async (path) => {
      const hash = worktree.baseHash(path);
      return hash === null ? null : (await blobs.get(hash)).toString('utf8');
    },
  };
  const validate = async (): Promise<CheckResult> => {
    const result = await validity(definition.mustChange, context, definition.validate);
    await log('check', {
      when: 'after',
      ...(result.passed
        ? { passed: true, findings: result.findings?.length ?? 0, note: result.note }
        : result),
    });
    return result;
  };
  const work: Work = {
    agent: task.agent,
    definition,
    task: task.task,
    files: task.files,
    context,
    log,
    validate,
    signal,
    projectRules: ((await bench.read('AGENTS.md')) ?? '').slice(0, rulesCharacters),
    map: definition.checksOnly ? [] : await mapOf(task, clients.search, call),
    prompt: async (promptId, variables) =>
      (await clients.prompts.call('prompt.generate', { promptId, variables }, call)).output,
    model: createModel({
      llm: clients.llm,
      model: task.model,
      budgetTokens: task.budget.tokens,
      used: task.usage,
      call,
      onAnswer: async (question, answer, usage) => {
        await parts.saveUsage(task.taskId, usage);
        await log('model', { question: bounded(question), answer: bounded(answer), usage });
      },
    }),
  };
  if (definition.checksOnly) return { kind: 'done', changes: [], ...(await workByReview(work)) };
  const outcome = (await worksInSteps(task, clients.llm, call))
    ? await workInSteps(work)
    : await workWithTools(work, conversation);
  if (outcome.kind === 'ask') {
    return { ...outcome, conversation: { ...outcome.conversation, baseline: context.baseline } };
  }
  return {
    kind: 'done',
    summary: outcome.summary,
    changes: await worktree.changes(),
    findings: outcome.checked.findings ?? [],
  };
}

/** Models of this machine have no provider in their name; `auto` means one of them when there is nothing else. */
async function worksInSteps(
  { mode, model }: TaskRow,
  llm: Client<typeof llmContract>,
  call: Call,
): Promise<boolean> {
  if (mode !== 'auto') return mode === 'steps';
  if (!/^auto(\/|$)/.test(model)) return !model.includes('/');
  const { data } = await llm.call('llm.models', {}, call);
  return !data.some(({ id, capabilities }) => capabilities.chat && id.includes('/'));
}

async function validity(
  mustChange: boolean,
  context: CheckContext,
  validate: (context: CheckContext) => Promise<CheckResult>,
): Promise<CheckResult> {
  if (mustChange && (await context.changes()).length === 0) {
    return { passed: false, reason: 'nothing was changed', output: 'Nothing was changed yet.' };
  }
  return validate(context);
}

async function mapOf(task: TaskRow, search: Client<typeof searchContract>, call: Call): Promise<string[]> {
  try {
    const query = {
      projectId: task.projectId,
      query: task.task.slice(0, 4000),
      limitCharacters: mapCharacters,
    };
    const { files, omittedFiles } = await search.call('search.map', query, call);
    const lines = files.map(({ path, symbols }) =>
      symbols.length === 0 ? path : `${path}: ${symbols.join(', ')}`,
    );
    return omittedFiles === 0 ? lines : [...lines, `[${omittedFiles} more files are not shown]`];
  } catch (error) {
    // Without the map a model can still list and read.
    if (isFault(error, 'common.unavailable')) return [];
    throw error;
  }
}

function callOf(task: TaskRow, signal: AbortSignal): Call {
  const call = new LazyCall({
    principal: Principal.parse(task.principal),
    traceId: newTraceId(),
    address: 'internal',
    language: 'en',
  });
  if (signal.aborted) call.abort(signal.reason);
  else signal.addEventListener('abort', () => call.abort(signal.reason), { once: true });
  return call;
}

/** What goes into the log: whole, as long as a person would read it, and marked where it was cut. */
function bounded(value: unknown): unknown {
  const text = JSON.stringify(value);
  return text.length <= answerCharacters
    ? value
    : { cut: text.slice(0, answerCharacters), leftOutCharacters: text.length - answerCharacters };
}
