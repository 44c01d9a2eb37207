import type { Call } from '#base/contract.ts';
import { fault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import type { Database } from '#kernel/database/database.ts';
import type { Clients } from './queue/runner.ts';
import { findTask, type TaskRow } from './queue/task-store.ts';

export interface Caller {
  readonly user: Principal;
  readonly call: Call;
}

export type AccessTask = ReturnType<typeof createTaskAccess>['task'];

/** Who may see and decide what: what a caller may not see does not exist for them. */
export function createTaskAccess(deps: {
  readonly database: Database;
  readonly clients: Pick<Clients, 'projects'>;
}) {
  const { database, clients } = deps;

  function project(projectId: string, { user, call }: Caller, need: 'read' | 'write' | 'own') {
    return clients.projects.call(
      'project.access',
      { projectId, userId: user.userId, need, globalRole: user.role },
      call,
    );
  }

  return {
    project,
    async task(taskId: string, caller: Caller, need: 'read' | 'write') {
      const task = await findTask(database, taskId);
      if (task === undefined) throw fault('agents.task_unknown');
      return { task, granted: await project(task.projectId, caller, need) };
    },
  };
}

/** The fault for what a task's state does not allow. */
export function wrongState(task: TaskRow): Error {
  const state = task.status === 'completed' && task.changeState !== 'none' ? task.changeState : task.status;
  return fault('agents.state_wrong', { state });
}
