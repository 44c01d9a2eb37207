import type { Database } from '#kernel/database/database.ts';

/** Beyond this a word tells so little apart that the exact number does not matter, and counting on takes longest. */
const mostCounted = 20_000;

/** In how many chunks each word stands, those of other branches included; at most `mostCounted`. */
export async function documentFrequencies(
  database: Database,
  projectId: string,
  terms: readonly string[],
): Promise<Map<string, number>> {
  const rows = await database.query<{ term: string; count: number }>({
    name: 'search-frequencies',
    text: `select given.term, (select count(*)::int from (select 1 from search.chunk c
        where c.project_id = $1 and c.terms @> array[given.term] limit $3) as found) as count
      from unnest($2::text[]) as given (term)`,
    values: [projectId, terms, mostCounted],
  });
  return new Map(rows.map(({ term, count }) => [term, count]));
}

export interface CandidateRow {
  readonly chunkId: bigint;
  readonly path: string;
  readonly startLine: number;
  readonly endLine: number;
  readonly symbol: string | null;
  readonly termCount: number;
  /** How often each of the asked words occurs, in their order. */
  readonly counts: number[];
}

/** Chunks of the files of now that have one of `any`, with the counts of all of `terms`. */
export async function findCandidates(
  database: Database,
  projectId: string,
  query: { readonly any: readonly string[]; readonly terms: readonly string[]; readonly limit: number },
): Promise<CandidateRow[]> {
  return database.query<CandidateRow>({
    name: 'search-candidates',
    text: `select c.chunk_id as "chunkId", f.path, c.start_line as "startLine", c.end_line as "endLine", c.symbol,
        c.term_count as "termCount",
        array(select coalesce(c.frequencies[array_position(c.terms, given.term)], 0)
          from unnest($3::text[]) with ordinality as given (term, place) order by given.place) as counts
      from search.chunk c join search.file f on f.project_id = c.project_id and f.content_hash = c.content_hash
      where c.project_id = $1 and c.terms && $2::text[]
      limit $4`,
    values: [projectId, query.any, query.terms, query.limit],
  });
}

export interface ChunkRow {
  readonly chunkId: bigint;
  readonly path: string;
  readonly startLine: number;
  readonly endLine: number;
  readonly symbol: string | null;
}

/** Chunks by id, as far as a file has them now. */
export async function chunksById(
  database: Database,
  projectId: string,
  ids: readonly number[],
): Promise<ChunkRow[]> {
  return database.query<ChunkRow>({
    name: 'search-chunks-by-id',
    text: `select c.chunk_id as "chunkId", f.path, c.start_line as "startLine", c.end_line as "endLine", c.symbol
      from search.chunk c join search.file f on f.project_id = c.project_id and f.content_hash = c.content_hash
      where c.project_id = $1 and c.chunk_id = any ($2::bigint[])`,
    values: [projectId, ids],
  });
}

/** The chunks of files, in order; for names around a line and for the map. */
export async function chunksOfFiles(
  database: Database,
  projectId: string,
  paths: readonly string[],
): Promise<ChunkRow[]> {
  return database.query<ChunkRow>({
    name: 'search-chunks-of-files',
    text: `select c.chunk_id as "chunkId", f.path, c.start_line as "startLine", c.end_line as "endLine", c.symbol
      from search.file f left join search.chunk c on f.project_id = c.project_id and f.content_hash = c.content_hash
      where f.project_id = $1 and f.path = any ($2::text[])
      order by f.path collate "C", c.start_line
      limit 200000`,
    values: [projectId, paths],
  });
}

/** One page of the paths of now, in order. */
export async function pathsAfter(
  database: Database,
  projectId: string,
  page: { readonly after: string; readonly limit: number },
): Promise<string[]> {
  const rows = await database.query<{ path: string }>({
    name: 'search-paths-after',
    text: `select path from search.file where project_id = $1 and path collate "C" > $2
      order by path collate "C" limit $3`,
    values: [projectId, page.after, page.limit],
  });
  return rows.map(({ path }) => path);
}

/** Chunks of now that have no vector of the model yet, each once. */
export async function chunksWithoutVector(
  database: Database,
  projectId: string,
  query: { readonly model: string; readonly limit: number; readonly after: bigint },
): Promise<ChunkRow[]> {
  return database.query<ChunkRow>({
    name: 'search-chunks-without-vector',
    text: `select distinct on (c.chunk_id) c.chunk_id as "chunkId", f.path, c.start_line as "startLine",
        c.end_line as "endLine", c.symbol
      from search.chunk c join search.file f on f.project_id = c.project_id and f.content_hash = c.content_hash
      where c.project_id = $1 and c.chunk_id > $4 and not exists (
        select 1 from search.embedding e where e.chunk_id = c.chunk_id and e.model = $2)
      order by c.chunk_id limit $3`,
    values: [projectId, query.model, query.limit, query.after],
  });
}

export async function saveVectors(
  database: Database,
  model: string,
  vectors: readonly { readonly chunkId: bigint; readonly vector: readonly number[] }[],
): Promise<void> {
  for (const { chunkId, vector } of vectors) {
    await database.execute({
      name: 'search-vector-insert',
      text: `insert into search.embedding (chunk_id, model, vector)
        select chunk_id, $2, $3::real[] from search.chunk where chunk_id = $1
        on conflict do nothing`,
      values: [chunkId, model, vector],
    });
  }
}

/** One page of a project's vectors, by chunk. */
export async function vectorsAfter(
  database: Database,
  projectId: string,
  query: { readonly model: string; readonly after: number; readonly limit: number },
): Promise<{ chunkId: bigint; vector: number[] }[]> {
  return database.query<{ chunkId: bigint; vector: number[] }>({
    name: 'search-vectors-after',
    text: `select e.chunk_id as "chunkId", e.vector from search.embedding e join search.chunk c using (chunk_id)
      where c.project_id = $1 and e.model = $2 and e.chunk_id > $3
      order by e.chunk_id limit $4`,
    values: [projectId, query.model, query.after, query.limit],
  });
}
