import { lstatSync } from 'node:fs';
import { ProjectWalk } from '../scan/project-files.ts';
import type { ScannedFile, Tasks } from './tasks.ts';

/** Holds the project's files against what the index knows of them; only differences leave the thread. */
export class Comparison {
  readonly #known = new Map<string, Map<string, Omit<ScannedFile, 'path'>>>();

  remember({ projectId, files }: Tasks['remember']['request']): null {
    const known = this.#known.get(projectId) ?? new Map();
    this.#known.set(projectId, known);
    for (const { path, sizeBytes, modifiedMs } of files) known.set(path, { sizeBytes, modifiedMs });
    return null;
  }

  compare({ projectId, workspacePath, limits }: Tasks['compare']['request']): Tasks['compare']['answer'] {
    const known = this.#known.get(projectId) ?? new Map<string, Omit<ScannedFile, 'path'>>();
    this.#known.delete(projectId);
    const changed: string[] = [];
    using walk = new ProjectWalk(workspacePath, { maxDepth: limits.depth });
    walk.visit({ folder: '', names: null }, ({ path, name, folder }) => {
      const stats = lstatSync(folder.at(name), { throwIfNoEntry: false });
      if (stats?.isFile() !== true) return true;
      const before = known.get(path);
      known.delete(path);
      if (before?.sizeBytes !== stats.size || before.modifiedMs !== stats.mtimeMs) changed.push(path);
      return true;
    });
    return { changed, gone: [...known.keys()] };
  }
}

/** A path may be a file, or a folder that came as a whole; each file is told once. */
export function expand({ paths, workspacePath, limits }: Tasks['expand']['request']): string[] {
  using walk = new ProjectWalk(workspacePath, { maxDepth: limits.depth });
  const found = new Set<string>();
  for (const path of paths) {
    const cut = path.lastIndexOf('/');
    const parent = { folder: path.slice(0, Math.max(0, cut)), names: [path.slice(cut + 1)] };
    walk.visit(parent, (file) => {
      if (lstatSync(file.folder.at(file.name), { throwIfNoEntry: false })?.isFile() === true)
        found.add(file.path);
      return true;
    });
    if (found.has(path)) continue;
    walk.visit({ folder: path, names: null }, (file) => {
      found.add(file.path);
      return true;
    });
  }
  return [...found];
}
