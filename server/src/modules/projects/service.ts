import { fault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import type { Database } from '#kernel/database/database.ts';
import { openFolder } from '#kernel/files/descriptor.ts';
import { scan } from '#kernel/files/scan.ts';
import type { Growth } from '#kernel/files/workspace.ts';
import type { Publish } from '#kernel/module.ts';
import type { Access, Grant } from './access.ts';
import type { ProjectsConfig } from './config.ts';
import type { projectsContract } from './contract.ts';
import { describeDeleted, describeProject } from './describe.ts';
import type { ProjectFolder, ProjectFolders } from './folders.ts';
import type { Git } from './git/git.ts';
import { readStatus } from './git/status.ts';
import { languageOf } from './language.ts';
import type { MembershipRow, ProjectStore } from './store.ts';
import type { Usage } from './usage.ts';

const dayMs = 86_400_000;
/** Folders that tools fill with what they can make again: shown, not entered. */
const generated = new Set(['.git', 'node_modules', '.venv', '__pycache__']);
const maxListedFiles = 5_000;

export interface Caller {
  readonly user: Principal;
  readonly traceId: string;
  readonly signal: AbortSignal;
}

interface ServiceParts {
  readonly database: Database;
  readonly store: ProjectStore;
  readonly access: Access;
  readonly folders: ProjectFolders;
  readonly usage: Usage;
  readonly git: Git;
  readonly config: ProjectsConfig;
  readonly publish: Publish<typeof projectsContract>;
  readonly now: () => number;
}

export type ProjectService = ReturnType<typeof createProjectService>;

/** The life of projects, and what is seen when one is opened. */
export function createProjectService(parts: ServiceParts) {
  const { database, store, access, folders, usage, git, config, publish, now } = parts;

  async function list(user: Principal, page: { cursor?: string | undefined; limit: number }) {
    const rows = await store.listOfUser(user.userId, { before: page.cursor, limit: page.limit + 1 });
    const projects = rows.slice(0, page.limit).map(describeProject);
    return { projects, nextCursor: rows.length > page.limit ? (projects.at(-1)?.id ?? null) : null };
  }

  async function open({ user, signal }: Caller, id: string) {
    const { project, folder } = await access.require(id, user, 'read');
    const listed = await listFiles(folder, signal);
    const status = await readStatus(git, folder, signal).catch((error: unknown) => {
      if (signal.aborted) throw error;
      return null;
    });
    return { project: describeProject(project), ...listed, git: status };
  }

  async function rename({ user, traceId }: Caller, { id, name }: { id: string; name: string }) {
    const { project } = await access.require(id, user, 'own');
    const at = new Date(now());
    await database.transaction(async (tx) => {
      await store.rename(tx, { id, name, at });
      await announce(tx, { projectId: id, change: 'renamed', userId: null, role: null }, { user, traceId });
    });
    access.forget(id);
    return describeProject({ ...project, name, updatedAt: at });
  }

  type Announcement = Parameters<typeof publish<'project.changed'>>[1];
  function announce(
    transaction: Parameters<Parameters<Database['transaction']>[0]>[0],
    payload: Announcement,
    { user, traceId }: Pick<Caller, 'user' | 'traceId'>,
  ): Promise<void> {
    return publish('project.changed', payload, { transaction, traceId, actorId: user.userId });
  }

  async function remove(caller: Caller, { id, permanently }: { id: string; permanently: boolean }) {
    const { user, traceId } = caller;
    const deleted = permanently ? await store.findDeleted(id, user.userId) : undefined;
    const project = deleted ?? (await access.require(id, user, 'own')).project;
    assertOwner(project);
    const deletedAt = project.deletedAt ?? new Date(now());
    await database.transaction(async (tx) => {
      if (project.deletedAt !== null) return;
      await store.setDeleted(tx, id, deletedAt);
      await publish('project.deleted', { projectId: id }, { transaction: tx, traceId, actorId: user.userId });
    });
    access.forget(id);
    if (permanently) await purge(id, { traceId, actorId: user.userId });
    const restoreDays = permanently ? 0 : config.restoreDays;
    return describeDeleted(project, { deletedAt, restoreDays });
  }

  function assertOwner(project: MembershipRow): void {
    if (project.role === 'owner') return;
    throw fault('projects.role_insufficient', { role: project.role, needed: 'owner' });
  }

  async function restore({ user, traceId }: Caller, id: string) {
    const project = await store.findDeleted(id, user.userId);
    // Who could not delete it does not learn that it was deleted.
    if (project === undefined || project.role !== 'owner') throw fault('projects.unknown');
    const expired = (project.deletedAt?.getTime() ?? 0) + config.restoreDays * dayMs <= now();
    if (expired) throw fault('projects.unknown');
    await database.transaction(async (tx) => {
      await store.setDeleted(tx, id, null);
      await announce(tx, { projectId: id, change: 'restored', userId: null, role: null }, { user, traceId });
    });
    access.forget(id);
    return describeProject({ ...project, deletedAt: null });
  }

  async function listDeleted(user: Principal) {
    const rows = await store.listDeletedOfOwner(user.userId);
    const projects = rows.flatMap((row) =>
      row.deletedAt === null
        ? []
        : [describeDeleted(row, { deletedAt: row.deletedAt, restoreDays: config.restoreDays })],
    );
    return { projects };
  }

  /** Removes a deleted project for good: first what the database knows, then the files. */
  async function purge(id: string, origin: { traceId?: string; actorId?: string }): Promise<void> {
    const removed = await database.transaction(async (tx) => {
      if (!(await store.remove(tx, id))) return false;
      await publish('project.purged', { projectId: id }, { transaction: tx, ...origin });
      return true;
    });
    if (removed) await folders.remove(id);
  }

  /** Removes the projects whose time to be restored is over. */
  async function purgeExpired(): Promise<void> {
    const before = new Date(now() - config.restoreDays * dayMs);
    for (const id of await store.listDeletedBefore(before)) await purge(id, {});
  }

  /** Removes folders that no project owns: what a crash while creating or purging left. */
  async function removeOrphans(): Promise<void> {
    await folders.finishRemovals();
    const old = await folders.listOlderThan(now() - 3_600_000);
    if (old.length === 0) return;
    const known = await store.allIds();
    for (const id of old) if (!known.has(id)) await folders.remove(id);
  }

  /** A project for the platform itself, whoever its members are. @throws projects.unknown */
  async function grantOf(id: string): Promise<Grant> {
    const project = await store.find(database, id);
    if (project === undefined || project.deletedAt !== null) throw fault('projects.unknown');
    return { project: { ...project, role: 'viewer' }, folder: folders.of(id) };
  }

  /** Counts what another module has written or removed. */
  async function addUsage(id: string, growth: Growth): Promise<void> {
    const project = await store.find(database, id);
    if (project !== undefined) usage.add({ projectId: id, ownerId: project.ownerId }, growth);
  }

  return {
    list,
    open,
    rename,
    remove,
    restore,
    listDeleted,
    purgeExpired,
    removeOrphans,
    grantOf,
    addUsage,
  };
}

async function listFiles(folder: ProjectFolder, signal: AbortSignal) {
  const files: { path: string; size: number; modifiedAt: string; language: string }[] = [];
  const folders: string[] = [];
  using root = openFolder(folder.workspacePath);
  const enters = ({ name }: { name: string }) => !generated.has(name);
  let truncated = false;
  for await (const { path, name, stats } of scan(root, { maxDepth: 64, enters, signal })) {
    if (files.length + folders.length >= maxListedFiles) {
      truncated = true;
      break;
    }
    if (stats.isDirectory()) {
      if (path !== '.git') folders.push(path);
    } else if (stats.isFile()) {
      files.push({
        path,
        size: stats.size,
        modifiedAt: stats.mtime.toISOString(),
        language: languageOf(name),
      });
    }
  }
  return { files, folders: foldersWithoutFiles(folders, files), truncated };
}

/** Folders that a tree built from the files' paths alone would not show. */
function foldersWithoutFiles(folders: readonly string[], files: readonly { path: string }[]): string[] {
  const shown = new Set<string>();
  for (const { path } of files) {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const parent = path.slice(0, end);
      if (shown.has(parent)) break;
      shown.add(parent);
    }
  }
  return folders.filter((folder) => !shown.has(folder));
}
