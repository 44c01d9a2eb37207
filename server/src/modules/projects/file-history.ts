import { isUtf8 } from 'node:buffer';
import { fault, isFault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import type { Database } from '#kernel/database/database.ts';
import { openFolder } from '#kernel/files/descriptor.ts';
import { statWorkspacePath } from '#kernel/files/entry.ts';
import { etagOf } from '#kernel/files/etag.ts';
import { readWorkspaceFile } from '#kernel/files/read.ts';
import { scan } from '#kernel/files/scan.ts';
import { statAt, walk } from '#kernel/files/walk.ts';
import type { Workspace } from '#kernel/files/workspace.ts';
import { parseWorkspacePath } from '#kernel/files/workspace-path.ts';
import { type PresentFile, writeWorkspaceFile } from '#kernel/files/write.ts';
import type { Publish } from '#kernel/module.ts';
import type { Access, Grant } from './access.ts';
import type { ProjectsConfig } from './config.ts';
import type { projectsContract } from './contract.ts';
import { describeVersion } from './describe.ts';
import type { HistoryStore, VersionOrigin } from './history-store.ts';
import type { Caller } from './service.ts';
import type { ProjectStore } from './store.ts';

/** Larger contents are not kept: they are data, and the history would be full of them at once. */
const keptBytes = 16 * 1024 ** 2;
/** At most so much of a folder is kept when it is deleted. */
const keptFolderFiles = 2_000;
const keptFolderBytes = 64 * 1024 ** 2;
const generated = new Set(['.git', 'node_modules', '.venv', '__pycache__']);

interface HistoryParts {
  readonly database: Database;
  readonly store: HistoryStore;
  readonly projects: ProjectStore;
  readonly access: Access;
  readonly config: Pick<ProjectsConfig, 'historyBytes'>;
  readonly publish: Publish<typeof projectsContract>;
  readonly now: () => number;
}

interface FileSave {
  readonly path: string;
  readonly content: Buffer;
  readonly ifMatch?: string | null | undefined;
  readonly origin: VersionOrigin;
}

export type FileHistory = ReturnType<typeof createFileHistory>;

/**
 * Saving with history. A state is in the database before it is in the file: what was acknowledged is in both, and a
 * crash in between keeps it in the history. What a program wrote meanwhile is kept, too, before it is replaced.
 */
export function createFileHistory(parts: HistoryParts) {
  const { database, store, projects, access, config, publish, now } = parts;

  /** @throws files.conflict with `currentEtag`, and what writing a file throws */
  async function save(caller: Caller, projectId: string, input: Omit<FileSave, 'origin'>) {
    const grant = await access.require(projectId, caller.user, 'write');
    return write(caller, grant, { ...input, origin: 'save' });
  }

  async function write(caller: Caller, grant: Grant, { path, content, ifMatch, origin }: FileSave) {
    const projectId = grant.project.id;
    const { userId } = caller.user;
    const written = await writeWorkspaceFile(await access.workspace(grant), path, {
      content,
      ifMatch,
      beforeReplacing: async (present, etag) => {
        const savedAt = new Date(now());
        const version = { projectId, path, etag, content, savedAt, userId, origin };
        await database.transaction(async (tx) => {
          if (isWorthKeeping(present))
            await store.add(tx, { ...version, ...present, userId: null, origin: 'preserved' });
          if (content.length <= keptBytes) await store.add(tx, version);
        });
      },
    });
    await projects.touch(projectId, new Date(now()));
    const { etag, size } = written;
    await publish(
      'project.file.saved',
      { projectId, path, etag, userId },
      { traceId: caller.traceId, actorId: userId },
    );
    return { path, size, etag };
  }

  async function list(
    user: Principal,
    request: { projectId: string; path: string; cursor?: string | undefined; limit: number },
  ) {
    const { projectId, path, cursor, limit } = request;
    const grant = await access.require(projectId, user, 'read');
    parseWorkspacePath(path, (await access.workspace(grant)).limits);
    const before = cursor === undefined ? null : BigInt(cursor);
    const rows = await store.list({ projectId, path, before, limit: limit + 1 });
    const versions = rows.slice(0, limit).map(describeVersion);
    return { versions, nextCursor: rows.length > limit ? (versions.at(-1)?.versionId ?? null) : null };
  }

  async function readVersion(user: Principal, request: { projectId: string; versionId: string }) {
    await access.require(request.projectId, user, 'read');
    const row = await findVersion(request);
    const encoding: 'utf8' | 'base64' = isUtf8(row.content) ? 'utf8' : 'base64';
    return { ...describeVersion(row), content: row.content.toString(encoding), encoding };
  }

  async function findVersion({ projectId, versionId }: { projectId: string; versionId: string }) {
    const row = await store.find(projectId, BigInt(versionId));
    if (row === undefined) throw fault('projects.version_unknown');
    return row;
  }

  async function revert(
    caller: Caller,
    request: { projectId: string; versionId: string; ifMatch?: string | null | undefined },
  ) {
    const grant = await access.require(request.projectId, caller.user, 'write');
    const { path, content } = await findVersion(request);
    return write(caller, grant, { path, content, ifMatch: request.ifMatch, origin: 'revert' });
  }

  /** Files that the history knows and the workspace lacks. */
  async function listDeleted(user: Principal, { projectId, limit }: { projectId: string; limit: number }) {
    const { folder } = await access.require(projectId, user, 'read');
    const rows = await store.listNewest(projectId, 10_000);
    const files = rows.filter((row) => !isThere(folder.workspacePath, row.path));
    return { files: files.slice(0, limit).map(describeVersion) };
  }

  /** Keeps what files hold now; folders with all they hold, within bounds. */
  async function preserve(grant: Grant, request: { paths: readonly string[]; userId: string | null }) {
    const workspace = await access.workspace(grant);
    const keeping = new Keeping(workspace, async (path, content, etag) =>
      store.add(database, {
        projectId: grant.project.id,
        path,
        etag,
        content,
        savedAt: new Date(now()),
        userId: request.userId,
        origin: 'preserved',
      }),
    );
    for (const path of request.paths) await keeping.keep(path);
    return { preserved: keeping.preserved, skipped: keeping.skipped };
  }

  /** Drops what is beyond each project's budget, the oldest first. */
  async function collect(): Promise<void> {
    for (const projectId of await store.listOverBudget(config.historyBytes)) {
      await store.dropBeyond(projectId, config.historyBytes);
      await store.dropUnreferenced(projectId);
    }
  }

  return { save, list, readVersion, revert, listDeleted, preserve, collect };
}

function isWorthKeeping(
  present: PresentFile | null,
): present is PresentFile & { content: Buffer; etag: string } {
  return present?.content != null && present.content.length <= keptBytes;
}

function isThere(workspacePath: string, path: string): boolean {
  try {
    using place = walk(workspacePath, parseWorkspacePath(path, { depth: 512 }));
    return statAt(place) !== undefined;
  } catch {
    // A folder on the way is gone, or is something else by now: so is the file.
    return false;
  }
}

class Keeping {
  readonly #workspace: Workspace;
  readonly #add: (path: string, content: Buffer, etag: string) => Promise<void>;
  preserved = 0;
  skipped = 0;
  #bytes = 0;

  constructor(workspace: Workspace, add: (path: string, content: Buffer, etag: string) => Promise<void>) {
    this.#workspace = workspace;
    this.#add = add;
  }

  async keep(path: string): Promise<void> {
    const entry = await statWorkspacePath(this.#workspace, path).catch(whenMissing);
    if (entry === undefined) return;
    if (entry.kind === 'file') return this.#keepFile(path, entry.size);
    if (entry.kind !== 'folder') return;
    const parsed = parseWorkspacePath(path, this.#workspace.limits);
    using place = walk(this.#workspace.workspacePath, parsed);
    if (place.name === null) return;
    using folder = openFolder(place.folder.at(place.name));
    const enters = ({ name }: { name: string }) => !generated.has(name);
    for await (const { path: below, stats } of scan(folder, {
      maxDepth: this.#workspace.limits.depth,
      enters,
    })) {
      if (stats.isFile()) await this.#keepFile(`${path}/${below}`, stats.size);
    }
  }

  async #keepFile(path: string, size: number): Promise<void> {
    const full = this.preserved >= keptFolderFiles || this.#bytes + size > keptFolderBytes;
    if (size > keptBytes || full) {
      this.skipped += 1;
      return;
    }
    try {
      const { content } = await readWorkspaceFile(this.#workspace, path, { limitBytes: keptBytes });
      await this.#add(path, content, await etagOf(content));
      this.preserved += 1;
      this.#bytes += content.length;
    } catch (error) {
      // Vanished, or of a kind that is not kept: deleting it must still be possible.
      if (!isFault(error)) throw error;
      this.skipped += 1;
    }
  }
}

function whenMissing(error: unknown): undefined {
  if (isFault(error, 'files.not_found') || isFault(error, 'files.not_a_folder')) return undefined;
  throw error;
}
