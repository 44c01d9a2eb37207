import type { Database } from '#kernel/database/database.ts';
import type { Growth } from '#kernel/files/workspace.ts';

export type UsageStore = ReturnType<typeof createUsageStore>;

/** Every SQL statement about storage use. */
export function createUsageStore(database: Database) {
  return {
    /** Over all projects that count against the user, deleted ones that can be restored included. */
    async ofOwner(ownerId: string): Promise<Growth> {
      const rows = await database.query<{ bytes: bigint; files: bigint }>({
        name: 'projects.usage_of_owner',
        text: `select coalesce(sum(used_bytes), 0)::bigint as bytes, coalesce(sum(used_files), 0)::bigint as files
          from projects.project where owner_id = $1`,
        values: [ownerId],
      });
      return { bytes: Number(rows[0]?.bytes ?? 0n), files: Number(rows[0]?.files ?? 0n) };
    },

    async add(projectId: string, growth: Growth): Promise<void> {
      await database.execute({
        text: `update projects.project set used_bytes = greatest(0, used_bytes + $2),
          used_files = greatest(0, used_files + $3) where id = $1`,
        values: [projectId, growth.bytes, growth.files],
      });
    },

    async set(projectId: string, exact: Growth): Promise<void> {
      await database.execute({
        text: 'update projects.project set used_bytes = $2, used_files = $3 where id = $1',
        values: [projectId, exact.bytes, exact.files],
      });
    },
  };
}
