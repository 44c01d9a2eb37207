import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fault, isFault } from '#base/fault.ts';
import { newId } from '#base/ids.ts';
import type { Principal } from '#base/principal.ts';
import type { Database } from '#kernel/database/database.ts';
import { measureTree } from '#kernel/files/measure.ts';
import { assertFits } from '#kernel/files/quota.ts';
import type { Publish } from '#kernel/module.ts';
import type { ProjectsConfig } from './config.ts';
import type { projectsContract } from './contract.ts';
import type { TemplateName } from './contract-shapes.ts';
import type { ProjectFolder, ProjectFolders } from './folders.ts';
import { commitChanges } from './git/change.ts';
import type { Git } from './git/git.ts';
import type { MembershipRow, ProjectStore } from './store.ts';
import { syncDisk } from './sync-disk.ts';
import { readTemplate } from './templates.ts';
import type { Usage } from './usage.ts';

export interface NewProject {
  readonly name: string;
  readonly owner: Principal;
  readonly traceId: string;
  /** Where it comes from, for the audit log: `template:python`, `zip`, `git`. */
  readonly source: string;
  /** Puts the files into the workspace, which nobody else can reach yet, and makes the repository. */
  readonly fill: (folder: ProjectFolder) => Promise<void>;
}

interface BirthParts {
  readonly database: Database;
  readonly store: ProjectStore;
  readonly folders: ProjectFolders;
  readonly usage: Usage;
  readonly git: Git;
  readonly config: ProjectsConfig;
  readonly publish: Publish<typeof projectsContract>;
  readonly now: () => number;
}

export type Birth = ReturnType<typeof createBirth>;

/**
 * Making projects. The folder is complete and on disk before the database knows of the project: a crash before
 * leaves a folder that nobody owns, which the next start removes.
 */
export function createBirth(parts: BirthParts) {
  const { database, store, folders, usage, git, config, publish, now } = parts;

  /** @throws projects.too_many, files.quota_bytes, files.quota_files, and what filling throws */
  async function make(input: NewProject): Promise<MembershipRow> {
    const { owner, traceId } = input;
    const owned = await store.countOfOwner(owner.userId);
    if (owned >= config.projectsPerUser) throw fault('projects.too_many', { limit: config.projectsPerUser });
    const id = newId(now());
    const folder = folders.make(id);
    try {
      await input.fill(folder);
      const size = await measureTree(folder.workspacePath);
      const quota = { limitBytes: config.quotaBytes, limitFiles: config.quotaFiles };
      assertFits(await usage.ofOwner(owner.userId), size, quota);
      await syncDisk(folder.root);
      const at = new Date(now());
      const row = { id, name: input.name, ownerId: owner.userId, createdAt: at, updatedAt: at };
      await database.transaction(async (tx) => {
        await store.insertProject(tx, row);
        await store.putMember(tx, id, { userId: owner.userId, role: 'owner', addedAt: at });
        await publish(
          'project.created',
          { projectId: id, name: input.name, ownerId: owner.userId, source: input.source },
          { transaction: tx, traceId, actorId: owner.userId },
        );
      });
      usage.add({ projectId: id, ownerId: owner.userId }, size);
      return { ...row, deletedAt: null, role: 'owner' };
    } catch (error) {
      await folders.remove(id);
      throw error;
    }
  }

  /** Begins the repository of a filled workspace with one commit of all its files. */
  async function beginRepository(folder: ProjectFolder, owner: Principal, message: string): Promise<void> {
    await git.init(folder);
    const author = { name: owner.username, atMs: now() };
    try {
      await commitChanges(git, folder, { message, author });
    } catch (error) {
      // Nothing to commit: every file is ignored, or there is none.
      if (!isFault(error, 'projects.git_nothing_to_commit')) throw error;
    }
  }

  function fromTemplate(input: { name: string; template: TemplateName; owner: Principal; traceId: string }) {
    const { name, template, owner, traceId } = input;
    return make({
      name,
      owner,
      traceId,
      source: `template:${template}`,
      async fill(folder) {
        for (const file of await readTemplate(template, name)) {
          const target = path.join(folder.workspacePath, file.path);
          await mkdir(path.dirname(target), { recursive: true });
          await writeFile(target, file.content, { mode: 0o644 });
        }
        await beginRepository(folder, owner, 'Begin');
      },
    });
  }

  return { make, beginRepository, fromTemplate };
}
