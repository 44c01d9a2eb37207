import type { Database } from '#kernel/database/database.ts';
import {
  knownContents,
  listFiles,
  removeBelow,
  removeFiles,
  saveContents,
  saveFiles,
  withoutFlush,
} from '../store.ts';
import type { SearchThread } from '../worker/pool.ts';
import type { Place, Tasks } from '../worker/tasks.ts';

/** Files that are read, hashed and stored together; a stop loses at most two batches. */
const batchSize = 50;
/** Rows of the index that are held in this thread at a time. */
const pageSize = 5_000;
/** Each is held against every path of the index; beyond this, comparing everything is cheaper. */
const mostGone = 100;

export interface IndexTarget {
  readonly projectId: string;
  readonly place: Place;
}

/** `all`: whatever differs from what is stored; else only these paths, or what lies below them. */
export type Extent =
  | { readonly kind: 'all' }
  | { readonly kind: 'paths'; readonly paths: ReadonlySet<string> };

export interface Indexer {
  /**
   * Brings the index to what the files hold. Each batch is a transaction, so that a stop in between loses nothing and the
   * next run goes on from there. `onProgress` gets the number of files still to be read.
   * @throws the reason of `signal`
   */
  refresh(
    target: IndexTarget,
    extent: Extent,
    run: { readonly signal: AbortSignal; readonly onProgress: (pending: number) => void },
  ): Promise<void>;
}

interface Batch {
  readonly paths: readonly string[];
  readonly contents: Tasks['chunk']['answer'];
  readonly files: Tasks['hash']['answer'];
  readonly at: Date;
}

export function createIndexer(deps: {
  readonly database: Database;
  readonly thread: SearchThread;
  readonly now: () => number;
  /** What the index holds of a project has changed. */
  readonly onChange: (projectId: string) => void;
}): Indexer {
  const { database, thread, now, onChange } = deps;

  async function changedPaths({ projectId, place }: IndexTarget, extent: Extent): Promise<string[]> {
    if (extent.kind === 'paths' && ![...extent.paths].some(isRuleFile)) {
      // A folder that was moved here is told by its own name only.
      const paths = await thread.run('expand', { ...place, paths: [...extent.paths] });
      const present = new Set(paths);
      const gone = [...extent.paths].filter((path) => !present.has(path));
      if (gone.length === 0) return paths;
      if (gone.length <= mostGone) {
        await removeBelow(database, projectId, { paths: gone, except: paths });
        return paths;
      }
    }
    let after = '';
    for (;;) {
      const files = await listFiles(database, projectId, { after, limit: pageSize });
      if (files.length > 0) await thread.run('remember', { projectId, files });
      if (files.length < pageSize) break;
      after = files.at(-1)?.path ?? after;
    }
    const { changed, gone } = await thread.run('compare', { ...place, projectId });
    for (let index = 0; index < gone.length; index += pageSize)
      await removeFiles(database, projectId, gone.slice(index, index + pageSize));
    return changed;
  }

  /** What the files of a batch hold, read and cut as far as that content is new. */
  async function prepared({ projectId, place }: IndexTarget, paths: readonly string[]): Promise<Batch> {
    const files = await thread.run('hash', { ...place, paths });
    const byHash = new Map(files.map((file) => [file.contentHash, file]));
    const at = new Date(now());
    const known = await knownContents(database, projectId, { hashes: [...byHash.keys()], now: at });
    const unknown = [...byHash.values()].filter(({ contentHash }) => !known.has(contentHash));
    const contents = unknown.length === 0 ? [] : await thread.run('chunk', { ...place, files: unknown });
    for (const { contentHash } of contents) known.add(contentHash);
    return { paths, contents, files: files.filter(({ contentHash }) => known.has(contentHash)), at };
  }

  async function store({ projectId }: IndexTarget, { paths, contents, files, at }: Batch): Promise<void> {
    const read = new Set(files.map(({ path }) => path));
    const unreadable = paths.filter((path) => !read.has(path));
    await database.transaction(async (transaction) => {
      await withoutFlush(transaction);
      await saveContents(transaction, projectId, { contents, now: at });
      await saveFiles(transaction, projectId, files);
      if (unreadable.length > 0) await removeFiles(transaction, projectId, unreadable);
    });
    onChange(projectId);
  }

  return {
    async refresh(target, extent, { signal, onProgress }) {
      const paths = await changedPaths(target, extent);
      onChange(target.projectId);
      // While one batch is written, the thread reads and cuts the next.
      let storing: Promise<void> = Promise.resolve();
      try {
        for (let index = 0; index < paths.length; index += batchSize) {
          signal.throwIfAborted();
          onProgress(paths.length - index);
          const batch = await prepared(target, paths.slice(index, index + batchSize));
          await storing;
          storing = store(target, batch);
          storing.catch(() => undefined);
        }
      } finally {
        await storing;
      }
      onProgress(0);
    },
  };
}

/** What it says holds for other files, too. */
function isRuleFile(path: string): boolean {
  return path === '.gitignore' || path.endsWith('/.gitignore');
}
