import type { Queryable } from '#kernel/database/database.ts';
import type { ProviderKind, ProviderModel, Routing } from '../contract-shapes.ts';

export interface StoredProvider {
  readonly name: string;
  readonly kind: ProviderKind;
  readonly baseUrl: string;
  readonly models: readonly ProviderModel[];
  readonly enabled: boolean;
}

interface ProviderRow {
  name: string;
  kind: ProviderKind;
  base_url: string;
  models: ProviderModel[];
  enabled: boolean;
}

export async function listProviders(database: Queryable): Promise<StoredProvider[]> {
  const rows = await database.query<ProviderRow>({
    text: 'select name, kind, base_url, models, enabled from llm.provider order by name',
  });
  return rows.map(({ base_url: baseUrl, ...row }) => ({ ...row, baseUrl }));
}

/** False when there is one of this name. */
export async function insertProvider(
  database: Queryable,
  provider: StoredProvider,
  atMs: number,
): Promise<boolean> {
  const { name, kind, baseUrl, models, enabled } = provider;
  const inserted = await database.execute({
    text: `insert into llm.provider (name, kind, base_url, models, enabled, updated_at)
           values ($1, $2, $3, $4, $5, $6) on conflict (name) do nothing`,
    values: [name, kind, baseUrl, JSON.stringify(models), enabled, new Date(atMs)],
  });
  return inserted === 1;
}

/** False when there is none of this name. */
export async function updateProvider(
  database: Queryable,
  provider: StoredProvider,
  atMs: number,
): Promise<boolean> {
  const { name, kind, baseUrl, models, enabled } = provider;
  const updated = await database.execute({
    text: `update llm.provider set kind = $2, base_url = $3, models = $4, enabled = $5, updated_at = $6
            where name = $1`,
    values: [name, kind, baseUrl, JSON.stringify(models), enabled, new Date(atMs)],
  });
  return updated === 1;
}

export async function deleteProvider(database: Queryable, name: string): Promise<boolean> {
  return (await database.execute({ text: 'delete from llm.provider where name = $1', values: [name] })) === 1;
}

export async function upsertCredential(
  database: Queryable,
  credential: { readonly name: string; readonly sealed: Buffer; readonly atMs: number },
): Promise<void> {
  await database.execute({
    text: `insert into llm.credential (name, sealed, updated_at) values ($1, $2, $3)
           on conflict (name) do update set sealed = excluded.sealed, updated_at = excluded.updated_at`,
    values: [credential.name, credential.sealed, new Date(credential.atMs)],
  });
}

export async function findCredential(database: Queryable, name: string): Promise<Buffer | undefined> {
  const rows = await database.query<{ sealed: Buffer }>({
    text: 'select sealed from llm.credential where name = $1',
    values: [name],
  });
  return rows[0]?.sealed;
}

export async function deleteCredential(database: Queryable, name: string): Promise<void> {
  await database.execute({ text: 'delete from llm.credential where name = $1', values: [name] });
}

export async function listCredentialNames(database: Queryable): Promise<string[]> {
  const rows = await database.query<{ name: string }>({ text: 'select name from llm.credential' });
  return rows.map((row) => row.name);
}

export async function findRouting(database: Queryable): Promise<unknown> {
  const rows = await database.query<{ routes: unknown }>({ text: 'select routes from llm.routing' });
  return rows[0]?.routes;
}

export async function upsertRouting(database: Queryable, routes: Routing, atMs: number): Promise<void> {
  await database.execute({
    text: `insert into llm.routing (routes, updated_at) values ($1, $2)
           on conflict (singleton) do update set routes = excluded.routes, updated_at = excluded.updated_at`,
    values: [JSON.stringify(routes), new Date(atMs)],
  });
}
