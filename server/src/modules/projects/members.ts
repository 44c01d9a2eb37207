import type { Call, Client } from '#base/contract.ts';
import { fault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import type { Database, Transaction } from '#kernel/database/database.ts';
import type { Publish } from '#kernel/module.ts';
import type { authContract } from '#modules/auth/contract.ts';
import type { Access } from './access.ts';
import type { projectsContract } from './contract.ts';
import type { ProjectRole } from './contract-shapes.ts';
import type { MemberRow, ProjectStore } from './store.ts';

interface MemberParts {
  readonly database: Database;
  readonly store: ProjectStore;
  readonly access: Access;
  readonly auth: Client<typeof authContract>;
  readonly publish: Publish<typeof projectsContract>;
  readonly now: () => number;
}

interface MemberChange {
  readonly projectId: string;
  readonly change: 'member_added' | 'member_removed' | 'member_role';
  readonly userId: string;
  readonly role: ProjectRole | null;
}

export type Members = ReturnType<typeof createMembers>;

/** Who belongs to a project. There is always an owner, and the one who pays with their quota is one. */
export function createMembers({ database, store, access, auth, publish, now }: MemberParts) {
  async function list(user: Principal, projectId: string, call: Call) {
    await access.require(projectId, user, 'read');
    const rows = await store.listMembers(database, projectId);
    const names = await namesOf(
      rows.map((row) => row.userId),
      call,
    );
    return { members: rows.map((row) => describe(row, names.get(row.userId) ?? '')) };
  }

  async function namesOf(userIds: string[], call: Call): Promise<Map<string, string>> {
    const { users } = await auth.call('auth.users.describe', { userIds: userIds.slice(0, 500) }, call);
    return new Map(users.map((known) => [known.id, known.username]));
  }

  async function add(
    user: Principal,
    input: { projectId: string; username: string; role: ProjectRole },
    call: Call,
  ) {
    const { projectId, username, role } = input;
    await access.require(projectId, user, 'own');
    const found = await auth.call('auth.users.find', { username }, call);
    if (found === null) throw fault('projects.user_unknown', { username });
    const member = await change(projectId, { user, call }, async (tx, members) => {
      const present = members.find((row) => row.userId === found.id);
      const wanted = { userId: found.id, role, addedAt: present?.addedAt ?? new Date(now()) };
      await put(tx, { projectId, wanted, members });
      const kind = present === undefined ? 'member_added' : 'member_role';
      return { result: wanted, event: { projectId, change: kind, userId: found.id, role } };
    });
    return describe(member, found.username);
  }

  async function setRole(
    user: Principal,
    input: { projectId: string; userId: string; role: ProjectRole },
    call: Call,
  ) {
    const { projectId, userId, role } = input;
    await access.require(projectId, user, 'own');
    const member = await change(projectId, { user, call }, async (tx, members) => {
      const present = members.find((row) => row.userId === userId);
      if (present === undefined) throw fault('projects.member_unknown');
      const wanted = { ...present, role };
      await put(tx, { projectId, wanted, members });
      return { result: wanted, event: { projectId, change: 'member_role', userId, role } };
    });
    return describe(member, (await namesOf([userId], call)).get(userId) ?? '');
  }

  async function remove(user: Principal, input: { projectId: string; userId: string }, call: Call) {
    const { projectId, userId } = input;
    const own = userId === user.userId;
    // A viewer of the platform may leave a project, too: leaving changes nobody's files.
    await access.require(projectId, user, own ? 'read' : 'own');
    await change(projectId, { user, call }, async (tx, members) => {
      if (!members.some((row) => row.userId === userId)) throw fault('projects.member_unknown');
      await take(tx, { projectId, userId, members });
      return { result: undefined, event: { projectId, change: 'member_removed', userId, role: null } };
    });
    return { removed: true };
  }

  /** Runs a change while nobody else changes the same membership. */
  async function change<Result>(
    projectId: string,
    origin: { user: Principal; call: Call },
    work: (tx: Transaction, members: MemberRow[]) => Promise<{ result: Result; event: MemberChange }>,
  ): Promise<Result> {
    const result = await database.transaction(async (tx) => {
      if (!(await store.lockProject(tx, projectId))) throw fault('projects.unknown');
      const outcome = await work(tx, await store.listMembers(tx, projectId));
      await publish('project.changed', outcome.event, {
        transaction: tx,
        traceId: origin.call.traceId,
        actorId: origin.user.userId,
      });
      return outcome.result;
    });
    access.forget(projectId);
    return result;
  }

  async function put(
    tx: Transaction,
    { projectId, wanted, members }: { projectId: string; wanted: MemberRow; members: MemberRow[] },
  ): Promise<void> {
    if (wanted.role !== 'owner') await keepOwner(tx, { projectId, leaving: wanted.userId, members });
    await store.putMember(tx, projectId, wanted);
  }

  async function take(
    tx: Transaction,
    { projectId, userId, members }: { projectId: string; userId: string; members: MemberRow[] },
  ): Promise<void> {
    await keepOwner(tx, { projectId, leaving: userId, members });
    await store.removeMember(tx, projectId, userId);
  }

  /** The quota passes to the longest-standing other owner when the one it counts against stops being one. */
  async function keepOwner(
    tx: Transaction,
    { projectId, leaving, members }: { projectId: string; leaving: string; members: MemberRow[] },
  ): Promise<void> {
    const owners = members.filter((row) => row.role === 'owner');
    if (!owners.some((row) => row.userId === leaving)) return;
    const other = owners.find((row) => row.userId !== leaving);
    if (other === undefined) throw fault('projects.last_owner');
    const project = await store.find(tx, projectId);
    if (project?.ownerId === leaving) await store.setOwner(tx, projectId, other.userId);
  }

  /**
   * After an account is gone: its memberships end. Where it was the last owner, the longest-standing editor becomes
   * one; a project that is left without either is deleted, and removed for good after its time.
   */
  async function forgetUser(userId: string, tx: Transaction): Promise<void> {
    for (const projectId of await store.listIdsOfMember(userId)) {
      if (!(await store.lockProject(tx, projectId))) continue;
      const members = await store.listMembers(tx, projectId);
      const rest = members.filter((row) => row.userId !== userId);
      const heir = rest.find((row) => row.role === 'owner') ?? rest.find((row) => row.role === 'editor');
      await store.removeMember(tx, projectId, userId);
      const project = await store.find(tx, projectId);
      if (heir !== undefined) {
        await store.putMember(tx, projectId, { ...heir, role: 'owner' });
        if (project?.ownerId === userId) await store.setOwner(tx, projectId, heir.userId);
      } else if (project?.deletedAt === null && !rest.some((row) => row.role === 'owner')) {
        await store.setDeleted(tx, projectId, new Date(now()));
        await publish('project.deleted', { projectId }, { transaction: tx });
      }
      tx.afterCommit(() => access.forget(projectId));
    }
  }

  return { list, add, setRole, remove, forgetUser };
}

function describe(row: MemberRow, username: string) {
  return { userId: row.userId, username, role: row.role, addedAt: row.addedAt.toISOString() };
}
