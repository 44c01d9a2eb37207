import type { Queryable } from '#kernel/database/database.ts';
import type { ConnectionKind } from './contract.ts';

/** By the tool's name: the hash of the description that was approved, and one line of it. */
export type Approved = Readonly<Record<string, { readonly hash: string; readonly line: string }>>;

export interface ConnectionRow {
  readonly connectionId: string;
  readonly projectId: string;
  readonly name: string;
  readonly kind: ConnectionKind;
  readonly command: string | null;
  readonly args: string[];
  readonly url: string | null;
  readonly network: boolean;
  readonly timeoutMs: number;
  readonly secretNames: string[];
  readonly sealed: Buffer | null;
  readonly approved: Approved;
  readonly createdBy: string;
  readonly createdAt: Date;
}

const columns = `connection_id as "connectionId", project_id as "projectId", name, kind, command, args, url, network,
  timeout_ms as "timeoutMs", secret_names as "secretNames", sealed, approved, created_by as "createdBy",
  created_at as "createdAt"`;

/** False when the project has one of that name. */
export async function insertConnection(database: Queryable, row: ConnectionRow): Promise<boolean> {
  const count = await database.execute({
    text: `insert into connections.connection (connection_id, project_id, name, kind, command, args, url, network,
        timeout_ms, secret_names, sealed, approved, created_by, created_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '{}', $12, $13) on conflict (project_id, name) do nothing`,
    values: [
      row.connectionId,
      row.projectId,
      row.name,
      row.kind,
      row.command,
      JSON.stringify(row.args),
      row.url,
      row.network,
      row.timeoutMs,
      JSON.stringify(row.secretNames),
      row.sealed,
      row.createdBy,
      row.createdAt,
    ],
  });
  return count === 1;
}

export async function listConnections(database: Queryable, projectId: string): Promise<ConnectionRow[]> {
  return database.query<ConnectionRow>({
    name: 'connections-list',
    text: `select ${columns} from connections.connection where project_id = $1 order by name`,
    values: [projectId],
  });
}

export async function findConnection(
  database: Queryable,
  connectionId: string,
): Promise<ConnectionRow | undefined> {
  const [row] = await database.query<ConnectionRow>({
    name: 'connections-find',
    text: `select ${columns} from connections.connection where connection_id = $1`,
    values: [connectionId],
  });
  return row;
}

export async function deleteConnection(database: Queryable, connectionId: string): Promise<boolean> {
  const count = await database.execute({
    text: 'delete from connections.connection where connection_id = $1',
    values: [connectionId],
  });
  return count === 1;
}

export async function setApproved(
  database: Queryable,
  connectionId: string,
  approved: Approved,
): Promise<boolean> {
  const count = await database.execute({
    text: 'update connections.connection set approved = $2 where connection_id = $1',
    values: [connectionId, JSON.stringify(approved)],
  });
  return count === 1;
}

export async function deleteConnectionsOf(database: Queryable, projectId: string): Promise<void> {
  await database.execute({
    text: 'delete from connections.connection where project_id = $1',
    values: [projectId],
  });
}
