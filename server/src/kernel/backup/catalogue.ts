import type pg from 'pg';
import type { Manifest } from './manifest.ts';

/** Tables that describe running processes or this very database, not the installation's data. */
const left = new Set(['kernel.peer', 'kernel.migration', 'kernel.event_overflow']);

/** Every table of the platform's own schemas with the columns that hold data, in a stable order. */
export async function listTables(client: pg.ClientBase): Promise<Manifest['tables']> {
  const { rows } = await client.query<{ schema: string; table: string; columns: string[] }>(
    `select n.nspname as schema, c.relname as table,
            array_agg(a.attname::text order by a.attnum) as columns
     from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     where c.relkind = 'r' and c.relpersistence = 'p'
       and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'graphile_worker')
     group by 1, 2 order by 1, 2`,
  );
  return rows
    .filter(({ schema, table }) => !left.has(`${schema}.${table}`))
    .map((row) => ({ ...row, entry: `tables/${row.schema}.${row.table}.copy` }));
}

/** Where each sequence of the platform's schemas stands. */
export async function listSequences(client: pg.ClientBase): Promise<Manifest['sequences']> {
  const { rows } = await client.query<{ schema: string; sequence: string }>(
    `select schemaname as schema, sequencename as sequence from pg_sequences
     where schemaname !~ '^pg_' and schemaname <> 'graphile_worker' order by 1, 2`,
  );
  const sequences: Manifest['sequences'] = [];
  for (const { schema, sequence } of rows) {
    const state = await client.query<{ value: string; called: boolean }>(
      `select last_value::text as value, is_called as called from ${quoted(client, schema, sequence)}`,
    );
    const found = state.rows[0];
    if (found !== undefined) sequences.push({ schema, sequence, ...found });
  }
  return sequences;
}

/** Applied migrations as `module/file`. */
export async function listMigrations(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ file: string }>(
    `select module || '/' || file as file from kernel.migration order by 1`,
  );
  return rows.map((row) => row.file);
}

/** `"schema"."name"`, safe to put into a statement. */
export function quoted(client: pg.ClientBase, schema: string, name: string): string {
  return `${client.escapeIdentifier(schema)}.${client.escapeIdentifier(name)}`;
}
