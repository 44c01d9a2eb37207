import { queryOptions } from '@tanstack/react-query';
import { queryClient } from '../../app/query-client.ts';
import { rpc } from '../../rpc/client.ts';
import type { Result } from '../../rpc/contracts.ts';

export type AdminModel = Result<'admin.models.list'>['models'][number];
export type LocalModel = NonNullable<AdminModel['local']>;
export type DownloadState = Result<'admin.models.downloads'>['downloads'][number];
export type Provider = Result<'admin.providers.list'>['providers'][number];

export const adminModelsQuery = queryOptions({
  queryKey: ['admin.models'],
  queryFn: () => rpc.call('admin.models.list', {}),
  refetchInterval: 3_000,
});

export const modelStatusQuery = queryOptions({
  queryKey: ['admin.models', 'status'],
  queryFn: () => rpc.call('admin.models.status', {}),
  refetchInterval: 3_000,
});

export type ModelActivity = Result<'admin.models.activity'>;

export const modelActivityQuery = queryOptions({
  queryKey: ['admin.models', 'activity'],
  queryFn: () => rpc.call('admin.models.activity', {}),
  refetchInterval: 5_000,
});

export const downloadsQuery = queryOptions({
  queryKey: ['admin.downloads'],
  queryFn: () => rpc.call('admin.models.downloads', {}),
  refetchInterval: ({ state }) =>
    state.data?.downloads.some(
      ({ state: now }) => now === 'running' || now === 'checking' || now === 'waiting',
    )
      ? 1_000
      : 10_000,
});

export const catalogueQuery = queryOptions({
  queryKey: ['admin.catalogue'],
  queryFn: () => rpc.call('admin.models.catalogue', {}),
});

export const providersQuery = queryOptions({
  queryKey: ['admin.providers'],
  queryFn: () => rpc.call('admin.providers.list', {}),
  refetchInterval: 10_000,
});

export const routingQuery = queryOptions({
  queryKey: ['admin.routing'],
  queryFn: () => rpc.call('admin.routing.read', {}),
});

/** After any change: models, providers and what the playground offers are read anew. */
export async function refreshModels(): Promise<void> {
  const keys = [
    'admin.models',
    'admin.downloads',
    'admin.catalogue',
    'admin.providers',
    'admin.routing',
    'llm.models',
  ];
  await Promise.all(keys.map((key) => queryClient.invalidateQueries({ queryKey: [key] })));
}
