import { type FSWatcher, watch } from 'node:fs';
import { type Descriptor, openFolder } from '#kernel/files/descriptor.ts';
import { kindOf } from '#kernel/files/entry.ts';
import { scan } from '#kernel/files/scan.ts';
import { statAt, walk } from '#kernel/files/walk.ts';
import { parseWorkspacePath } from '#kernel/files/workspace-path.ts';

/** Folders watched per workspace, and in all: a kernel has a few ten thousand watches for everybody. */
const maxFoldersPerWorkspace = 2_000;
const maxFolders = 10_000;
const maxNames = 50_000;
const debounceMs = 100;
const maxChanges = 1_000;

export interface Change {
  readonly change: 'created' | 'changed' | 'deleted';
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link' | 'special' | null;
}

export interface ChangeBatch {
  readonly changes: readonly Change[];
  /** Some changes are not told: list again. */
  readonly overflow: boolean;
  /** The workspace itself is gone. */
  readonly gone: boolean;
}

export interface WatchHub extends Disposable {
  /** Shares one set of watches among all who watch the same workspace. Resolves when changes are seen. */
  subscribe(
    workspacePath: string,
    skip: readonly string[],
    onBatch: (batch: ChangeBatch) => void,
  ): Promise<Disposable>;
}

/** Watches workspaces with inotify, folder by folder, each opened through the path jail. */
export function createWatchHub(parts: { readonly onError: (error: unknown) => void }): WatchHub {
  const watches = new Map<string, WorkspaceWatch>();
  const budget = { folders: 0 };
  return {
    async subscribe(workspacePath, skip, onBatch) {
      const key = [workspacePath, ...skip.toSorted()].join('\0');
      let shared = watches.get(key);
      if (shared === undefined) {
        shared = new WorkspaceWatch(workspacePath, { skip: new Set(skip), budget, onError: parts.onError });
        watches.set(key, shared);
      }
      const found = shared;
      found.listeners.add(onBatch);
      try {
        await found.ready;
      } catch (error) {
        found.listeners.delete(onBatch);
        release();
        throw error;
      }
      function release(): void {
        if (found.listeners.size > 0) return;
        found[Symbol.dispose]();
        if (watches.get(key) === found) watches.delete(key);
      }
      return {
        [Symbol.dispose]() {
          if (found.listeners.delete(onBatch)) release();
        },
      };
    },
    [Symbol.dispose]() {
      for (const shared of watches.values()) shared[Symbol.dispose]();
      watches.clear();
    },
  };
}

interface WatchOptions {
  readonly skip: ReadonlySet<string>;
  readonly budget: { folders: number };
  readonly onError: (error: unknown) => void;
}

class WorkspaceWatch implements Disposable {
  readonly listeners = new Set<(batch: ChangeBatch) => void>();
  readonly ready: Promise<void>;
  readonly #workspacePath: string;
  readonly #options: WatchOptions;
  /** By folder path: its watch and the names it held. */
  readonly #folders = new Map<string, { watcher: FSWatcher; names: Set<string> }>();
  readonly #dirty = new Set<string>();
  #names = 0;
  #overflow = false;
  #timer: NodeJS.Timeout | undefined;
  #flushing = false;
  #closed = false;

  constructor(workspacePath: string, options: WatchOptions) {
    this.#workspacePath = workspacePath;
    this.#options = options;
    this.ready = this.#begin();
  }

  async #begin(): Promise<void> {
    using root = openFolder(this.#workspacePath);
    this.#watchFolder('', root);
    for await (const entry of scan(root, {
      maxDepth: 64,
      enters: ({ name }) => !this.#options.skip.has(name),
    })) {
      if (this.#closed) return;
      this.#remember(entry.path);
      if (!entry.stats.isDirectory() || this.#options.skip.has(entry.name)) continue;
      this.#tryWatch(entry.path);
    }
  }

  #remember(path: string): boolean {
    const end = path.lastIndexOf('/');
    const folder = this.#folders.get(end < 0 ? '' : path.slice(0, end));
    const name = path.slice(end + 1);
    if (folder === undefined || folder.names.has(name)) return false;
    if (this.#names < maxNames) {
      folder.names.add(name);
      this.#names += 1;
    }
    return true;
  }

  #forget(path: string): boolean {
    const end = path.lastIndexOf('/');
    const known = this.#folders.get(end < 0 ? '' : path.slice(0, end))?.names.delete(path.slice(end + 1));
    if (known !== true) return false;
    this.#names -= 1;
    return true;
  }

  #tryWatch(path: string): void {
    try {
      using place = walk(this.#workspacePath, parseWorkspacePath(path, { depth: 64 }));
      if (place.name === null) return;
      using folder = openFolder(place.folder.at(place.name));
      this.#watchFolder(path, folder);
    } catch {
      // Gone or swapped since it was seen; its folder's watch tells the rest.
    }
  }

