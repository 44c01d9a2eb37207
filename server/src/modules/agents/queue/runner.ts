import type { Client } from '#base/contract.ts';
import { isFault } from '#base/fault.ts';
import { unlimitedRoom } from '#kernel/files/workspace.ts';
import { systemCall } from '#kernel/rpc/call-context.ts';
import type { Syntax } from '#kernel/syntax/syntax.ts';
import { newTraceId } from '#kernel/telemetry/trace.ts';
import type { connectionsContract } from '#modules/connections/contract.ts';
import type { llmContract } from '#modules/llm/contract.ts';
import type { projectsContract } from '#modules/projects/contract.ts';
import type { promptsContract } from '#modules/prompts/contract.ts';
import type { sandboxContract } from '#modules/sandbox/contract.ts';
import type { searchContract } from '#modules/search/contract.ts';
import type { FileChange } from '../changes/differences.ts';
import type { Worktree } from '../changes/worktree.ts';
import type { CheckResult } from '../checks/check.ts';
import type { Advisories } from '../checks/dependencies/advisories.ts';
import type { AgentsConfig } from '../config.ts';
import type { StepKind, Usage } from '../contract-shapes.ts';
import { editFormatFor } from '../control/edit-format.ts';
import { externalAgentOf, workWithExternalAgent } from '../control/external.ts';
import { createFacts } from '../control/facts.ts';
import type { LiveText } from '../control/live-text.ts';
import { workWithTools } from '../control/loop.ts';
import { type Offer, offerOf } from '../control/market.ts';
import { createModel, type Model } from '../control/model.ts';
import { workByReview } from '../control/review.ts';
import { createSpending, type Held, type Spending } from '../control/spending.ts';
import { workInSteps } from '../control/steps.ts';
import type { Conversation, Outcome, Work } from '../control/work.ts';
import { type AgentDefinition, definitions } from '../definitions.ts';
import { findTextIn } from '../tools/find-text.ts';
import { serverTools } from '../tools/server-tools.ts';
import { type Checks, checksOf } from './checks-of.ts';
import { afterConsent, concluded } from './conclude.ts';
import { fileTime } from './file-time.ts';
import { projectMap } from './project-map.ts';
import { callOf, openRoom, type Room } from './room.ts';
import { openSecrets, type Secrets } from './secrets.ts';
import type { TaskRow } from './task-store.ts';

export interface Clients {
  readonly projects: Client<typeof projectsContract>;
  readonly sandbox: Client<typeof sandboxContract>;
  readonly llm: Client<typeof llmContract>;
  readonly prompts: Client<typeof promptsContract>;
  readonly search: Client<typeof searchContract>;
  readonly connections: Client<typeof connectionsContract>;
}

