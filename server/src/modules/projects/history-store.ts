import type { Database, Queryable } from '#kernel/database/database.ts';

export type VersionOrigin = 'save' | 'revert' | 'preserved';

export interface VersionRow {
  readonly id: bigint;
  readonly path: string;
  readonly etag: string;
  readonly sizeBytes: bigint;
  readonly savedAt: Date;
  readonly userId: string | null;
  readonly origin: VersionOrigin;
}

export interface NewVersion {
  readonly projectId: string;
  readonly path: string;
  readonly etag: string;
  readonly content: Uint8Array;
  readonly savedAt: Date;
  readonly userId: string | null;
  readonly origin: VersionOrigin;
}

export type HistoryStore = ReturnType<typeof createHistoryStore>;

const columns = `v.id, v.path, v.etag, v.size_bytes as "sizeBytes", v.saved_at as "savedAt", v.user_id as "userId",
  v.origin`;

/** What a version takes beside its content: its row and its part of three indexes. */
const versionBytes = 512;

/** Every SQL statement about the history of files. */
export function createHistoryStore(database: Database) {
  return {
    /**
     * Keeps a state of a file, unless it is the newest one already. The conflicting insert of a content that is
     * there updates its row: that locks it, so that no collection removes it before this commits.
     */
    async add(queryable: Queryable, version: NewVersion): Promise<void> {
      await queryable.execute({
        name: 'projects.add_version',
        text: `with latest as (
            select etag from projects.file_version where project_id = $1 and path = $2 order by id desc limit 1
          ), wanted as (
            select 1 where not exists (select 1 from latest where etag = $3)
          ), kept as (
            insert into projects.content (project_id, etag, content) select $1, $3, $4 from wanted
            on conflict (project_id, etag) do update set etag = excluded.etag
          )
          insert into projects.file_version (project_id, path, etag, size_bytes, saved_at, user_id, origin)
          select $1, $2, $3, $5, $6, $7, $8 from wanted`,
        values: [
          version.projectId,
          version.path,
          version.etag,
          version.content,
          version.content.length,
          version.savedAt,
          version.userId,
          version.origin,
        ],
      });
    },

    list(file: {
      projectId: string;
      path: string;
      before: bigint | null;
      limit: number;
    }): Promise<VersionRow[]> {
      return database.query<VersionRow>({
        text: `select ${columns} from projects.file_version v
          where v.project_id = $1 and v.path = $2 and ($3::bigint is null or v.id < $3)
          order by v.id desc limit $4`,
        values: [file.projectId, file.path, file.before, file.limit],
      });
    },

    async find(
      projectId: string,
      versionId: bigint,
    ): Promise<(VersionRow & { readonly content: Buffer }) | undefined> {
      const rows = await database.query<VersionRow & { readonly content: Buffer }>({
        text: `select ${columns}, c.content from projects.file_version v
          join projects.content c on c.project_id = v.project_id and c.etag = v.etag
          where v.project_id = $1 and v.id = $2`,
        values: [projectId, versionId],
      });
      return rows[0];
    },

    /** The newest version of each path, newest first. */
    listNewest(projectId: string, limit: number): Promise<VersionRow[]> {
      return database.query<VersionRow>({
        text: `select * from (
            select distinct on (v.path) ${columns} from projects.file_version v
            where v.project_id = $1 order by v.path, v.id desc
          ) newest order by id desc limit $2`,
        values: [projectId, limit],
      });
    },

    /** Projects whose kept contents are larger than the budget, or whose versions alone are. */
    async listOverBudget(budgetBytes: number): Promise<string[]> {
      const rows = await database.query<{ id: string }>({
        text: `select project_id as id from projects.content group by project_id
          having sum(octet_length(content)) > $1
          union
          select project_id from projects.file_version group by project_id having count(*) * $2 > $1`,
        values: [budgetBytes, versionBytes],
      });
      return rows.map((row) => row.id);
    },

    /**
     * Drops versions beyond the budget: first what is not the newest of its path, of both the oldest first.
     * @returns how many were dropped
     */
    dropBeyond(projectId: string, budgetBytes: number): Promise<number> {
      return database.execute({
        text: `delete from projects.file_version v using (
            select id, sum(size_bytes + $3::bigint) over (order by age > 1, id desc) as running from (
              select id, size_bytes, row_number() over (partition by path order by id desc) as age
              from projects.file_version where project_id = $1
            ) aged
          ) ranked
          where v.id = ranked.id and v.project_id = $1 and ranked.running > $2`,
        values: [projectId, budgetBytes, versionBytes],
      });
    },

    dropUnreferenced(projectId: string): Promise<number> {
      return database.execute({
        text: `delete from projects.content c where c.project_id = $1 and not exists (
            select 1 from projects.file_version v where v.project_id = c.project_id and v.etag = c.etag)`,
        values: [projectId],
      });
    },
  };
}
