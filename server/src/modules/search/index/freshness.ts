import type { Extent, IndexTarget } from './indexer.ts';

/** Changes of a project's files, as sandbox.fs.watch tells them. */
export interface FileChanges {
  readonly paths: readonly string[];
  /** Some were missed. */
  readonly overflow: boolean;
}

/** Watches the files of a project until `signal` aborts; the first batch says that the watch is on. */
export type WatchFiles = (projectId: string, signal: AbortSignal) => AsyncIterable<FileChanges>;

export interface Freshness extends AsyncDisposable {
  /**
   * Brings the index up to date with what is known to have changed; all is compared the first time, and whenever changes
   * may have been missed. Resolves when done or after `waitMs`; the work goes on then.
   */
  ensure(target: IndexTarget, watch: WatchFiles, waitMs: number): Promise<void>;
  /** Files still to be read; null when the project has not been looked at. */
  pendingOf(projectId: string): number | null;
  forget(projectId: string): void;
}

interface Watched {
  everything: boolean;
  readonly dirty: Set<string>;
  pending: number;
  running: Promise<void> | undefined;
  watching: boolean;
  usedAtMs: number;
  readonly stop: AbortController;
}

/** Paths beyond which comparing everything is cheaper. */
const mostDirty = 2_000;
const idleMs = 10 * 60_000;

export function createFreshness(deps: {
  readonly refresh: (
    target: IndexTarget,
    extent: Extent,
    run: { readonly signal: AbortSignal; readonly onProgress: (pending: number) => void },
  ) => Promise<void>;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}): Freshness {
  const { refresh, now, onError } = deps;
  const projects = new Map<string, Watched>();
  const sweeping = setInterval(sweep, idleMs / 4).unref();

  function sweep(): void {
    for (const [projectId, watched] of projects) {
      if (now() - watched.usedAtMs < idleMs || watched.running !== undefined) continue;
      watched.stop.abort();
      projects.delete(projectId);
    }
  }

  async function follow(projectId: string, watched: Watched, watch: WatchFiles): Promise<void> {
    try {
      for await (const { paths, overflow } of watch(projectId, watched.stop.signal)) {
        watched.watching = true;
        for (const path of paths) watched.dirty.add(path);
        if (overflow || watched.dirty.size > mostDirty) watched.everything = true;
      }
    } catch (error) {
      if (!watched.stop.signal.aborted) onError(error);
    } finally {
      // Whatever happens from now on is not seen: the next search compares everything and watches anew.
      watched.watching = false;
      watched.everything = true;
    }
  }

  async function work(target: IndexTarget, watched: Watched): Promise<void> {
    while (watched.everything || watched.dirty.size > 0) {
      const extent: Extent = watched.everything
        ? { kind: 'all' }
        : { kind: 'paths', paths: new Set(watched.dirty) };
      // Forgotten before the work: what changes during it must come again.
      watched.everything = !watched.watching && extent.kind !== 'all';
      watched.dirty.clear();
      const signal = watched.stop.signal;
      try {
        await refresh(target, extent, { signal, onProgress: (pending) => (watched.pending = pending) });
      } catch (error) {
        watched.everything = true;
        throw error;
      }
    }
  }

  return {
    async ensure(target, watch, waitMs) {
      let watched = projects.get(target.projectId);
      if (watched === undefined) {
        watched = {
          everything: true,
          dirty: new Set(),
          pending: 0,
          running: undefined,
          watching: false,
          usedAtMs: now(),
          stop: new AbortController(),
        };
        projects.set(target.projectId, watched);
        void follow(target.projectId, watched, watch);
      } else if (!watched.watching && watched.running === undefined) {
        watched.everything = true;
        void follow(target.projectId, watched, watch);
      }
      watched.usedAtMs = now();
      const found = watched;
      found.running ??= work(target, found).finally(() => {
        found.running = undefined;
      });
      found.running.catch((error: unknown) => {
        if (!found.stop.signal.aborted) onError(error);
      });
      await Promise.race([found.running.catch(() => undefined), delay(waitMs)]);
    },
    pendingOf(projectId) {
      const watched = projects.get(projectId);
      if (watched === undefined) return null;
      return watched.running === undefined ? 0 : Math.max(1, watched.pending);
    },
    forget(projectId) {
      projects.get(projectId)?.stop.abort();
      projects.delete(projectId);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(sweeping);
      const running = [...projects.values()].map((watched) => {
        watched.stop.abort();
        return watched.running?.catch(() => undefined);
      });
      await Promise.all(running);
    },
  };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
