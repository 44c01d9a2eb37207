import { queryOptions } from '@tanstack/react-query';
import { rpc } from '../rpc/client.ts';
import type { Result } from '../rpc/contracts.ts';
import { rest } from '../rpc/http.ts';
import { queryClient } from './query-client.ts';

/** What several views read. Each key names what is read; project data begins with ['project', id]. */

export const projectsQuery = queryOptions({
  queryKey: ['projects'],
  queryFn: async () => {
    const projects = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof listProjects>> = await listProjects(cursor);
      projects.push(...page.projects);
      cursor = page.nextCursor;
    } while (cursor !== null && projects.length < 2_000);
    return projects;
  },
});

function listProjects(cursor: string | null) {
  return rpc.call('project.list', { limit: 200, ...(cursor === null ? {} : { cursor }) });
}

export const projectQuery = (projectId: string) =>
  queryOptions({
    queryKey: ['project', projectId, 'open'],
    queryFn: () => rpc.call('project.open', { id: projectId }),
  });

/** What anybody may know before signing in: whether accounts can be made, the version. */
export const statusQuery = queryOptions({
  queryKey: ['auth.status'],
  queryFn: () => rest<Result<'auth.status'>>('GET', '/auth/status'),
  staleTime: 60_000,
});

export const templatesQuery = queryOptions({
  queryKey: ['templates'],
  queryFn: () => rpc.call('project.templates', {}),
  staleTime: Number.POSITIVE_INFINITY,
});

export const enginesQuery = queryOptions({
  queryKey: ['engines'],
  queryFn: () => rpc.call('sandbox.engines', {}),
  staleTime: 60_000,
});

/** Asked regularly: it also shows how quickly the server answers. */
export const balanceQuery = queryOptions({
  queryKey: ['balance'],
  queryFn: () => rpc.call('ledger.balance', {}),
  refetchInterval: 30_000,
});

export interface ChatModel {
  readonly id: string;
  readonly owner: string;
  /** Money for each generated token; an exact decimal. */
  readonly outputCost: string;
}

/** Models that answer conversations, those of this server first. */
export const chatModelsQuery = queryOptions({
  queryKey: ['llm.models', 'chat'],
  queryFn: async (): Promise<ChatModel[]> => {
    const { data } = await rpc.call('llm.models', {});
    return data
      .filter(({ capabilities }) => capabilities.chat)
      .map(({ id, owned_by: owner, output_cost: outputCost }) => ({ id, owner, outputCost }));
  },
  staleTime: 10_000,
});

export const branchesQuery = (projectId: string) =>
  queryOptions({
    queryKey: ['project', projectId, 'branches'],
    queryFn: () => rpc.call('project.git.branch', { projectId }),
  });

/** Reads everything about a project again that is shown now. */
export function refreshProject(projectId: string): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: ['project', projectId] });
}

export async function refreshProjects(): Promise<void> {
  await Promise.all([
    queryClient.invalidateQueries({ queryKey: ['projects'] }),
    queryClient.invalidateQueries({ queryKey: ['projects.deleted'] }),
  ]);
}
