import type { Database, Queryable } from '#kernel/database/database.ts';
import type { Overlap } from '../contract-shapes.ts';
import { type TaskRow, taskColumns } from './task-store.ts';

/** True where one path is the other, or lies in it. */
const meet = (a: string, b: string) =>
  `(${a} = ${b} or starts_with(${a}, rtrim(${b}, '/') || '/') or starts_with(${b}, rtrim(${a}, '/') || '/'))`;

/**
 * Takes the next task: higher priority first, and one step of priority more for each ten minutes of waiting, so that
 * nothing waits for ever. Passed over are tasks whose dependencies have not all completed, and those whose user has named
 * a file that a running task has to do with: they would begin from what is about to change. One claim at a time, in
 * whichever process: two at once would not see each other's paths.
 */
export function claimTask(
  database: Database,
  claim: { readonly runner: string; readonly now: Date; readonly leaseUntil: Date },
): Promise<TaskRow | undefined> {
  return database.transaction(async (transaction) => {
    await transaction.query({ text: `select pg_advisory_xact_lock(hashtextextended('agents:claim', 0))` });
    const [row] = await transaction.query<TaskRow>({
      name: 'agents-task-claim',
      text: `update agents.task set status = 'running', runner = $1, lease_until = $3, starts = starts + 1,
          started_at = coalesce(started_at, $2)
        where task_id = (
          select task_id from agents.task t where status = 'pending'
            and not exists (select 1 from agents.task d where d.task_id = any (t.after_ids) and d.status <> 'completed')
            and not exists (
              select 1 from agents.path_lease l join agents.task r on r.task_id = l.task_id,
                json_array_elements_text(t.files) as named (path)
              where l.project_id = t.project_id and l.task_id <> t.task_id and r.status = 'running'
                and ${meet('l.path', 'named.path')})
          order by priority + extract(epoch from ($2 - created_at)) / 600 desc, task_id
          limit 1 for update skip locked)
        returning ${taskColumns}`,
      values: [claim.runner, claim.now, claim.leaseUntil],
    });
    if (row !== undefined && row.files.length > 0)
      await leasePaths(transaction, row, { paths: row.files, named: true });
    return row;
  });
}

export async function renewLease(
  database: Queryable,
  lease: { readonly taskId: string; readonly runner: string; readonly until: Date },
): Promise<boolean> {
  const count = await database.execute({
    name: 'agents-task-renew',
    text: `update agents.task set lease_until = $3 where task_id = $1 and runner = $2 and status = 'running'`,
    values: [lease.taskId, lease.runner, lease.until],
  });
  return count === 1;
}

/** Which of the tasks still belong to this process: not those that were cancelled, or taken over by another. */
export async function stillOurs(
  database: Queryable,
  { taskIds, runner }: { readonly taskIds: readonly string[]; readonly runner: string },
): Promise<Set<string>> {
  const rows = await database.query<{ taskId: string }>({
    name: 'agents-task-still-ours',
    text: `select task_id as "taskId" from agents.task
      where task_id = any ($1::uuid[]) and runner = $2 and status = 'running'`,
    values: [taskIds, runner],
  });
  return new Set(rows.map(({ taskId }) => taskId));
}

/** Running tasks whose process is gone. */
export async function abandonedTasks(database: Queryable, now: Date): Promise<TaskRow[]> {
  return database.query<TaskRow>({
    name: 'agents-task-abandoned',
    text: `select ${taskColumns} from agents.task where status = 'running' and lease_until < $1`,
    values: [now],
  });
}

type Leaseholder = Pick<TaskRow, 'taskId' | 'projectId'>;

/** Enters that a task has to do with paths. */
export async function leasePaths(
  database: Queryable,
  { taskId, projectId }: Leaseholder,
  { paths, named }: { readonly paths: readonly string[]; readonly named: boolean },
): Promise<void> {
  await database.execute({
    name: 'agents-path-lease',
    text: `insert into agents.path_lease (project_id, path, task_id, named)
      select $1, path, $2, $4 from unnest($3::text[]) as path on conflict do nothing`,
    values: [projectId, taskId, paths, named],
  });
}

/** Once the work is done only what it changes counts. */
export async function keepLeases(
  database: Queryable,
  task: Leaseholder,
  paths: readonly string[],
): Promise<void> {
  await database.execute({
    text: 'delete from agents.path_lease where task_id = $1 and path <> all ($2::text[])',
    values: [task.taskId, paths],
  });
  await leasePaths(database, task, { paths, named: false });
}

/** Other tasks that have to do with the same paths and run, or whose proposal is not decided yet. */
export async function overlapsOf(
  database: Queryable,
  { taskId, path = null }: { readonly taskId: string; readonly path?: string | null },
): Promise<Overlap[]> {
  return database.query<Overlap & object>({
    name: 'agents-overlaps',
    text: `select distinct on (other.task_id, own.path) other.task_id as "taskId", own.path,
        case when o.status = 'completed' then 'proposed' else o.status end as state
      from agents.path_lease own
        join agents.path_lease other on other.project_id = own.project_id and other.task_id <> own.task_id
          and ${meet('own.path', 'other.path')}
        join agents.task o on o.task_id = other.task_id
      where own.task_id = $1 and ($2::text is null or own.path = $2)
        and (o.status in ('running', 'waiting_for_input') or (o.status = 'completed' and o.change_state = 'proposed'))
      order by other.task_id, own.path
      limit 200`,
    values: [taskId, path],
  });
}
