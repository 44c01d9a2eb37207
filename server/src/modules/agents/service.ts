import { isUtf8 } from 'node:buffer';
import type { Call, ParsedParamsOf, RawResultOf } from '#base/contract.ts';
import { fault } from '#base/fault.ts';
import { newId } from '#base/ids.ts';
import type { Principal } from '#base/principal.ts';
import type { Database } from '#kernel/database/database.ts';
import { unlimitedRoom } from '#kernel/files/workspace.ts';
import type { Publish } from '#kernel/module.ts';
import { type Blobs, createBlobs } from './changes/blobs.ts';
import { appliedFiles, readChanges } from './changes/change-store.ts';
import { unifiedDiff } from './changes/diff-lines.ts';
import type { Integration, Proposal, Target } from './changes/integration.ts';
import type { FileChange } from './changes/worktree.ts';
import type { AgentsConfig } from './config.ts';
import type { agentsContract } from './contract.ts';
import type { ChangedFile, ChangeState, TaskInfo, Written } from './contract-shapes.ts';
import { definitions } from './definitions.ts';
import type { Orchestrator } from './queue/orchestrator.ts';
import type { Clients } from './queue/runner.ts';
import { countOpen, findTask, insertTask, listTasks, type TaskRow, updateTask } from './queue/task-store.ts';

type C = typeof agentsContract;
type Params<K extends keyof C['methods'] & string> = ParsedParamsOf<C, K>;

export interface Caller {
  readonly user: Principal;
  readonly call: Call;
}

const open = ['pending', 'running', 'waiting_for_input'] as const;
const diffCharacters = 200_000;

