import type { Database, Queryable } from '#kernel/database/database.ts';
import type { ProjectRole } from './contract-shapes.ts';

export interface ProjectRow {
  readonly id: string;
  readonly name: string;
  readonly ownerId: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly deletedAt: Date | null;
}

/** A project together with the role of the one who asks. */
export interface MembershipRow extends ProjectRow {
  readonly role: ProjectRole;
}

export interface MemberRow {
  readonly userId: string;
  readonly role: ProjectRole;
  readonly addedAt: Date;
}

export type ProjectStore = ReturnType<typeof createProjectStore>;

const columns = `p.id, p.name, p.owner_id as "ownerId", p.created_at as "createdAt", p.updated_at as "updatedAt",
  p.deleted_at as "deletedAt"`;

/** Every SQL statement about projects and their members. */
export function createProjectStore(database: Database) {
  return {
    /** The project as this user sees it; undefined for who is no member, and for a project that is deleted. */
    async findMembership(projectId: string, userId: string): Promise<MembershipRow | undefined> {
      const rows = await database.query<MembershipRow>({
        name: 'projects.find_membership',
        text: `select ${columns}, m.role from projects.project p
          join projects.member m on m.project_id = p.id
          where p.id = $1 and m.user_id = $2 and p.deleted_at is null`,
        values: [projectId, userId],
      });
      return rows[0];
    },

    async findDeleted(projectId: string, userId: string): Promise<MembershipRow | undefined> {
      const rows = await database.query<MembershipRow>({
        text: `select ${columns}, m.role from projects.project p
          join projects.member m on m.project_id = p.id
          where p.id = $1 and m.user_id = $2 and p.deleted_at is not null`,
        values: [projectId, userId],
      });
      return rows[0];
    },

    /** Within a transaction, ask on its connection: one that waits for a second one can wait for ever. */
    async find(queryable: Queryable, projectId: string): Promise<ProjectRow | undefined> {
      const rows = await queryable.query<ProjectRow>({
        text: `select ${columns} from projects.project p where p.id = $1`,
        values: [projectId],
      });
      return rows[0];
    },

    /** Newest first; `before` is the last id of the page before (ids grow with time). */
    listOfUser(
      userId: string,
      page: { before: string | undefined; limit: number },
    ): Promise<MembershipRow[]> {
      return database.query<MembershipRow>({
        text: `select ${columns}, m.role from projects.member m join projects.project p on p.id = m.project_id
          where m.user_id = $1 and p.deleted_at is null and ($2::uuid is null or p.id < $2)
          order by p.id desc limit $3`,
        values: [userId, page.before ?? null, page.limit],
      });
    },

    listDeletedOfOwner(userId: string): Promise<MembershipRow[]> {
      return database.query<MembershipRow>({
        text: `select ${columns}, m.role from projects.member m join projects.project p on p.id = m.project_id
          where m.user_id = $1 and m.role = 'owner' and p.deleted_at is not null
          order by p.deleted_at desc limit 500`,
        values: [userId],
      });
    },

    async countOfOwner(ownerId: string): Promise<number> {
      const rows = await database.query<{ count: bigint }>({
        text: 'select count(*) as count from projects.project where owner_id = $1',
        values: [ownerId],
      });
      return Number(rows[0]?.count ?? 0n);
    },

    async insertProject(tx: Queryable, project: Omit<ProjectRow, 'deletedAt'>): Promise<void> {
      await tx.execute({
        text: `insert into projects.project (id, name, owner_id, created_at, updated_at)
          values ($1, $2, $3, $4, $5)`,
        values: [project.id, project.name, project.ownerId, project.createdAt, project.updatedAt],
      });
    },

    async rename(tx: Queryable, project: { id: string; name: string; at: Date }): Promise<void> {
      await tx.execute({
        text: 'update projects.project set name = $2, updated_at = $3 where id = $1',
        values: [project.id, project.name, project.at],
      });
    },

    async touch(projectId: string, at: Date): Promise<void> {
      await database.execute({
        text: `update projects.project set updated_at = $2
          where id = $1 and updated_at < $2::timestamptz - interval '10 seconds'`,
        values: [projectId, at],
      });
    },

    /** Sets or, with null, clears the time of deletion. */
    async setDeleted(tx: Queryable, projectId: string, at: Date | null): Promise<void> {
      await tx.execute({
        text: 'update projects.project set deleted_at = $2 where id = $1',
        values: [projectId, at],
      });
    },

    async listDeletedBefore(before: Date): Promise<string[]> {
      const rows = await database.query<{ id: string }>({
        text: 'select id from projects.project where deleted_at < $1 order by deleted_at limit 100',
        values: [before],
      });
      return rows.map((row) => row.id);
    },

    /** False when the project was restored meanwhile, or is gone. */
    async remove(tx: Queryable, projectId: string): Promise<boolean> {
      const count = await tx.execute({
        text: 'delete from projects.project where id = $1 and deleted_at is not null',
        values: [projectId],
      });
      return count === 1;
    },

    /** Holds the project's membership still until the transaction ends. False when the project is gone. */
    async lockProject(tx: Queryable, projectId: string): Promise<boolean> {
      const rows = await tx.query({
        text: 'select id from projects.project where id = $1 for update',
        values: [projectId],
      });
      return rows.length === 1;
    },

    listMembers(queryable: Queryable, projectId: string): Promise<MemberRow[]> {
      return queryable.query<MemberRow>({
        text: `select user_id as "userId", role, added_at as "addedAt" from projects.member
          where project_id = $1 order by added_at, user_id`,
        values: [projectId],
      });
    },

    async putMember(tx: Queryable, projectId: string, member: MemberRow): Promise<void> {
      await tx.execute({
        text: `insert into projects.member (project_id, user_id, role, added_at) values ($1, $2, $3, $4)
          on conflict (project_id, user_id) do update set role = excluded.role`,
        values: [projectId, member.userId, member.role, member.addedAt],
      });
    },

    async removeMember(tx: Queryable, projectId: string, userId: string): Promise<void> {
      await tx.execute({
        text: 'delete from projects.member where project_id = $1 and user_id = $2',
        values: [projectId, userId],
      });
    },

    async setOwner(tx: Queryable, projectId: string, ownerId: string): Promise<void> {
      await tx.execute({
        text: 'update projects.project set owner_id = $2 where id = $1',
        values: [projectId, ownerId],
      });
    },

    /** Every project that the user is a member of, deleted ones included. */
    async listIdsOfMember(userId: string): Promise<string[]> {
      const rows = await database.query<{ id: string }>({
        text: 'select project_id as id from projects.member where user_id = $1',
        values: [userId],
      });
      return rows.map((row) => row.id);
    },

    async allIds(): Promise<Set<string>> {
      const rows = await database.query<{ id: string }>({ text: 'select id from projects.project' });
      return new Set(rows.map((row) => row.id));
    },
  };
}
