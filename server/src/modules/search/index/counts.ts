import type { Database } from '#kernel/database/database.ts';
import { type Counts, countIndex } from '../store.ts';

/** How much the index holds; counting that in a project of 50,000 files takes longer than the search itself. */
export interface IndexCounts {
  of(projectId: string, model: string | null): Promise<Counts>;
  /** What was counted holds no more. */
  changed(projectId: string): void;
}

/** Another process of the platform may index, too: what it adds is seen this much later. */
const keptMs = 5_000;
const keptProjects = 100;

export function createIndexCounts(database: Database, now: () => number): IndexCounts {
  const kept = new Map<
    string,
    { readonly model: string | null; readonly counts: Promise<Counts>; readonly atMs: number }
  >();
  return {
    of(projectId, model) {
      const known = kept.get(projectId);
      if (known?.model === model && now() - known.atMs < keptMs) return known.counts;
      const counts = countIndex(database, projectId, model);
      const entry = { model, counts, atMs: now() };
      kept.set(projectId, entry);
      counts.catch(() => {
        if (kept.get(projectId) === entry) kept.delete(projectId);
      });
      const [oldest] = kept.keys();
      if (kept.size > keptProjects && oldest !== undefined) kept.delete(oldest);
      return counts;
    },
    changed: (projectId) => void kept.delete(projectId),
  };
}
