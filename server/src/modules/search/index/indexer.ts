import type { Database } from '#kernel/database/database.ts';
import { knownContents, listFiles, removeFiles, saveContent, saveFiles } from '../store.ts';
import type { SearchThread } from '../worker/pool.ts';
import type { Place } from '../worker/tasks.ts';

/** Files that are read, hashed and stored together; a stop loses at most this many. */
const batchSize = 50;

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

export function createIndexer(deps: {
  readonly database: Database;
  readonly thread: SearchThread;
  readonly now: () => number;
}): Indexer {
  const { database, thread, now } = deps;

  async function changedPaths({ projectId, place }: IndexTarget, extent: Extent): Promise<string[]> {
    const present = await thread.run('scan', place);
    if (extent.kind === 'paths') {
      // A folder that was moved here is told by its own name only.
      const touched = [...extent.paths];
      const inside = (path: string) =>
        touched.some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
      const wanted = present.map(({ path }) => path).filter(inside);
      const still = new Set(wanted);
      const gone = touched.filter((path) => !still.has(path));
      if (gone.length > 0) await removeMissing(projectId, gone, new Set(wanted));
      return wanted;
    }
    const stored = new Map((await listFiles(database, projectId)).map((file) => [file.path, file]));
    const changed = present.filter(({ path, sizeBytes, modifiedMs }) => {
      const known = stored.get(path);
      stored.delete(path);
      return known?.sizeBytes !== sizeBytes || known.modifiedMs !== modifiedMs;
    });
    if (stored.size > 0) await removeFiles(database, projectId, [...stored.keys()]);
    return changed.map(({ path }) => path);
  }

  /** Paths that are gone, or are folders by now; what lies in such a folder and is present stays. */
  async function removeMissing(
    projectId: string,
    gone: readonly string[],
    present: ReadonlySet<string>,
  ): Promise<void> {
    const stored = (await listFiles(database, projectId)).map(({ path }) => path);
    const left = stored.filter(
      (path) => !present.has(path) && gone.some((prefix) => path === prefix || path.startsWith(`${prefix}/`)),
    );
    if (left.length > 0) await removeFiles(database, projectId, left);
  }

  async function indexBatch({ projectId, place }: IndexTarget, paths: readonly string[]): Promise<void> {
    const files = await thread.run('hash', { ...place, paths });
    const hashes = [...new Set(files.map(({ contentHash }) => contentHash))];
    const at = new Date(now());
    const known = await knownContents(database, projectId, { hashes, now: at });
    const unknown = files.filter(({ contentHash }) => !known.has(contentHash));
    const contents = unknown.length === 0 ? [] : await thread.run('chunk', { ...place, files: unknown });
    for (const { contentHash } of contents) known.add(contentHash);
    const stored = files.filter(({ contentHash }) => known.has(contentHash));
    const read = new Set(stored.map(({ path }) => path));
    await database.transaction(async (transaction) => {
      for (const content of contents) await saveContent(transaction, projectId, { ...content, now: at });
      await saveFiles(transaction, projectId, stored);
      const unreadable = paths.filter((path) => !read.has(path));
      if (unreadable.length > 0) await removeFiles(transaction, projectId, unreadable);
    });
  }

  return {
    async refresh(target, extent, { signal, onProgress }) {
      const paths = await changedPaths(target, extent);
      for (let index = 0; index < paths.length; index += batchSize) {
        signal.throwIfAborted();
        onProgress(paths.length - index);
        await indexBatch(target, paths.slice(index, index + batchSize));
      }
      onProgress(0);
    },
  };
}