/** The rules of agent.*: who may see and decide what, and what becomes of a proposed change. */
export function createAgentService(deps: {
  readonly database: Database;
  readonly clients: Pick<Clients, 'projects'>;
  readonly orchestrator: Orchestrator;
  readonly integration: Integration;
  readonly config: AgentsConfig;
  readonly publish: Publish<C>;
  readonly now: () => number;
}) {
  const { database, clients, orchestrator, integration, config, publish, now } = deps;

  function access(projectId: string, { user, call }: Caller, need: 'read' | 'write') {
    return clients.projects.call(
      'project.access',
      { projectId, userId: user.userId, need, globalRole: user.role },
      call,
    );
  }

  /** A task of a project that the caller may use; for others it does not exist. */
  async function taskFor(taskId: string, caller: Caller, need: 'read' | 'write') {
    const task = await findTask(database, taskId);
    if (task === undefined) throw fault('agents.task_unknown');
    return { task, granted: await access(task.projectId, caller, need) };
  }

  async function targetOf(task: TaskRow, caller: Caller): Promise<Target> {
    const { projectId } = task;
    const granted = await access(projectId, caller, 'write');
    return {
      // What a merge adds was counted as free space of the owner before; projects count it exactly afterwards.
      workspace: { ...granted, room: unlimitedRoom },
      blobs: createBlobs(granted.areaPath),
      preserve: async (paths) => {
        await clients.projects.call(
          'project.file.preserve',
          { projectId, userId: caller.user.userId, paths: [...paths] },
          caller.call,
        );
      },
    };
  }

  async function write(
    task: TaskRow,
    caller: Caller,
    work: {
      readonly kind: 'apply' | 'rollback';
      readonly proposals: readonly Proposal[];
      readonly preview?: boolean;
    },
  ): Promise<Written> {
    const { taskId, projectId } = task;
    const { userId } = caller.user;
    const state: ChangeState = work.kind === 'apply' ? 'applied' : 'rolled_back';
    const at = new Date(now());
    const operation = { operationId: newId(now()), taskId, projectId, userId, kind: work.kind, at };
    const target = await targetOf(task, caller);
    const result = await integration.integrate(operation, work.proposals, {
      target,
      preview: work.preview === true,
      onDone: async (transaction, written) => {
        const whole = work.kind === 'apply' || (await appliedFiles(transaction, taskId)).length === 0;
        if (whole)
          await updateTask(transaction, taskId, { from: ['completed'], change: { changeState: state } });
        await publish(
          'agent.change',
          { taskId, projectId, userId, change: state, paths: [...written] },
          { transaction },
        );
      },
    });
    if (work.preview !== true && result.conflicts.length === 0) {
      await orchestrator.log(task, work.kind === 'apply' ? 'applied' : 'rolled_back', {
        paths: result.written,
        userId,
      });
      await clients.projects.call('project.usage.add', { projectId, bytes: 0, files: 0 }, caller.call);
    }
    return result;
  }

  return {
    async dispatch(params: Params<'agent.dispatch'>, caller: Caller): Promise<{ taskId: string }> {
      const { projectId, agent, command = null, after } = params;
      await access(projectId, caller, 'write');
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
      await insertTask(database, {
        ...params,
        taskId,
        userId,
        principal: caller.user,
        command,
        createdAt: new Date(now()),
      });
      await orchestrator.log({ taskId, projectId }, 'queued', { agent, task: params.task });
      orchestrator.wake();
      return { taskId };
    },

    async status(taskId: string, caller: Caller): Promise<RawResultOf<C, 'agent.status'>> {
      const { task, granted } = await taskFor(taskId, caller, 'read');
      const blobs = createBlobs(granted.areaPath);
      const changes = await readChanges(database, taskId);
      const changeSet = await Promise.all(changes.map((change) => describeChange(change, blobs)));
      return { ...infoOf(task), progress: progressOf(task), changeSet, findings: task.findings };
    },

    async info(taskId: string, caller: Caller): Promise<TaskInfo> {
      return infoOf((await taskFor(taskId, caller, 'read')).task);
    },

    async list(params: Params<'agent.list'>, caller: Caller): Promise<RawResultOf<C, 'agent.list'>> {
      const { projectId, status = null, cursor = null, limit } = params;
      await access(projectId, caller, 'read');
      const rows = await listTasks(database, { projectId, status, before: cursor, limit: limit + 1 });
      const tasks = rows.slice(0, limit).map(infoOf);
      return { tasks, nextCursor: rows.length > limit ? (tasks.at(-1)?.taskId ?? null) : null };
    },

    async reply(params: Params<'agent.reply'>, caller: Caller): Promise<TaskInfo> {
      const { task } = await taskFor(params.taskId, caller, 'write');
      const conversation = { ...(task.conversation as object), reply: params.text };
      const change = { status: 'pending', question: null, conversation } as const;
      if (!(await updateTask(database, task.taskId, { from: ['waiting_for_input'], change })))
        throw wrongState(task);
      await orchestrator.log(task, 'replied', { text: params.text, userId: caller.user.userId });
      orchestrator.wake();
      return this.info(task.taskId, caller);
    },

    async cancel(taskId: string, caller: Caller): Promise<TaskInfo> {
      const { task } = await taskFor(taskId, caller, 'write');
      if (!open.some((status) => status === task.status)) throw wrongState(task);
      // Entered first: whatever the task is doing, none of it counts from now on.
      const ended = await orchestrator.end(task, open, { status: 'cancelled' });
      orchestrator.stop(taskId);
      if (ended) await publish('agent.cancelling', { taskId });
      return this.info(taskId, caller);
    },

    async apply(params: Params<'agent.apply'>, caller: Caller): Promise<Written> {
      const { task } = await taskFor(params.taskId, caller, 'write');
      if (task.changeState === 'none') throw wrongState(task);
      const changes = await readChanges(database, task.taskId);
      const chosen = changes.filter(({ path }) => params.paths === undefined || params.paths.includes(path));
      const proposals = chosen.map((change) =>
        Object.hasOwn(params.resolutions, change.path)
          ? { ...change, resolution: params.resolutions[change.path] ?? null }
          : change,
      );
      return write(task, caller, { kind: 'apply', proposals });
    },

    async reject(taskId: string, caller: Caller): Promise<TaskInfo> {
      const { task } = await taskFor(taskId, caller, 'write');
      if (task.changeState !== 'proposed') throw wrongState(task);
      const { projectId } = task;
      const { userId } = caller.user;
      await database.transaction(async (transaction) => {
        await updateTask(transaction, taskId, { from: ['completed'], change: { changeState: 'rejected' } });
        await publish(
          'agent.change',
          { taskId, projectId, userId, change: 'rejected', paths: [] },
          { transaction },
        );
      });
      await orchestrator.log(task, 'rejected', { userId });
      return this.info(taskId, caller);
    },

    async rollback(params: Params<'agent.rollback'>, caller: Caller): Promise<Written> {
      const { task } = await taskFor(params.taskId, caller, 'write');
      const applied = await appliedFiles(database, task.taskId);
      if (applied.length === 0) throw wrongState(task);
      const chosen = applied.filter(({ path }) => params.paths === undefined || params.paths.includes(path));
      const proposals = chosen.map(({ path, beforeHash, afterHash, executable }) => ({
        path,
        baseHash: afterHash,
        afterHash: beforeHash,
        executable,
      }));
      return write(task, caller, { kind: 'rollback', proposals, preview: params.preview });
    },
  };
}

export type AgentService = ReturnType<typeof createAgentService>;

function wrongState(task: TaskRow): Error {
  const state = task.status === 'completed' && task.changeState !== 'none' ? task.changeState : task.status;
  return fault('agents.state_wrong', { state });
}

function infoOf(task: TaskRow): TaskInfo {
  const { principal: _principal, conversation: _conversation, files: _files, mode: _mode, ...shown } = task;
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
  const tokens = usage.promptTokens + usage.completionTokens + usage.estimatedTokens;
  return Math.min(0.95, 0.05 + tokens / budget.tokens);
}

async function describeChange(change: FileChange, blobs: Blobs): Promise<ChangedFile> {
  const { path, baseHash, afterHash } = change;
  const [before, after] = await Promise.all(
    [baseHash, afterHash].map((hash) => (hash === null ? Buffer.alloc(0) : blobs.get(hash))),
  );
  const kind = baseHash === null ? 'created' : afterHash === null ? 'deleted' : 'changed';
  const binary = [before, after].some(
    (bytes) => bytes !== undefined && (!isUtf8(bytes) || bytes.includes(0)),
  );
  if (binary) return { path, change: kind, binary, addedLines: 0, removedLines: 0, diff: '' };
  const { diff, added, removed } = unifiedDiff(String(before ?? ''), String(after ?? ''));
  return {
    path,
    change: kind,
    binary,
    addedLines: added,
    removedLines: removed,
    diff: diff.length > diffCharacters ? `${diff.slice(0, diffCharacters)}\n[the rest is not shown]\n` : diff,
  };
}
