import path from 'node:path';
import type { ParsedParamsOf, RawResultOf } from '#base/contract.ts';
import { fault } from '#base/fault.ts';
import { newId } from '#base/ids.ts';
import type { Database } from '#kernel/database/database.ts';
import type { Publish } from '#kernel/module.ts';
import { createBlobs } from './changes/blobs.ts';
import { openProposals, readChanges } from './changes/change-store.ts';
import { describeChange } from './changes/describe.ts';
import type { AgentsConfig } from './config.ts';
import type { agentsContract } from './contract.ts';
import type { TaskInfo } from './contract-shapes.ts';
import { decisionIn, decisionText } from './control/decision.ts';
import { tokensOf } from './control/spending.ts';
import { definitions } from './definitions.ts';
import { type ExportPage, exportTask } from './history/export.ts';
import { overlapsOf } from './queue/lease-store.ts';
import type { Orchestrator } from './queue/orchestrator.ts';
import { readEscalation } from './queue/settings-store.ts';
import { countOpen, findTask, insertTask, listTasks, type TaskRow, updateTask } from './queue/task-store.ts';
import { type Caller, type createTaskAccess, wrongState } from './task-access.ts';

type C = typeof agentsContract;
type Params<K extends keyof C['methods'] & string> = ParsedParamsOf<C, K>;

const mostProposedFiles = 2_000;
const open = ['pending', 'running', 'waiting_for_input'] as const;

