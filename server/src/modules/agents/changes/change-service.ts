import type { ParsedParamsOf } from '#base/contract.ts';
import { fault } from '#base/fault.ts';
import { newId } from '#base/ids.ts';
import type { Database, Transaction } from '#kernel/database/database.ts';
import { unlimitedRoom } from '#kernel/files/workspace.ts';
import type { Publish } from '#kernel/module.ts';
import type { agentsContract } from '../contract.ts';
import type { Decision, ProposedFile, Written } from '../contract-changes.ts';
import { type MergeCheck, mergeFault } from '../queue/merge-check.ts';
import type { Orchestrator } from '../queue/orchestrator.ts';
import type { Clients } from '../queue/runner.ts';
import { type TaskRow, updateTask } from '../queue/task-store.ts';
import { type AccessTask, type Caller, wrongState } from '../task-access.ts';
import { createBlobs } from './blobs.ts';
import {
  appliedFiles,
  lastRollback,
  type Operation,
  type OperationFile,
  readChanges,
} from './change-store.ts';
import { describeFile, selectRegions } from './describe.ts';
import type { Integration, Proposal, Target } from './integration.ts';

type C = typeof agentsContract;
type Params<K extends keyof C['methods'] & string> = ParsedParamsOf<C, K>;

/** What becomes of a proposed change: looked at, applied in whole or in part, rejected, taken back, brought back. */
export function createChangeService(deps: {
  readonly database: Database;
  readonly clients: Pick<Clients, 'projects'>;
  readonly orchestrator: Orchestrator;
  readonly integration: Integration;
  readonly publish: Publish<C>;
  readonly now: () => number;
  readonly access: AccessTask;
  readonly mergeCheck: MergeCheck;
}) {
  const { database, clients, orchestrator, integration, publish, now, access, mergeCheck } = deps;

  function targetOf(
    { projectId }: TaskRow,
    granted: Awaited<ReturnType<AccessTask>>['granted'],
    caller: Caller,
  ): Target {
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
    { task, granted, caller }: { task: TaskRow; caller: Caller } & Awaited<ReturnType<AccessTask>>,
    work: {
      readonly kind: 'apply' | 'rollback';
      readonly proposals: readonly Proposal[];
      readonly preview: boolean;
      /** What the log tells beside the paths. */
      readonly note?: Record<string, unknown>;
      readonly approve?: (files: readonly OperationFile[]) => Promise<void>;
    },
  ): Promise<Written> {
    const { taskId, projectId } = task;
    const { userId } = caller.user;
    const { kind, proposals, preview, note = {}, approve } = work;
    const operation = { operationId: newId(now()), taskId, projectId, userId, kind, at: new Date(now()) };
    const result = await integration.integrate(operation, proposals, {
      target: targetOf(task, granted, caller),
      preview,
      ...(approve === undefined ? {} : { approve }),
      onDone: (transaction, written) => entered(transaction, operation, { written, ...note }),
    });
    if (!preview && result.conflicts.length === 0) {
      await clients.projects.call('project.usage.add', { projectId, bytes: 0, files: 0 }, caller.call);
    }
    return result;
  }

  /** Enters an operation's end with all that follows from it, so that a crash leaves none of it behind. */
  async function entered(
    transaction: Transaction,
    { kind, taskId, projectId, userId }: Operation,
    { written, ...note }: { readonly written: readonly string[] } & Record<string, unknown>,
  ): Promise<void> {
    const whole = kind === 'apply' || (await appliedFiles(transaction, taskId)).length === 0;
    const changeState = kind === 'apply' ? 'applied' : 'rolled_back';
    if (whole) await updateTask(transaction, taskId, { from: ['completed'], change: { changeState } });
    const paths = [...written];
    await orchestrator.logIn(
      transaction,
      { taskId, projectId },
      { kind: changeState, data: { ...note, paths, userId } },
    );
    await publish('agent.change', { taskId, projectId, userId, change: changeState, paths }, { transaction });
  }

  async function proposalsOf(
    { taskId }: TaskRow,
    { paths, hunks, decisions }: Params<'agent.apply'>,
    areaPath: string,
  ): Promise<Proposal[]> {
    const blobs = createBlobs(areaPath);
    const changes = await readChanges(database, taskId);
    const unknown = [...(paths ?? []), ...Object.keys(hunks)].find(
      (path) => !changes.some((change) => change.path === path),
    );
    if (unknown !== undefined) throw fault('agents.file_unknown', { path: unknown });
    const proposals: Proposal[] = [];
    for (const change of changes) {
      const { path } = change;
      if (paths !== undefined && !paths.includes(path)) continue;
      const chosen = Object.hasOwn(hunks, path) ? hunks[path] : undefined;
      const selected = chosen === undefined ? change : await selectRegions(change, new Set(chosen), blobs);
      if (selected === undefined) continue;
      if ('unknown' in selected) throw fault('agents.hunk_unknown', { path, number: selected.unknown });
      proposals.push({ ...change, afterHash: selected.afterHash, ...decisionOf(decisions, path) });
    }
    return proposals;
  }

  /** Runs the agent's check on the project as it would be, and refuses what does not pass. */
  function checkedMerge(task: TaskRow, caller: Caller) {
    return async (files: readonly OperationFile[]): Promise<void> => {
      const merged = await mergeCheck(task, files, caller);
      if (merged.kind === 'same') return;
      await orchestrator.log(task, 'check', { when: 'merged', ...merged });
      if (merged.kind === 'failed') throw mergeFault(merged);
    };
  }

  return {
    entered,
    async file({ taskId, path }: Params<'agent.file'>, caller: Caller): Promise<ProposedFile> {
      const { granted } = await access(taskId, caller, 'read');
      const change = (await readChanges(database, taskId)).find((entry) => entry.path === path);
      if (change === undefined) throw fault('agents.file_unknown', { path });
      return describeFile(change, createBlobs(granted.areaPath));
    },

    async apply(params: Params<'agent.apply'>, caller: Caller): Promise<Written> {
      const found = await access(params.taskId, caller, 'write');
      if (found.task.changeState === 'none') throw wrongState(found.task);
      const proposals = await proposalsOf(found.task, params, found.granted.areaPath);
      const { preview, hunks, insist } = params;
      const note = { hunks, ...(insist ? { insist } : {}) };
      const checked = insist ? {} : { approve: checkedMerge(found.task, caller) };
      return write({ ...found, caller }, { kind: 'apply', proposals, preview, note, ...checked });
    },

    async reject(taskId: string, caller: Caller): Promise<void> {
      const { task } = await access(taskId, caller, 'write');
      if (task.changeState !== 'proposed') throw wrongState(task);
      const { projectId } = task;
      const { userId } = caller.user;
      await database.transaction(async (transaction) => {
        await updateTask(transaction, taskId, { from: ['completed'], change: { changeState: 'rejected' } });
        const change = { taskId, projectId, userId, change: 'rejected' as const, paths: [] };
        await orchestrator.logIn(transaction, task, { kind: 'rejected', data: { userId } });
        await publish('agent.change', change, { transaction });
      });
    },

    async rollback(params: Params<'agent.rollback'>, caller: Caller): Promise<Written> {
      const { paths, decisions, preview } = params;
      const found = await access(params.taskId, caller, 'write');
      const applied = await appliedFiles(database, params.taskId);
      if (applied.length === 0) throw wrongState(found.task);
      const proposals = applied
        .filter(({ path }) => paths === undefined || paths.includes(path))
        .flatMap(({ path, writes }) => backwards(path, writes, decisions));
      return write({ ...found, caller }, { kind: 'rollback', proposals, preview });
    },

    async redo(params: Params<'agent.redo'>, caller: Caller): Promise<Written> {
      const { paths, decisions, preview, insist } = params;
      const found = await access(params.taskId, caller, 'write');
      const files = await lastRollback(database, params.taskId);
      if (files.length === 0) throw wrongState(found.task);
      const proposals = files
        .filter(({ path }) => paths === undefined || paths.includes(path))
        .flatMap((file) => backwards(file.path, [file], decisions));
      const note = { redo: true, ...(insist ? { insist } : {}) };
      const checked = insist ? {} : { approve: checkedMerge(found.task, caller) };
      return write({ ...found, caller }, { kind: 'apply', proposals, preview, note, ...checked });
    },
  };
}

function decisionOf(decisions: Readonly<Record<string, Decision>>, path: string): { decision?: Decision } {
  const decision = Object.hasOwn(decisions, path) ? decisions[path] : undefined;
  return decision === undefined ? {} : { decision };
}

/** Takes back what was written to a file, the latest first. */
function backwards(
  path: string,
  writes: readonly { beforeHash: string | null; afterHash: string | null; executable: boolean }[],
  decisions: Readonly<Record<string, Decision>>,
): Proposal[] {
  const steps = writes.map(({ beforeHash, afterHash }) => ({ baseHash: afterHash, afterHash: beforeHash }));
  const [first, ...further] = steps;
  const executable = writes.at(-1)?.executable === true;
  return first === undefined ? [] : [{ path, executable, ...first, further, ...decisionOf(decisions, path) }];
}
