import type { Database, Queryable, Transaction } from '#kernel/database/database.ts';
import type { IndexedChunk, ScannedFile } from './worker/tasks.ts';

export interface FileRow extends ScannedFile {
  readonly contentHash: string;
}

/** One page of what stands at each path, by path. */
export async function listFiles(
  database: Queryable,
  projectId: string,
  page: { readonly after: string; readonly limit: number },
): Promise<ScannedFile[]> {
  return database.query<{ path: string; sizeBytes: number; modifiedMs: number }>({
    name: 'search-files',
    text: `select path, size_bytes::float8 as "sizeBytes", modified_ms as "modifiedMs"
      from search.file where project_id = $1 and path > $2 order by path limit $3`,
    values: [projectId, page.after, page.limit],
  });
}

/** Which of these contents have chunks already; they count as used now. */
export async function knownContents(
  database: Queryable,
  projectId: string,
  { hashes, now }: { readonly hashes: readonly string[]; readonly now: Date },
): Promise<Set<string>> {
  const rows = await database.query<{ hash: string }>({
    name: 'search-known-contents',
    text: `update search.content set used_at = $3
      where project_id = $1 and content_hash = any (select decode(hash, 'hex') from unnest($2::text[]) as given (hash))
      returning encode(content_hash, 'hex') as hash`,
    values: [projectId, hashes, now],
  });
  return new Set(rows.map(({ hash }) => hash));
}

/**
 * The transaction is whole or not there after a power cut, as any, but its last moment may be missing: an index is made again
 * from the files, and waiting for the disk at each of a thousand batches is most of what it would wait for.
 */
export async function withoutFlush(transaction: Transaction): Promise<void> {
  await transaction.execute({ text: 'set local synchronous_commit = off', values: [] });
}

/** Adds contents with their chunks; leaves out those that another process was faster with. Two statements in all. */
export async function saveContents(
  transaction: Transaction,
  projectId: string,
  {
    contents,
    now,
  }: {
    readonly contents: readonly { readonly contentHash: string; readonly chunks: readonly IndexedChunk[] }[];
    readonly now: Date;
  },
): Promise<void> {
  if (contents.length === 0) return;
  const rows = await transaction.query<{ hash: string }>({
    name: 'search-contents-insert',
    // In one order, so that two processes cannot wait for each other.
    text: `insert into search.content (project_id, content_hash, used_at)
      select $1, decode(hash, 'hex'), $3 from unnest($2::text[]) as given (hash) order by hash
      on conflict do nothing returning encode(content_hash, 'hex') as hash`,
    values: [projectId, contents.map(({ contentHash }) => contentHash), now],
  });
  const added = new Set(rows.map(({ hash }) => hash));
  const chunks = contents
    .filter(({ contentHash }) => added.has(contentHash))
    .flatMap((content) => content.chunks.map((chunk) => ({ ...chunk, contentHash: content.contentHash })));
  await transaction.execute({
    name: 'search-chunks-insert',
    text: `insert into search.chunk (project_id, content_hash, start_line, end_line, symbol, terms, frequencies, term_count)
      select $1, decode(hash, 'hex'), start_line, end_line, symbol, terms::text[], frequencies::int[], term_count
      from unnest($2::text[], $3::int[], $4::int[], $5::text[], $6::text[], $7::text[], $8::int[])
        as given (hash, start_line, end_line, symbol, terms, frequencies, term_count)`,
    values: [
      projectId,
      chunks.map(({ contentHash }) => contentHash),
      chunks.map(({ startLine }) => startLine),
      chunks.map(({ endLine }) => endLine),
      chunks.map(({ symbol }) => symbol?.toWellFormed().replaceAll('\0', '') ?? null),
      // An array of arrays of different lengths is none that PostgreSQL knows; each goes as its text.
      chunks.map(({ terms }) => `{${terms.map((term) => `"${term.replace(/["\\]/g, '\\$&')}"`).join(',')}}`),
      chunks.map(({ frequencies }) => `{${frequencies.join(',')}}`),
      chunks.map(({ termCount }) => termCount),
    ],
  });
}

export async function saveFiles(
  transaction: Transaction,
  projectId: string,
  files: readonly FileRow[],
): Promise<void> {
  await transaction.execute({
    name: 'search-file-upsert',
    text: `insert into search.file (project_id, path, content_hash, size_bytes, modified_ms)
      select $1, path, decode(hash, 'hex'), size, modified
      from unnest($2::text[], $3::text[], $4::bigint[], $5::float8[]) as given (path, hash, size, modified)
      on conflict (project_id, path) do update
        set content_hash = excluded.content_hash, size_bytes = excluded.size_bytes, modified_ms = excluded.modified_ms`,
    values: [
      projectId,
      files.map(({ path }) => path),
      files.map(({ contentHash }) => contentHash),
      files.map(({ sizeBytes }) => sizeBytes),
      files.map(({ modifiedMs }) => modifiedMs),
    ],
  });
}

/** Forgets paths. */
export async function removeFiles(
  database: Queryable,
  projectId: string,
  paths: readonly string[],
): Promise<void> {
  await database.execute({
    name: 'search-file-delete',
    text: 'delete from search.file where project_id = $1 and path = any ($2::text[])',
    values: [projectId, paths],
  });
}

/** Forgets paths and what lies below them, as they were folders, but for what is there now. */
export async function removeBelow(
  database: Queryable,
  projectId: string,
  { paths, except }: { readonly paths: readonly string[]; readonly except: readonly string[] },
): Promise<void> {
  await database.execute({
    name: 'search-file-delete-below',
    text: `delete from search.file f using unnest($2::text[]) as gone (path)
      where f.project_id = $1 and (f.path = gone.path or starts_with(f.path, gone.path || '/'))
        and f.path <> all ($3::text[])`,
    values: [projectId, paths, except],
  });
}

/** Contents at no path since then go, with chunks and vectors. */
export async function collectContents(database: Queryable, before: Date): Promise<void> {
  await database.execute({
    name: 'search-collect',
    text: `delete from search.content c where c.used_at < $1 and not exists (
        select 1 from search.file f where f.project_id = c.project_id and f.content_hash = c.content_hash)`,
    values: [before],
  });
}

export async function deleteProject(transaction: Transaction, projectId: string): Promise<void> {
  await transaction.execute({ text: 'delete from search.file where project_id = $1', values: [projectId] });
  await transaction.execute({
    text: 'delete from search.content where project_id = $1',
    values: [projectId],
  });
}

export interface Counts {
  readonly files: number;
  readonly chunks: number;
  readonly terms: number;
  readonly embedded: number;
}

/** What the files of now hold. */
export async function countIndex(
  database: Database,
  projectId: string,
  model: string | null,
): Promise<Counts> {
  const [row] = await database.query<{ files: number; chunks: number; terms: number; embedded: number }>({
    name: 'search-counts',
    text: `select (select count(*)::int from search.file where project_id = $1) as files,
        count(*)::int as chunks, coalesce(sum(term_count), 0)::float8 as terms,
        count(*) filter (where exists (
          select 1 from search.embedding e where e.chunk_id = c.chunk_id and e.model = $2))::int as embedded
      from search.chunk c where project_id = $1 and exists (
        select 1 from search.file f where f.project_id = c.project_id and f.content_hash = c.content_hash)`,
    values: [projectId, model],
  });
  return row ?? { files: 0, chunks: 0, terms: 0, embedded: 0 };
}
