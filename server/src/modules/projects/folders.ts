import { mkdirSync } from 'node:fs';
import { readdir, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { makePrivateFolder, removeTree } from '#kernel/files/remove-tree.ts';

export interface ProjectFolder {
  readonly root: string;
  readonly workspacePath: string;
  readonly stagingPath: string;
  /** What other modules keep of the project; made when the first asks for it. */
  readonly areaPath: string;
  /** The server's copy of the repository's settings, with nothing in it that runs programs. */
  readonly gitConfigPath: string;
  /** Where git finds the programs that it starts itself; see git/sub-programs.ts. */
  readonly gitCorePath: string;
}

/** Where projects lie on disk: `<data folder>/projects/<id>/{workspace,staging}`. */
export interface ProjectFolders {
  of(projectId: string): ProjectFolder;
  /** Makes the folders of a new project. */
  make(projectId: string): ProjectFolder;
  /** Removes a project's folders, however large, deep or closed they are. */
  remove(projectId: string): Promise<void>;
  /** Ids of the folders that were last changed before a time. */
  listOlderThan(timeMs: number): Promise<string[]>;
  /** Goes on with removals that a stop interrupted. */
  finishRemovals(): Promise<void>;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function createProjectFolders(dataDir: string): ProjectFolders {
  const base = path.join(dataDir, 'projects');
  const trash = path.join(base, '.trash');

  function of(projectId: string): ProjectFolder {
    if (!uuid.test(projectId)) throw new Error('a project id that is no UUID reached the file system');
    const root = path.join(base, projectId);
    return {
      root,
      workspacePath: path.join(root, 'workspace'),
      stagingPath: path.join(root, 'staging'),
      areaPath: path.join(root, 'area'),
      gitConfigPath: path.join(root, 'git-config'),
      gitCorePath: path.join(root, 'git-core'),
    };
  }

  return {
    of,
    make(projectId) {
      const folder = of(projectId);
      makePrivateFolder(folder.root);
      mkdirSync(folder.workspacePath, { recursive: true, mode: 0o755 });
      makePrivateFolder(folder.stagingPath);
      return folder;
    },
    async remove(projectId) {
      makePrivateFolder(trash);
      const parked = path.join(trash, projectId);
      await rename(of(projectId).root, parked).catch(ignoreMissing);
      await removeTree(parked, trash);
    },
    async listOlderThan(timeMs) {
      const old: string[] = [];
      for (const name of await readdir(base).catch(() => [])) {
        if (!uuid.test(name)) continue;
        const stats = await stat(path.join(base, name)).catch(ignoreMissing);
        if (stats !== undefined && stats.mtimeMs < timeMs) old.push(name);
      }
      return old;
    },
    async finishRemovals() {
      for (const name of await readdir(trash).catch(() => []))
        await removeTree(path.join(trash, name), trash);
    },
  };
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}
