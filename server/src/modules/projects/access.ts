import { fault } from '#base/fault.ts';
import { type Principal, type Role, roleIncludes } from '#base/principal.ts';
import type { Workspace } from '#kernel/files/workspace.ts';
import type { ProjectsConfig } from './config.ts';
import type { ProjectRole } from './contract-shapes.ts';
import type { ProjectFolder, ProjectFolders } from './folders.ts';
import type { MembershipRow, ProjectStore } from './store.ts';
import type { Usage } from './usage.ts';

export type Need = 'read' | 'write' | 'own';

/** A project that somebody may use, as they need it. */
export interface Grant {
  readonly project: MembershipRow;
  readonly folder: ProjectFolder;
}

export interface Access {
  /**
   * @throws projects.unknown for who is no member and for deleted projects, projects.role_insufficient for a
   *   member whose role does not reach, common.forbidden for a platform role that may only read
   */
  require(projectId: string, user: Pick<Principal, 'userId' | 'role'>, need: Need): Promise<Grant>;
  /** The files of a granted project, counted against its owner's quota. */
  workspace(grant: Grant): Promise<Workspace>;
  /** Forgets what is known about a project's members. */
  forget(projectId: string): void;
}

const rank: Record<ProjectRole, number> = { viewer: 0, editor: 1, owner: 2 };
const neededRole: Record<Need, ProjectRole> = { read: 'viewer', write: 'editor', own: 'owner' };
const neededPlatformRole: Record<Need, Role> = { read: 'viewer', write: 'developer', own: 'developer' };

/** A removed member keeps access for at most this long on other processes whose event got lost. */
const lifetimeMs = 1_000;
const maxEntries = 5_000;

interface AccessParts {
  readonly store: ProjectStore;
  readonly folders: ProjectFolders;
  readonly usage: Usage;
  readonly config: Pick<ProjectsConfig, 'fileBytes' | 'depth'>;
  readonly now: () => number;
}

/** Decides who may do what with a project. Memberships are believed for a second: file calls come in bursts. */
export function createAccess({ store, folders, usage, config, now }: AccessParts): Access {
  const known = new Map<string, { readonly row: MembershipRow; readonly untilMs: number }>();

  async function find(projectId: string, userId: string): Promise<MembershipRow | undefined> {
    const key = `${projectId}:${userId}`;
    const entry = known.get(key);
    if (entry !== undefined && now() < entry.untilMs) return entry.row;
    const row = await store.findMembership(projectId, userId);
    if (row === undefined) known.delete(key);
    else {
      if (known.size >= maxEntries) known.clear();
      known.set(key, { row, untilMs: now() + lifetimeMs });
    }
    return row;
  }

  return {
    async require(projectId, user, need) {
      const project = await find(projectId, user.userId);
      if (project === undefined) throw fault('projects.unknown');
      if (!roleIncludes(user.role, neededPlatformRole[need])) {
        throw fault('common.forbidden', { needed: neededPlatformRole[need] });
      }
      const needed = neededRole[need];
      if (rank[project.role] < rank[needed]) {
        throw fault('projects.role_insufficient', { role: project.role, needed });
      }
      return { project, folder: folders.of(projectId) };
    },
    async workspace({ project, folder }) {
      const room = await usage.roomFor({ projectId: project.id, ownerId: project.ownerId });
      return {
        workspacePath: folder.workspacePath,
        stagingPath: folder.stagingPath,
        limits: { fileBytes: config.fileBytes, depth: config.depth },
        room,
      };
    },
    forget(projectId) {
      for (const key of known.keys()) if (key.startsWith(projectId)) known.delete(key);
    },
  };
}
