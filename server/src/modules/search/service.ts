import type { Call, ParsedParamsOf, RawResultOf } from '#base/contract.ts';
import { fault, isFault } from '#base/fault.ts';
import type { Database } from '#kernel/database/database.ts';
import { readWorkspaceFile } from '#kernel/files/read.ts';
import { unlimitedRoom } from '#kernel/files/workspace.ts';
import type { IndexState, SearchLine, SearchResult, searchContract } from './contract.ts';
import type { Embedder } from './embedder.ts';
import type { IndexCounts } from './index/counts.ts';
import type { Freshness, WatchFiles } from './index/freshness.ts';
import type { IndexTarget } from './index/indexer.ts';
import { termsOf } from './index/terms.ts';
import { mapOf } from './map.ts';
import type { Meaning } from './meaning.ts';
import { type Entry, type Merged, mergeRanked, type RankedList } from './merge.ts';
import { type ChunkRow, chunksOfFiles } from './ranking-store.ts';
import { type GrepAnswer, patternOf } from './scan/grep.ts';
import { matcherOf } from './scan/ignore.ts';
import { rankByWords } from './words.ts';
import { grepTogether } from './worker/grep-together.ts';
import type { SearchThread } from './worker/pool.ts';

type Query = ParsedParamsOf<typeof searchContract, 'search.code'>;
type Answer = RawResultOf<typeof searchContract, 'search.code'>;

export interface Asked {
  readonly target: IndexTarget;
  readonly call: Call;
  /** Watches the files in the caller's name. */
  readonly watch: WatchFiles;
  /** As `call`, for work that outlives it. */
  readonly lasting: () => Call;
}

export interface SearchService {
  /** @throws search.pattern_invalid, search.timeout, search.busy */
  code(asked: Asked, query: Query): Promise<Answer>;
  status(projectId: string, call: Call): Promise<IndexState>;
  map(
    asked: Asked,
    query: { readonly query: string; readonly limitCharacters: number },
  ): Promise<RawResultOf<typeof searchContract, 'search.map'>>;
}

const mostWaiting = 20;
const shownLines = 8;