export interface RunnerParts {
  readonly clients: Clients;
  readonly syntax: Syntax;
  readonly config: AgentsConfig;
  readonly advisories: Advisories;
  readonly now: () => number;
  readonly live: LiveText;
  readonly log: (kind: StepKind, data: Record<string, unknown>) => Promise<void>;
  readonly saveUsage: (usage: Usage, held: Held | null) => Promise<void>;
  /** Remembers when the files were copied, by the file system's clock. */
  readonly copied: (at: Date) => Promise<void>;
  /** Enters that the task writes a path; what the agent is told when others are at it. */
  readonly touch: (path: string) => Promise<string | null>;
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
const answerCharacters = 64 * 1024;
/** Ways to fail that a stronger model may not have. */
const worthEscalating = new Set([
  'agents.stuck',
  'agents.answer_invalid',
  'agents.check_failed',
  'agents.context_too_small',
  'llm.context_length_exceeded',
]);

/** Does one task in a copy of the project. @throws the faults that end a task, and the reason of `signal` */
export async function runTask(task: TaskRow, signal: AbortSignal, given: RunnerParts): Promise<Ended> {
  const call = callOf(task, signal);
  const definition = definitions[task.agent];
  const room = await openRoom(task, { ...given, call });
  const conversation = task.conversation as Conversation | null;
  const workspace = { ...room.granted, room: unlimitedRoom };
  const secrets = await openSecrets(workspace, conversation?.secrets ?? []);
  const parts: RunnerParts = { ...given, log: (kind, data) => given.log(kind, secrets.masked(data)) };
  const kept = conversation === null ? null : await room.worktrees.open(task.taskId);
  const copy = { worktree: kept ?? (await freshCopy(task, room, { signal, parts })) };
  const { context, validate } = await checksOf(task, { room, copy, call, resumed: kept !== null, parts });
  let outsiders = false;
  const { work, workWith, workFor } = await workOf(task, {
    context,
    validate,
    parts,
    signal,
    definition,
    letWrite: () => {
      outsiders = true;
      copy.worktree.othersWrite();
    },
    secrets,
  });
  if (definition.checksOnly)
    return { kind: 'done', changes: [], ...(await workByReview(await workWith(task.model))) };
  const resumed = kept === null ? null : conversation;
  const conclude = (outcome: Outcome, model: string) =>
    concluded(outcome, { task, room, copy, context, work, model, earlier: resumed, secrets });
  if (resumed?.guarded !== undefined) {
    const outcome = await afterConsent(resumed, { copy, context, validate });
    return conclude(outcome, resumed.model ?? task.model);
  }
  const first = resumed?.model ?? task.model;
  try {
    return await conclude(await workFor(first, resumed), first);
  } catch (error) {
    const { escalateTo } = task;
    if (escalateTo === null || escalateTo === first || signal.aborted) throw error;
    if (!isFault(error) || !worthEscalating.has(error.code)) throw error;
    await parts.log('escalated', {
      from: first,
      to: escalateTo,
      code: error.code,
      reason: error.data.reason ?? null,
    });
    // What the weaker one left behind is no help.
    copy.worktree = await freshCopy(task, room, { signal, parts });
    if (outsiders) copy.worktree.othersWrite();
    return conclude(await workFor(escalateTo, null), escalateTo);
  }
}

async function freshCopy(
  task: TaskRow,
  room: Room,
  { signal, parts }: { readonly signal: AbortSignal; readonly parts: RunnerParts },
): Promise<Worktree> {
  await parts.copied(await fileTime(room.granted.areaPath));
  return room.worktrees.create(task.taskId, signal);
}

/** Everything that the controllers need, and how to work with a model of a name. */
async function workOf(
  task: TaskRow,
  given: Checks & {
    readonly parts: RunnerParts;
    readonly signal: AbortSignal;
    readonly definition: AgentDefinition;
    /** Programs that are not ours begin to run in the copy. */
    readonly letWrite: () => void;
    readonly secrets: Secrets;
  },
) {
  const { parts, signal, context, letWrite } = given;
  const { clients } = parts;
  const call = callOf(task, signal);
  const system = systemCall({ traceId: newTraceId(), signal });
  const spending = createSpending({ budget: task.budget, used: task.usage, save: parts.saveUsage });
  const projectRules = (await context.bench.read('AGENTS.md')) ?? '';
  const sources = new Set((task.conversation as Conversation | null)?.sources ?? []);
  const learnt = createFacts((task.conversation as Conversation | null)?.steps?.facts);
  const servers = await serverTools({
    connections: clients.connections,
    projectId: task.projectId,
    taskId: task.taskId,
    call,
    mayRun: given.definition.grant.run,
    language: task.language,
    sources,
    sawData: (source) => void sources.add(source),
  });
  if (servers.definitions.length > 0) letWrite();
  const work = {
    agent: task.agent,
    definition: given.definition,
    task: task.task,
    files: task.files,
    context,
    log: parts.log,
    validate: given.validate,
    signal,
    touch: parts.touch,
    sources,
    sawData: (source: string) => void sources.add(source),
    projectRules: bounded(projectRules, rulesCharacters),
    servers,
    language: task.language,
    networkHosts: async () =>
      (await clients.sandbox.call('sandbox.network.get', { projectId: task.projectId }, call)).hosts,
    readSecret: given.secrets.read,
    findText: findTextIn({
      search: clients.search,
      projectId: task.projectId,
      taskId: task.taskId,
      namedFiles: task.files,
      call,
    }),
    map: given.definition.checksOnly
      ? { files: [], omittedFiles: 0 }
      : await projectMap(task, clients.search, call),
    prompt: async (promptId: string, variables: Record<string, string | number | boolean | string[]>) =>
      (await clients.prompts.call('prompt.generate', { promptId, variables }, call)).output,
  };
  const offerFor = (name: string) => offerOf(name, { llm: clients.llm, call, system });
  const workAt = (name: string, offer: Offer): Work => ({
    ...work,
    model: modelOf({ name, offer, spending, call, parts }),
    facts: () => learnt.shown(offer.contextSize),
    learnt,
    editFormat: editFormatFor(parts.config.editFormats, name),
  });
  return {
    work,
    workWith: async (name: string) => workAt(name, await offerFor(name)),
    workFor: async (name: string, resumed: Conversation | null): Promise<Outcome> => {
      const { taskId, projectId } = task;
      const { connections } = clients;
      const agent = externalAgentOf(name);
      if (agent !== null) {
        const { live } = parts;
        letWrite();
        return workWithExternalAgent(work, { connections, projectId, taskId, agent, call, live });
      }
      const offer = await offerFor(name);
      const full = workAt(name, offer);
      return inSteps(task, name, offer) ? workInSteps(full, resumed) : workWithTools(full, resumed);
    },
  };
}

function modelOf(given: {
  readonly name: string;
  readonly offer: Offer;
  readonly spending: Spending;
  readonly call: ReturnType<typeof callOf>;
  readonly parts: RunnerParts;
}): Model {
  const { parts, ...own } = given;
  return createModel({
    ...own,
    llm: parts.clients.llm,
    live: parts.live,
    onAnswer: (question, answer, usage) =>
      parts.log('model', { model: own.name, question: cut(question), answer: cut(answer), usage }),
    onRetry: (why) => parts.log('retry', { model: own.name, reason: why }),
  });
}

/** Models of this machine work in steps; `auto` means one of them when there is nothing else. */
function inSteps({ mode, model }: TaskRow, name: string, { local }: Offer): boolean {
  // The mode was chosen for the task's own model.
  if (mode !== 'auto' && name === model) return mode === 'steps';
  return local;
}

function bounded(text: string, characters: number): string {
  const left = text.length - characters;
  return left > 0 ? `${text.slice(0, characters)}\n[${left} more characters are not shown]` : text;
}

/** What goes into the log: whole, as long as a person would read it, and marked where it was cut. */
function cut(value: unknown): unknown {
  const text = JSON.stringify(value);
  return text.length <= answerCharacters
    ? value
    : { cut: text.slice(0, answerCharacters), leftOutCharacters: text.length - answerCharacters };
}
