import type { Call, Client, ResultOf } from '#base/contract.ts';
import { Principal } from '#base/principal.ts';
import { LazyCall } from '#kernel/rpc/call-context.ts';
import { newTraceId } from '#kernel/telemetry/trace.ts';
import type { projectsContract } from '#modules/projects/contract.ts';
import type { sandboxContract } from '#modules/sandbox/contract.ts';
import { type Blobs, createBlobs } from '../changes/blobs.ts';
import { createWorktrees, type Worktree, type Worktrees } from '../changes/worktree.ts';
import type { AgentsConfig } from '../config.ts';
import { createWorkbench, type Workbench } from '../tools/workbench.ts';
import type { TaskRow } from './task-store.ts';

/** Where a task works: its project's folders, and its copy of the files. */
export interface Room {
  readonly granted: ResultOf<typeof projectsContract, 'project.access'>;
  readonly blobs: Blobs;
  readonly worktrees: Worktrees;
  /** Tools in the copy of this id. */
  bench(worktree: Pick<Worktree, 'path' | 'wrote' | 'list'>): Workbench;
}

/** Opens it in the name of whoever dispatched the task. @throws projects.* when they may no longer write there */
export async function openRoom(
  task: Pick<TaskRow, 'taskId' | 'projectId' | 'userId' | 'principal' | 'files'>,
  parts: {
    readonly clients: {
      readonly projects: Client<typeof projectsContract>;
      readonly sandbox: Client<typeof sandboxContract>;
    };
    readonly config: AgentsConfig;
    readonly call: Call;
    readonly now: () => number;
  },
): Promise<Room> {
  const { clients, config, call, now } = parts;
  const { projectId, userId, taskId, files } = task;
  const globalRole = Principal.parse(task.principal).role;
  const access = { projectId, userId, need: 'write', globalRole } as const;
  const granted = await clients.projects.call('project.access', access, call);
  const { areaPath, workspacePath, stagingPath, limits } = granted;
  const blobs = createBlobs(areaPath);
  return {
    granted,
    blobs,
    worktrees: createWorktrees({
      workspacePath,
      areaPath,
      blobs,
      namedFiles: files,
      limits: { files: config.copyFiles, bytes: config.copyBytes, depth: limits.depth },
      spareCopies: config.spareCopies,
      now,
    }),
    bench: (worktree) =>
      createWorkbench({
        worktreePath: worktree.path,
        stagingPath,
        limits,
        sandbox: clients.sandbox,
        projectId,
        taskId,
        call,
        namedFiles: files,
        wrote: worktree.wrote,
        list: worktree.list,
      }),
  };
}

/** A call in the name of whoever dispatched the task. */
export function callOf(task: Pick<TaskRow, 'principal'>, signal: AbortSignal): Call {
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
