import { type Stats, statSync } from 'node:fs';
import { fault } from '#base/fault.ts';
import { openFolder } from '#kernel/files/descriptor.ts';
import { type ScanEntry, scan } from '#kernel/files/scan.ts';
import type { ProjectFolder } from '../folders.ts';

/** Commands that are done before this have not been held up by anything; most take some 20 ms. */
const firstLookMs = 1_000;

const readEverywhere = new Set(['.gitignore', '.gitattributes', '.gitmodules', '.mailmap']);

/**
 * Git opens whatever lies where it expects its files, and a pipe that a program has put there keeps it waiting for
 * ever. Looks for one when a command takes long, and aborts it then with projects.git_broken, which names the file.
 */
export function watchForBlocking(folder: ProjectFolder): Disposable & { readonly signal: AbortSignal } {
  const blocked = new AbortController();
  const done = new AbortController();
  const timer = setTimeout(() => {
    findBlocking(folder, done.signal).then(
      (path) => {
        const reason = `${path} is no ordinary file`;
        if (path !== undefined) blocked.abort(fault('projects.git_broken', { reason }));
      },
      // The command ended meanwhile, or its time does it.
      () => undefined,
    );
  }, firstLookMs);
  return {
    signal: blocked.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      done.abort();
    },
  };
}

async function findBlocking(folder: ProjectFolder, signal: AbortSignal): Promise<string | undefined> {
  using root = openFolder(folder.workspacePath);
  for await (const entry of scan(root, { maxDepth: 1_000, signal })) {
    const inRepository = entry.path.startsWith('.git/');
    if ((inRepository || readEverywhere.has(entry.name)) && blocks(entry)) return entry.path;
  }
  return undefined;
}

function blocks({ stats, folder, name }: ScanEntry): boolean {
  const behind = stats.isSymbolicLink() ? behindLink(folder.at(name)) : stats;
  return behind?.isFIFO() === true;
}

/** Tells of what a link leads to without opening it; undefined when that is nothing. */
function behindLink(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