  #watchFolder(path: string, folder: Descriptor): void {
    if (this.#closed || this.#folders.has(path)) return;
    const { budget } = this.#options;
    if (this.#folders.size >= maxFoldersPerWorkspace || budget.folders >= maxFolders) {
      this.#overflow = true;
      return;
    }
    try {
      // The watch is on the open folder itself, so it can't be led to another by a swapped name.
      const watcher = watch(folder.path, { persistent: false }, (_event, name) => this.#onEvent(path, name));
      watcher.on('error', () => this.#drop(path));
      this.#folders.set(path, { watcher, names: new Set() });
      budget.folders += 1;
    } catch (error) {
      // The kernel's own limit (fs.inotify.max_user_watches) is reached.
      this.#overflow = true;
      this.#options.onError(error);
    }
  }

  #onEvent(folder: string, name: string | null): void {
    if (this.#closed) return;
    // Without a name, or with the descriptor's number as the name, the event is about the folder itself.
    const known = name !== null && !/^\d+$/.test(name);
    const path =
      known || this.#isThere(folder, name) ? (folder === '' ? (name ?? '') : `${folder}/${name}`) : folder;
    if (this.#dirty.size >= maxChanges) this.#overflow = true;
    else this.#dirty.add(path);
    this.#timer ??= setTimeout(() => void this.#flush(), debounceMs).unref();
  }

  #isThere(folder: string, name: string | null): boolean {
    if (name === null) return false;
    const names = this.#folders.get(folder)?.names;
    return names?.has(name) === true || this.#look(folder === '' ? name : `${folder}/${name}`) !== undefined;
  }

  #look(path: string): Change['kind'] | undefined {
    try {
      using place = walk(this.#workspacePath, parseWorkspacePath(path, { depth: 64 }));
      const stats = statAt(place);
      return stats === undefined ? undefined : kindOf(stats);
    } catch {
      return undefined;
    }
  }

  async #flush(): Promise<void> {
    this.#timer = undefined;
    if (this.#flushing || this.#closed) return;
    this.#flushing = true;
    try {
      const paths = [...this.#dirty].sort();
      this.#dirty.clear();
      const changes: Change[] = [];
      for (const path of paths) await this.#examine(path, changes);
      this.#tell({ changes, overflow: this.#overflow, gone: this.#look('') === undefined });
      this.#overflow = false;
    } catch (error) {
      this.#options.onError(error);
      this.#tell({ changes: [], overflow: true, gone: false });
    } finally {
      this.#flushing = false;
      if (this.#dirty.size > 0) this.#timer ??= setTimeout(() => void this.#flush(), debounceMs).unref();
    }
  }

  async #examine(path: string, changes: Change[]): Promise<void> {
    if (path === '' || changes.length >= maxChanges) {
      if (path !== '') this.#overflow = true;
      return;
    }
    const kind = this.#look(path);
    if (kind === undefined) {
      this.#dropBelow(path);
      if (this.#forget(path)) changes.push({ change: 'deleted', path, kind: null });
      return;
    }
    const isNew = this.#remember(path);
    changes.push({ change: isNew ? 'created' : 'changed', path, kind });
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (kind === 'folder' && !this.#options.skip.has(name)) await this.#enterFolder(path, changes);
    else if (kind !== 'folder') this.#dropBelow(path);
  }

  /** A folder that appeared: watch it, and tell what was put into it before the watch was on. */
  async #enterFolder(path: string, changes: Change[]): Promise<void> {
    if (this.#folders.has(path)) return;
    this.#tryWatch(path);
    if (!this.#folders.has(path)) return;
    using place = walk(this.#workspacePath, parseWorkspacePath(path, { depth: 64 }));
    if (place.name === null) return;
    using folder = openFolder(place.folder.at(place.name));
    const enters = ({ name }: { name: string }) => !this.#options.skip.has(name);
    for await (const entry of scan(folder, { maxDepth: 64, enters })) {
      const below = `${path}/${entry.path}`;
      if (entry.stats.isDirectory() && enters(entry)) this.#tryWatch(below);
      if (!this.#remember(below)) continue;
      if (changes.length >= maxChanges) this.#overflow = true;
      else changes.push({ change: 'created', path: below, kind: kindOf(entry.stats) });
    }
  }

  #dropBelow(path: string): void {
    for (const folder of [...this.#folders.keys()]) {
      if (folder === path || folder.startsWith(`${path}/`)) this.#drop(folder);
    }
  }

  #drop(path: string): void {
    const folder = this.#folders.get(path);
    if (folder === undefined) return;
    this.#folders.delete(path);
    this.#names -= folder.names.size;
    this.#options.budget.folders -= 1;
    folder.watcher.close();
  }

  #tell(batch: ChangeBatch): void {
    if (batch.changes.length === 0 && !batch.overflow && !batch.gone) return;
    for (const listener of this.listeners) listener(batch);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const path of [...this.#folders.keys()]) this.#drop(path);
  }
}
