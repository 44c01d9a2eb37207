import { queryOptions } from '@tanstack/react-query';
import { queryClient } from '../../app/query-client.ts';
import { rpc } from '../../rpc/client.ts';
import type { Chunk, Result } from '../../rpc/contracts.ts';

export type TaskDetail = Result<'agent.status'>;
export type Task = Result<'agent.list'>['tasks'][number];
type Watched = Chunk<'agent.watch'>;
export type Writing = Extract<Watched, { kind: 'writing' }>;
export type Step = Exclude<Watched, Writing>;
export type Written = Result<'agent.apply'>;
export type Conflict = Written['conflicts'][number];
export type OpenProposal = Result<'agent.proposals'>['files'][number];
export type ProposedFile = Result<'agent.file'>;

export const openStates: ReadonlySet<Task['status']> = new Set(['pending', 'running', 'waiting_for_input']);

const tasksKey = (projectId: string) => ['agents', projectId, 'tasks'];
const taskKey = (taskId: string) => ['agents.task', taskId];

const busyPollMs = 3_000;
const quietPollMs = 30_000;

/** The tasks of a project, newest first; asked more often while one of them is open. */
export const tasksQuery = (projectId: string) =>
  queryOptions({
    queryKey: tasksKey(projectId),
    queryFn: async () => {
      const { tasks } = await rpc.call('agent.list', { projectId, limit: 200 });
      return tasks;
    },
    refetchInterval: ({ state }) =>
      state.data?.some(({ status }) => openStates.has(status)) ? busyPollMs : quietPollMs,
  });

/** Files that tasks propose to change; read again whenever another set of tasks is undecided. */
export const proposalsQuery = (projectId: string, tasks: readonly Task[]) => {
  const undecided = tasks.filter(({ changeState }) => changeState === 'proposed');
  return queryOptions({
    queryKey: ['agents', projectId, 'proposals', undecided.map(({ taskId }) => taskId).join()],
    queryFn: async () => (await rpc.call('agent.proposals', { projectId })).files,
    enabled: undecided.length > 0,
  });
};

/** One task with what it proposes. */
export const taskQuery = (taskId: string) =>
  queryOptions({ queryKey: taskKey(taskId), queryFn: () => rpc.call('agent.status', { taskId }) });

/** Both sides of a proposed file: they never change. */
export const proposedFileQuery = (taskId: string, path: string) =>
  queryOptions({
    queryKey: ['agents.file', taskId, path],
    queryFn: () => rpc.call('agent.file', { taskId, path }),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** What the owners of a project have decided for its tasks. */
export const agentSettingsQuery = (projectId: string) =>
  queryOptions({
    queryKey: ['agents', projectId, 'settings'],
    queryFn: () => rpc.call('agent.settings.get', { projectId }),
    staleTime: 10_000,
  });

/** Reads a task and the list again after something was done to it. */
export async function refreshTask(projectId: string, taskId: string): Promise<void> {
  await Promise.all([
    queryClient.invalidateQueries({ queryKey: taskKey(taskId) }),
    queryClient.invalidateQueries({ queryKey: tasksKey(projectId) }),
  ]);
}

/** All tokens that a task has used. */
export function tokensOf(usage: Task['usage']): number {
  return usage.promptTokens + usage.completionTokens + usage.estimatedTokens;
}
