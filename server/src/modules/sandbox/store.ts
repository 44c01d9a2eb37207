import type { Queryable } from '#kernel/database/database.ts';
import type { EngineName, FilesGrant } from './contract-execute.ts';
import type { KilledBy, Limits, LimitsInput } from './run/contract-shapes.ts';

export interface RunRow {
  readonly engine: EngineName;
  readonly fuel_used: bigint | null;
  readonly process_id: string;
  readonly project_id: string;
  readonly user_id: string;
  readonly config_id: string | null;
  readonly command: string;
  readonly args: readonly string[];
  readonly started_at: Date;
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly killed_by: KilledBy | null;
  readonly duration_ms: number;
  readonly cpu_ms: number;
  readonly peak_memory_bytes: bigint;
  readonly peak_processes: number;
  readonly output_bytes: bigint;
  readonly limits: Limits;
}

export interface ConfigRow {
  readonly config_id: string;
  readonly project_id: string;
  readonly name: string;
  readonly engine: EngineName;
  readonly files: FilesGrant;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly timeout_ms: number | null;
  readonly limits: LimitsInput & { readonly fuel?: number | undefined };
  readonly updated_at: Date;
  readonly keep_input: boolean;
  readonly network: boolean;
}

export interface PolicyRow {
  readonly mode: 'off' | 'allowList';
  readonly hosts: readonly string[];
}

/** Adds ended runs in one statement; a run that is there already stays as it is. */
export async function insertRuns(database: Queryable, rows: readonly RunRow[]): Promise<void> {
  const text = (value: unknown) =>
    JSON.stringify(value, (_key, part) => (typeof part === 'bigint' ? String(part) : part));
  const records = rows.map((row) => ({ ...row, command: row.command.toWellFormed() }));
  await database.execute({
    name: 'sandbox-run-insert',
    text: `
      insert into sandbox.run (process_id, project_id, user_id, config_id, command, args, started_at, exit_code,
        signal, killed_by, duration_ms, cpu_ms, peak_memory_bytes, peak_processes, output_bytes, limits, engine,
        fuel_used)
      select process_id, project_id, user_id, config_id, command, args, started_at, exit_code,
        signal, killed_by, duration_ms, cpu_ms, peak_memory_bytes, peak_processes, output_bytes, limits, engine,
        fuel_used
      from json_populate_recordset(null::sandbox.run, $1::json)
      on conflict (process_id) do nothing`,
    values: [text(records)],
  });
}

/** Forgets the oldest runs of a project beyond `keep`. */
export async function pruneRuns(database: Queryable, projectId: string, keep: number): Promise<void> {
  await database.execute({
    name: 'sandbox-run-prune',
    text: `
      delete from sandbox.run where project_id = $1 and process_id < (
        select process_id from sandbox.run where project_id = $1 order by process_id desc offset $2 limit 1)`,
    values: [projectId, keep - 1],
  });
}

/** Newest first, those before `cursor`. */
export function selectRuns(
  database: Queryable,
  page: { projectId: string; cursor: string | null; limit: number },
): Promise<RunRow[]> {
  return database.query<RunRow>({
    text: `
      select process_id, project_id, user_id, config_id, command, args, started_at, exit_code, signal, killed_by,
        duration_ms, cpu_ms, peak_memory_bytes, peak_processes, output_bytes, limits, engine, fuel_used
      from sandbox.run
      where project_id = $1 and ($2::uuid is null or process_id < $2)
      order by process_id desc
      limit $3`,
    values: [page.projectId, page.cursor, page.limit],
  });
}

export function selectConfigs(database: Queryable, projectId: string): Promise<ConfigRow[]> {
  return database.query<ConfigRow>({
    text: `
      select ${configColumns}
      from sandbox.run_config where project_id = $1 order by lower(name), config_id`,
    values: [projectId],
  });
}

const configColumns = `config_id, project_id, name, command, args, env, cwd, timeout_ms, limits, updated_at, engine, files,
  keep_input, network`;
const configValues = (row: ConfigRow) => [
  row.config_id,
  row.project_id,
  row.name,
  row.command,
  JSON.stringify(row.args),
  JSON.stringify(row.env),
  row.cwd,
  row.timeout_ms,
  JSON.stringify(row.limits),
  row.updated_at,
  row.engine,
  row.files,
  row.keep_input,
  row.network,
];

/** Adds a configuration unless the project has `limit` of them. Returns 0 then, 1 when it was added. */
export function insertConfig(database: Queryable, row: ConfigRow, limit: number): Promise<number> {
  return database.execute({
    text: `
      insert into sandbox.run_config (${configColumns})
      select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14
      where (select count(*) from sandbox.run_config where project_id = $2) < $15`,
    values: [...configValues(row), limit],
  });
}

/** Replaces a configuration of the project. Returns 0 when there is none with this id. */
export function updateConfig(database: Queryable, row: ConfigRow): Promise<number> {
  return database.execute({
    text: `
      update sandbox.run_config set name = $3, command = $4, args = $5, env = $6, cwd = $7, timeout_ms = $8,
        limits = $9, updated_at = $10, engine = $11, files = $12, keep_input = $13, network = $14
      where config_id = $1 and project_id = $2`,
    values: configValues(row),
  });
}

export function deleteConfig(
  database: Queryable,
  key: { projectId: string; configId: string },
): Promise<number> {
  return database.execute({
    text: 'delete from sandbox.run_config where config_id = $1 and project_id = $2',
    values: [key.configId, key.projectId],
  });
}

export async function selectPolicy(database: Queryable, projectId: string): Promise<PolicyRow | null> {
  const [row] = await database.query<PolicyRow>({
    name: 'sandbox-policy-select',
    text: 'select mode, hosts from sandbox.network_policy where project_id = $1',
    values: [projectId],
  });
  return row ?? null;
}

export async function upsertPolicy(
  database: Queryable,
  policy: PolicyRow & { projectId: string; userId: string; at: Date },
): Promise<void> {
  await database.execute({
    text: `
      insert into sandbox.network_policy (project_id, mode, hosts, updated_by, updated_at)
      values ($1, $2, $3, $4, $5)
      on conflict (project_id) do update
      set mode = excluded.mode, hosts = excluded.hosts, updated_by = excluded.updated_by, updated_at = excluded.updated_at`,
    values: [policy.projectId, policy.mode, JSON.stringify(policy.hosts), policy.userId, policy.at],
  });
}

/** Forgets everything about a project that exists no more. */
export async function deleteProject(database: Queryable, projectId: string): Promise<void> {
  for (const table of ['run', 'run_config', 'network_policy']) {
    await database.execute({
      text: `delete from sandbox.${table} where project_id = $1`,
      values: [projectId],
    });
  }
}
