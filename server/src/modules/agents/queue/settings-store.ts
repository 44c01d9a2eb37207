import type { Queryable } from '#kernel/database/database.ts';

/** The model that may go on in a project's tasks; null when its owners have named none. */
export async function readEscalation(database: Queryable, projectId: string): Promise<string | null> {
  const [row] = await database.query<{ escalateTo: string | null }>({
    name: 'agents-setting-read',
    text: 'select escalate_to as "escalateTo" from agents.project_setting where project_id = $1',
    values: [projectId],
  });
  return row?.escalateTo ?? null;
}

export async function saveEscalation(
  database: Queryable,
  setting: {
    readonly projectId: string;
    readonly escalateTo: string | null;
    readonly userId: string;
    readonly at: Date;
  },
): Promise<void> {
  await database.execute({
    name: 'agents-setting-save',
    text: `insert into agents.project_setting (project_id, escalate_to, changed_by, changed_at) values ($1, $2, $3, $4)
      on conflict (project_id) do update set escalate_to = $2, changed_by = $3, changed_at = $4`,
    values: [setting.projectId, setting.escalateTo, setting.userId, setting.at],
  });
}

export async function deleteSettings(database: Queryable, projectId: string): Promise<void> {
  await database.execute({
    text: 'delete from agents.project_setting where project_id = $1',
    values: [projectId],
  });
}
