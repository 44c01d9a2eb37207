import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fault } from '#base/fault.ts';
import type { Database, Transaction } from './database.ts';

export interface MigrationSource {
  readonly name: string;
  readonly migrations?: URL;
}

interface MigrationFile {
  readonly module: string;
  readonly file: string;
  readonly sql: string;
  readonly sha256: string;
}

const lockKey = 6_711_001;
const kernelSource: MigrationSource = {
  name: 'kernel',
  migrations: new URL('./migrations/', import.meta.url),
};

async function filesOf(source: MigrationSource): Promise<MigrationFile[]> {
  const { migrations } = source;
  if (migrations === undefined) return [];
  const names = (await readdir(migrations)).filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (file) => {
      const sql = await readFile(new URL(file, migrations), 'utf8');
      return { module: source.name, file, sql, sha256: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

async function prepare(transaction: Transaction): Promise<void> {
  await transaction.execute({ text: 'create schema if not exists kernel' });
  await transaction.execute({
    text: `create table if not exists kernel.migration (
             module text not null,
             file text not null,
             sha256 text not null,
             applied_at timestamptz not null default now(),
             primary key (module, file)
           )`,
  });
}

/**
 * Applies what is missing: the kernel's files, then each module's in the given order, all in one transaction under
 * one advisory lock. Of several replicas that start at once, one migrates and the others wait and find it done.
 * @returns the applied files as `module/file`
 * @throws database.migration_changed when a file differs from what was applied under its name
 */
export async function migrate(database: Database, modules: readonly MigrationSource[]): Promise<string[]> {
  const files = (await Promise.all([kernelSource, ...modules].map(filesOf))).flat();
  return database.transaction(async (transaction) => {
    await transaction.execute({ text: 'select pg_advisory_xact_lock($1)', values: [lockKey] });
    await prepare(transaction);
    const known = await appliedFiles(transaction);
    const applied: string[] = [];
    for (const { module, file, sql, sha256 } of files) {
      const before = known.get(`${module}/${file}`);
      if (before === sha256) continue;
      if (before !== undefined) throw fault('database.migration_changed', { file: `${module}/${file}` });
      if (sql.trim() !== '') await transaction.execute({ text: `create schema if not exists "${module}"` });
      // Without values the simple protocol is used, which takes several statements at once.
      await transaction.execute({ text: sql });
      await transaction.execute({
        text: 'insert into kernel.migration (module, file, sha256) values ($1, $2, $3)',
        values: [module, file, sha256],
      });
      applied.push(`${module}/${file}`);
    }
    return applied;
  });
}

async function appliedFiles(transaction: Transaction): Promise<Map<string, string>> {
  const rows = await transaction.query<{ module: string; file: string; sha256: string }>({
    text: 'select module, file, sha256 from kernel.migration',
  });
  return new Map(rows.map((row) => [`${row.module}/${row.file}`, row.sha256]));
}