export function createSearchService(deps: {
  readonly database: Database;
  /** One search is shared among them. */
  readonly exactThreads: readonly SearchThread[];
  readonly freshness: Freshness;
  readonly embedder: Embedder;
  readonly meaning: Meaning;
  readonly counts: IndexCounts;
  readonly config: { readonly timeoutMs: number; readonly indexWaitMs: number; readonly embeddings: boolean };
}): SearchService {
  const { database, exactThreads, freshness, embedder, meaning, counts, config } = deps;

  async function exact(
    { target, call }: Asked,
    query: Query & { mode: 'exact' | 'regex' },
  ): Promise<GrepAnswer> {
    try {
      patternOf({ ...query, maxDepth: 0 });
    } catch (error) {
      const reason = error instanceof Error ? error.message.slice(0, 300) : 'unreadable';
      throw fault('search.pattern_invalid', { reason }, { cause: error });
    }
    if (exactThreads.some(({ waiting }) => waiting >= mostWaiting)) throw fault('search.busy');
    const { timeoutMs } = config;
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const { workspacePath, limits } = target.place;
      const request = { ...query, workspacePath, maxDepth: limits.depth };
      return await grepTogether(exactThreads, request, AbortSignal.any([timeout, call.signal]));
    } catch (error) {
      if (timeout.aborted && !call.signal.aborted)
        throw fault('search.timeout', { timeoutMs }, { cause: error });
      throw error;
    }
  }

  async function stateOf(
    projectId: string,
    model: string | null,
  ): Promise<{ index: IndexState; terms: number }> {
    const pending = freshness.pendingOf(projectId);
    const { files, chunks, embedded, terms } = await counts.of(projectId, model);
    const state = pending === null ? (files === 0 ? 'none' : 'ready') : pending > 0 ? 'indexing' : 'ready';
    return {
      index: { state, files, chunks, pending: pending ?? 0, embeddingModel: model, embeddedChunks: embedded },
      terms,
    };
  }

  const modelFor = (call: Call) => (config.embeddings ? embedder.model(call) : Promise.resolve(null));

  async function plain(asked: Asked, query: Query & { mode: 'exact' | 'regex' }): Promise<Answer> {
    const found = await exact(asked, query);
    const entries = await namedHits(asked.target, found, query);
    const { index } = await stateOf(asked.target.projectId, null);
    const results = entries.map((entry, rank) => ({
      ...entry,
      lines: entry.lines ?? [],
      found: ['exact' as const],
      score: 1 / (rank + 1),
    }));
    return { results, ranking: ['exact'], truncated: found.truncated, index };
  }

  /** Hits with the name of the definition that they are in, as far as the index knows it. */
  async function namedHits(
    { projectId }: IndexTarget,
    { hits }: GrepAnswer,
    { worktreeId }: Query,
  ): Promise<Entry[]> {
    // Where definitions are in a copy, no index knows.
    const paths = worktreeId === undefined ? [...new Set(hits.map(({ path }) => path))] : [];
    const chunks = Map.groupBy(await chunksOfFiles(database, projectId, paths), ({ path }) => path);
    return hits.map(({ path, line, lines }) => ({
      path,
      startLine: lines[0]?.line ?? line,
      endLine: lines.at(-1)?.line ?? line,
      symbol:
        chunks.get(path)?.find((chunk) => chunk.startLine <= line && line <= chunk.endLine)?.symbol ?? null,
      lines,
    }));
  }

  async function hybrid(asked: Asked, query: Query): Promise<Answer> {
    const { target, call } = asked;
    const { projectId } = target;
    const literal = exact(asked, { ...query, mode: 'exact' });
    literal.catch(() => undefined);
    await freshness.ensure(target, asked.watch, config.indexWaitMs);
    const model = await modelFor(call);
    const { index, terms } = await stateOf(projectId, model);
    const wanted = matcherFor(query);
    const words = await rankByWords(database, projectId, {
      text: query.query,
      chunks: index.chunks,
      terms,
      count: query.limit * 2,
    });
    const near =
      model === null || index.embeddedChunks === 0
        ? []
        : await meaning.nearest(target, { text: query.query, model, count: query.limit * 2, call });
    if (model !== null && index.embeddedChunks < index.chunks) meaning.fill(target, model, asked.lasting());
    const found = await literal;
    const lists: RankedList[] = [
      { by: 'exact', weight: 2, entries: await namedHits(target, found, query) },
      { by: 'words', weight: 1, entries: words.filter(wanted).map(entryOf) },
      { by: 'meaning', weight: 1, entries: near.filter(wanted).map(entryOf) },
    ];
    const merged = mergeRanked(lists);
    const results = await Promise.all(
      merged.slice(0, query.limit).map((entry) => shown(target, entry, query)),
    );
    return {
      results: results.filter((result) => result !== null),
      ranking: lists.filter(({ by, entries }) => by !== 'meaning' || entries.length > 0).map(({ by }) => by),
      truncated: found.truncated || merged.length > query.limit,
      index,
    };
  }

  return {
    code: (asked, query) => {
      const { mode, worktreeId } = query;
      if (mode === 'hybrid' && worktreeId !== undefined)
        throw fault('common.invalid_params', {
          field: 'mode',
          reason: 'a copy has no index: exact or regex',
        });
      return mode === 'hybrid' ? hybrid(asked, query) : plain(asked, { ...query, mode });
    },
    async status(projectId, call) {
      return (await stateOf(projectId, await modelFor(call))).index;
    },
    async map({ target, watch }, { query, limitCharacters }) {
      const { projectId } = target;
      await freshness.ensure(target, watch, config.indexWaitMs);
      const { index, terms } = await stateOf(projectId, null);
      const { chunks } = index;
      const ranked = await rankByWords(database, projectId, { text: query, chunks, terms, count: 200 });
      const first = new Set(ranked.map(({ path }) => path));
      return mapOf(database, projectId, { first, files: index.files, limitCharacters });
    },
  };
}

function matcherFor({ include, exclude }: Query): (entry: { readonly path: string }) => boolean {
  const included = include.length === 0 ? () => true : matcherOf(include);
  const excluded = matcherOf(exclude);
  return ({ path }) => included(path) && !excluded(path);
}

function entryOf({ path, startLine, endLine, symbol }: ChunkRow): Entry {
  return { path, startLine, endLine, symbol, lines: null };
}

const readBytes = 1024 ** 2;

/** The lines of a chunk as they are now; null when the file is gone or closed. */
export async function linesOf(
  { place }: IndexTarget,
  {
    path,
    startLine,
    endLine,
  }: { readonly path: string; readonly startLine: number; readonly endLine: number },
): Promise<string[] | null> {
  try {
    const { content } = await readWorkspaceFile({ ...place, room: unlimitedRoom }, path, {
      limitBytes: readBytes,
    });
    return content
      .toString('utf8')
      .split('\n')
      .slice(startLine - 1, endLine);
  } catch (error) {
    if (isFault(error)) return null;
    throw error;
  }
}

/** A ranked chunk shows its lines from the first one that has a word of the query. */
async function shown(target: IndexTarget, entry: Merged, query: Query): Promise<SearchResult | null> {
  if (entry.lines !== null) return { ...entry, lines: entry.lines };
  const lines = await linesOf(target, entry);
  if (lines === null) return null;
  const wanted = new Set(termsOf(query.query));
  const first = lines.findIndex((line) => termsOf(line).some((term) => wanted.has(term)));
  const from = Math.max(0, Math.min(first - 1, lines.length - shownLines));
  const part: SearchLine[] = lines.slice(from, from + shownLines).map((text, index) => ({
    line: entry.startLine + from + index,
    text: text.replace(/\r$/, '').slice(0, 400),
    ranges: [],
  }));
  return { ...entry, lines: part };
}