/** The rules of agent.*: dispatching, looking, answering, ending. */
export function createAgentService(deps: {
  readonly database: Database;
  readonly access: ReturnType<typeof createTaskAccess>;
  readonly orchestrator: Orchestrator;
  readonly config: AgentsConfig;
  readonly publish: Publish<C>;
  readonly now: () => number;
}) {
  const { database, access, orchestrator, config, publish, now } = deps;

  return {
    async dispatch(params: Params<'agent.dispatch'>, caller: Caller): Promise<{ taskId: string }> {
      const { projectId, agent, command = null, after } = params;
      await access.project(projectId, caller, 'write');
      if (definitions[agent].mustFailFirst && command === null) throw fault('agents.command_needed');
      for (const taskId of after) {
        const other = await findTask(database, taskId);
        if (other?.projectId !== projectId) throw fault('agents.task_unknown');
      }
      const { userId } = caller.user;
      if ((await countOpen(database, userId)) >= config.tasksPerUser) {
        throw fault('agents.queue_full', { limit: config.tasksPerUser });
      }
      const taskId = newId(now());
      const task = {
        ...params,
        escalateTo:
          params.escalateTo === undefined ? await readEscalation(database, projectId) : params.escalateTo,
        language: caller.call.language,
        taskId,
        userId,
        principal: caller.user,
        command,
        createdAt: new Date(now()),
      };
      await database.transaction(async (transaction) => {
        await insertTask(transaction, task);
        await orchestrator.logIn(transaction, task, { kind: 'queued', data: { agent, task: params.task } });
      });
      orchestrator.wake();
      return { taskId };
    },

    async status(taskId: string, caller: Caller): Promise<RawResultOf<C, 'agent.status'>> {
      const { task, granted } = await access.task(taskId, caller, 'read');
      const blobs = createBlobs(granted.areaPath);
      const changes = await readChanges(database, taskId);
      const changeSet = await Promise.all(changes.map((change) => describeChange(change, blobs)));
      const overlaps = await overlapsOf(database, { taskId });
      return { ...infoOf(task), progress: progressOf(task), changeSet, findings: task.findings, overlaps };
    },

    async export({ taskId, after }: Params<'agent.export'>, caller: Caller): Promise<ExportPage> {
      const { task, granted } = await access.task(taskId, caller, 'read');
      const blobs = createBlobs(granted.areaPath);
      return exportTask(task, after, {
        database,
        info: infoOf(task),
        folders: [granted.workspacePath, granted.areaPath, path.dirname(granted.workspacePath)],
        changeSet: async () => {
          const changes = await readChanges(database, taskId);
          return Promise.all(changes.map((change) => describeChange(change, blobs)));
        },
      });
    },

    async info(taskId: string, caller: Caller): Promise<TaskInfo> {
      return infoOf((await access.task(taskId, caller, 'read')).task);
    },

    async list(params: Params<'agent.list'>, caller: Caller): Promise<RawResultOf<C, 'agent.list'>> {
      const { projectId, status = null, cursor = null, limit } = params;
      await access.project(projectId, caller, 'read');
      const rows = await listTasks(database, { projectId, status, before: cursor, limit: limit + 1 });
      const tasks = rows.slice(0, limit).map(infoOf);
      return { tasks, nextCursor: rows.length > limit ? (tasks.at(-1)?.taskId ?? null) : null };
    },

    async proposals(
      { projectId }: Params<'agent.proposals'>,
      caller: Caller,
    ): Promise<RawResultOf<C, 'agent.proposals'>> {
      await access.project(projectId, caller, 'read');
      const files = await openProposals(database, projectId, mostProposedFiles + 1);
      return { files: files.slice(0, mostProposedFiles), more: files.length > mostProposedFiles };
    },

    async reply(params: Params<'agent.reply'>, caller: Caller): Promise<TaskInfo> {
      const { task } = await access.task(params.taskId, caller, 'write');
      const { consent } = task;
      if (consent !== null) {
        const { consentId } = consent;
        const decision = decisionIn(params.text, consent.choices);
        return this.consent({ taskId: task.taskId, consentId, decision, text: params.text }, caller);
      }
      const conversation = { ...(task.conversation as object), reply: params.text };
      const change = { status: 'pending', question: null, conversation } as const;
      await database.transaction(async (transaction) => {
        if (!(await updateTask(transaction, task.taskId, { from: ['waiting_for_input'], change })))
          throw wrongState(task);
        const data = { text: params.text, userId: caller.user.userId };
        await orchestrator.logIn(transaction, task, { kind: 'replied', data });
      });
      orchestrator.wake();
      return this.info(task.taskId, caller);
    },

    async consent(
      params: Params<'agent.consent'> & { readonly text?: string },
      caller: Caller,
    ): Promise<TaskInfo> {
      const { taskId, consentId, decision } = params;
      const { task } = await access.task(taskId, caller, 'write');
      const { consent } = task;
      if (consent?.consentId !== consentId || !consent.choices.includes(decision))
        throw fault('agents.consent_stale');
      const text = params.text ?? decisionText(decision, caller.call.language);
      const by = { userId: caller.user.userId, text };
      if (!(await orchestrator.decide(task, consent, { decision, by }))) throw fault('agents.consent_stale');
      orchestrator.wake();
      return this.info(taskId, caller);
    },

    async cancel(taskId: string, caller: Caller): Promise<TaskInfo> {
      const { task } = await access.task(taskId, caller, 'write');
      if (!open.some((status) => status === task.status)) throw wrongState(task);
      // Entered first: whatever the task is doing, none of it counts from now on.
      const ended = await orchestrator.end(task, open, { status: 'cancelled' });
      orchestrator.stop(taskId);
      if (ended) await publish('agent.cancelling', { taskId });
      return this.info(taskId, caller);
    },
  };
}

export type AgentService = ReturnType<typeof createAgentService>;

function infoOf(task: TaskRow): TaskInfo {
  const { principal: _principal, conversation: _conversation, mode: _mode, ...told } = task;
  const { held: _held, copiedAt: _copiedAt, language: _language, ...shown } = told;
  return {
    ...shown,
    createdAt: task.createdAt.toISOString(),
    startedAt: task.startedAt?.toISOString() ?? null,
    finishedAt: task.finishedAt?.toISOString() ?? null,
  };
}

function progressOf({ status, usage, budget }: TaskRow): number {
  if (status === 'pending') return 0;
  if (status !== 'running' && status !== 'waiting_for_input') return 1;
  return Math.min(0.95, 0.05 + tokensOf(usage) / budget.tokens);
}
