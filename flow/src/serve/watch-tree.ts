import { type FSWatcher, readdirSync, watch } from 'node:fs';
import path from 'node:path';

export interface TreeWatch extends Disposable {
  /** Looks for folders that came or went; to be called after each build. */
  refresh(): void;
}

export interface TreeWatchRequest {
  readonly dir: string;
  /** Absolute folders that are not looked at. */
  readonly without: readonly string[];
  /** Called once after changes have paused for `quietMs`. */
  onChange(): void;
  readonly quietMs: number;
}

const NEVER_WATCHED = new Set(['node_modules', '.git', '.flow', '.cds']);
/** Linux gives a user some ten thousand watches for everything. */
const MOST_FOLDERS = 4_000;

/** Watches a folder and those below it, one watch per folder: Node's own recursive watch also enters node_modules. */
export function watchTree(request: TreeWatchRequest): TreeWatch {
  const watches = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | null = null;
  const changed = () => {
    if (timer) clearTimeout(timer);
    timer = setTimeout(request.onChange, request.quietMs);
  };
  const add = (dir: string) => {
    if (watches.has(dir) || watches.size >= MOST_FOLDERS) return;
    const watcher = watch(dir, { persistent: false }, changed);
    // A folder that is deleted ends its watch with an error; `refresh` forgets it.
    watcher.on('error', () => watcher.close());
    watches.set(dir, watcher);
  };
  const refresh = () => {
    const found = new Set(foldersOf(request.dir, request.without));
    for (const [dir, watcher] of watches) {
      if (found.has(dir)) continue;
      watcher.close();
      watches.delete(dir);
    }
    for (const dir of found) add(dir);
  };
  refresh();
  return {
    refresh,
    [Symbol.dispose]: () => {
      if (timer) clearTimeout(timer);
      for (const watcher of watches.values()) watcher.close();
      watches.clear();
    },
  };
}

function foldersOf(dir: string, without: readonly string[]): string[] {
  const found = [dir];
  for (let index = 0; index < found.length && found.length < MOST_FOLDERS; index += 1) {
    const folder = found[index] ?? dir;
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const full = path.join(folder, entry.name);
      if (entry.isDirectory() && !NEVER_WATCHED.has(entry.name) && !without.includes(full)) found.push(full);
    }
  }
  return found;
}
