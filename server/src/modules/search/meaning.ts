import type { Call } from '#base/contract.ts';
import type { Database } from '#kernel/database/database.ts';
import type { Embedder } from './embedder.ts';
import type { IndexTarget } from './index/indexer.ts';
import {
  type ChunkRow,
  chunksById,
  chunksWithoutVector,
  saveVectors,
  vectorsAfter,
} from './ranking-store.ts';
import type { SearchThread } from './worker/pool.ts';

const batchSize = 16;
const pageSize = 2_000;
const loadedProjects = 8;

/** Search by meaning: vectors in the database are the truth, a thread compares a copy of them. */
export interface Meaning {
  /** The chunks nearest to the query, best first. */
  nearest(target: IndexTarget, query: MeaningQuery): Promise<ChunkRow[]>;
  /** Makes the missing vectors in the background, in the caller's name; one run per project. */
  fill(target: IndexTarget, model: string, call: Call): void;
  /** The thread has lost its copies. */
  reset(): void;
}

export interface MeaningQuery {
  readonly text: string;
  readonly model: string;
  readonly count: number;
  readonly call: Call;
}

export function createMeaning(deps: {
  readonly database: Database;
  readonly embedder: Embedder;
  readonly thread: SearchThread;
  /** The lines of a chunk, null when the file has changed. */
  readonly textOf: (target: IndexTarget, chunk: ChunkRow) => Promise<string | null>;
  readonly stopping: AbortSignal;
  readonly onError: (error: unknown) => void;
  /** A project has more vectors. */
  readonly onChange: (projectId: string) => void;
}): Meaning {
  const { database, embedder, thread } = deps;
  /** By project and model: the last chunk that the thread has. */
  const loaded = new Map<string, number>();
  const filling = new Set<string>();

  async function load(projectId: string, model: string): Promise<string> {
    const key = `${projectId}/${model}`;
    let after = loaded.get(key) ?? 0;
    loaded.delete(key);
    for (;;) {
      const rows = await vectorsAfter(database, projectId, { model, after, limit: pageSize });
      const width = rows[0]?.vector.length ?? 0;
      if (rows.length > 0) {
        const vectors = new Float32Array(rows.length * width);
        for (const [index, { vector }] of rows.entries()) vectors.set(vector.slice(0, width), index * width);
        const ids = Float64Array.from(rows, ({ chunkId }) => Number(chunkId));
        await thread.run('addVectors', { key, ids, vectors });
        after = ids.at(-1) ?? after;
      }
      if (rows.length < pageSize) break;
    }
    loaded.set(key, after);
    const [oldest] = loaded.keys();
    if (loaded.size > loadedProjects && oldest !== undefined) {
      loaded.delete(oldest);
      await thread.run('dropVectors', { key: oldest });
    }
    return key;
  }

  async function fillNow(target: IndexTarget, model: string, call: Call): Promise<void> {
    let after = 0n;
    let behind = false;
    for (;;) {
      deps.stopping.throwIfAborted();
      const chunks = await chunksWithoutVector(database, target.projectId, {
        model,
        limit: batchSize,
        after,
      });
      if (chunks.length === 0) break;
      const texts = await Promise.all(chunks.map((chunk) => deps.textOf(target, chunk)));
      const present = chunks.flatMap((chunk, index) => {
        const text = texts[index];
        return text === null || text === undefined || text.trim() === '' ? [] : [{ chunk, text }];
      });
      if (present.length > 0) {
        const inputs = present.map(({ chunk, text }) =>
          `${chunk.path} ${chunk.symbol ?? ''}\n${text}`.slice(0, 6000),
        );
        const vectors = await embedder.embed(model, inputs, call);
        const rows = present.flatMap(({ chunk }, index) => {
          const vector = vectors[index];
          return vector === undefined ? [] : [{ chunkId: chunk.chunkId, vector }];
        });
        await saveVectors(database, model, rows);
        deps.onChange(target.projectId);
        const last = loaded.get(`${target.projectId}/${model}`) ?? 0;
        behind ||= rows.some(({ chunkId }) => Number(chunkId) <= last);
      }
      after = chunks.at(-1)?.chunkId ?? after;
    }
    // A chunk of an earlier branch got its vector late: the copy would never come back to it.
    if (behind) await drop(`${target.projectId}/${model}`);
  }

  async function drop(key: string): Promise<void> {
    loaded.delete(key);
    await thread.run('dropVectors', { key });
  }

  return {
    async nearest(target, { text, model, count, call }) {
      const [vector] = await embedder.embed(model, [text], call);
      if (vector === undefined) return [];
      const key = await load(target.projectId, model);
      // More than asked: some belong to other branches.
      const found = await thread.run('nearest', { key, vector: Float32Array.from(vector), count: count * 3 });
      const rows = await chunksById(
        database,
        target.projectId,
        found.map(({ id }) => id),
      );
      const byId = Map.groupBy(rows, ({ chunkId }) => Number(chunkId));
      return found.flatMap(({ id }) => byId.get(id) ?? []).slice(0, count);
    },
    fill(target, model, call) {
      if (filling.has(target.projectId)) return;
      filling.add(target.projectId);
      fillNow(target, model, call)
        .catch((error: unknown) => {
          if (!deps.stopping.aborted) deps.onError(error);
        })
        .finally(() => filling.delete(target.projectId));
    },
    reset() {
      loaded.clear();
    },
  };
}
