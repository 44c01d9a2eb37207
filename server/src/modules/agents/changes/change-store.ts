import type { Queryable, Transaction } from '#kernel/database/database.ts';
import type { OpenProposal } from '../contract-changes.ts';
import type { FileChange } from './differences.ts';

export async function saveChanges(
  transaction: Transaction,
  taskId: string,
  changes: readonly FileChange[],
): Promise<void> {
  await transaction.execute({ text: 'delete from agents.change where task_id = $1', values: [taskId] });
  for (const { path, baseHash, afterHash, executable } of changes) {
    await transaction.execute({
      name: 'agents-change-insert',
      text: 'insert into agents.change (task_id, path, base_hash, after_hash, executable) values ($1, $2, $3, $4, $5)',
      values: [taskId, path, baseHash, afterHash, executable],
    });
  }
}

export async function readChanges(database: Queryable, taskId: string): Promise<FileChange[]> {
  return database.query<FileChange & object>({
    name: 'agents-change-read',
    text: `select path, base_hash as "baseHash", after_hash as "afterHash", executable
      from agents.change where task_id = $1 order by path collate "C"`,
    values: [taskId],
  });
}

/** The files of all proposals of a project that are not decided, newest tasks first. */
export async function openProposals(
  database: Queryable,
  projectId: string,
  limit: number,
): Promise<OpenProposal[]> {
  return database.query<OpenProposal & object>({
    name: 'agents-change-open',
    text: `select t.task_id as "taskId", t.agent, c.path,
        case when c.base_hash is null then 'created' when c.after_hash is null then 'deleted' else 'changed' end as change
      from agents.task t join agents.change c using (task_id)
      where t.project_id = $1 and t.status = 'completed' and t.change_state = 'proposed'
      order by t.task_id desc, c.path collate "C" limit $2`,
    values: [projectId, limit],
  });
}

export interface OperationFile {
  readonly path: string;
  readonly beforeHash: string | null;
  readonly afterHash: string | null;
  readonly executable: boolean;
}

export interface Operation {
  readonly operationId: string;
  readonly taskId: string;
  readonly projectId: string;
  readonly userId: string;
  readonly kind: 'apply' | 'rollback';
}

/** Writes an operation down before its first file is written. */
export async function beginOperation(
  transaction: Transaction,
  operation: Operation & { readonly at: Date },
  files: readonly OperationFile[],
): Promise<void> {
  const { operationId, taskId, projectId, userId, kind, at } = operation;
  await transaction.execute({
    text: `insert into agents.operation (operation_id, task_id, project_id, user_id, kind, at, finished)
      values ($1, $2, $3, $4, $5, $6, false)`,
    values: [operationId, taskId, projectId, userId, kind, at],
  });
  for (const { path, beforeHash, afterHash, executable } of files) {
    await transaction.execute({
      name: 'agents-operation-file-insert',
      text: `insert into agents.operation_file (operation_id, path, before_hash, after_hash, executable, undone)
        values ($1, $2, $3, $4, $5, false)`,
      values: [operationId, path, beforeHash, afterHash, executable],
    });
  }
}

/** Nothing of the operation stands in the files: it never happened. */
export async function discardOperation(database: Queryable, operationId: string): Promise<void> {
  await database.execute({
    text: 'delete from agents.operation where operation_id = $1',
    values: [operationId],
  });
}

/** The operation is done for these files, and never was for the others; what it took back counts as undone. */
export async function finishOperation(
  transaction: Transaction,
  operation: Operation,
  files: readonly string[],
): Promise<void> {
  await transaction.execute({
    text: 'update agents.operation set finished = true where operation_id = $1',
    values: [operation.operationId],
  });
  await transaction.execute({
    text: 'delete from agents.operation_file where operation_id = $1 and path <> all ($2::text[])',
    values: [operation.operationId, files],
  });
  // An operation of one kind takes back those of the other.
  await transaction.execute({
    text: `update agents.operation_file f set undone = true from agents.operation o
      where o.operation_id = f.operation_id and o.task_id = $1 and o.kind <> $2 and f.path = any ($3::text[])`,
    values: [operation.taskId, operation.kind, files],
  });
}

/** Every operation of one kind that nothing has taken back, per file, the latest first. */
async function standingFiles(
  database: Queryable,
  taskId: string,
  kind: Operation['kind'],
): Promise<(OperationFile & { operationId: string })[]> {
  return database.query<OperationFile & { operationId: string }>({
    name: 'agents-standing-files',
    text: `select o.operation_id as "operationId", f.path, f.before_hash as "beforeHash", f.after_hash as "afterHash",
        f.executable
      from agents.operation_file f join agents.operation o using (operation_id)
      where o.task_id = $1 and o.kind = $2 and o.finished and not f.undone
      order by f.path collate "C", o.at desc, o.operation_id desc`,
    values: [taskId, kind],
  });
}

/** What applying a task wrote and nothing has taken back: per path all of it, the latest first. */
export async function appliedFiles(
  database: Queryable,
  taskId: string,
): Promise<{ readonly path: string; readonly writes: readonly OperationFile[] }[]> {
  const rows = await standingFiles(database, taskId, 'apply');
  const paths = [...new Set(rows.map(({ path }) => path))];
  return paths.map((path) => ({ path, writes: rows.filter((row) => row.path === path) }));
}

/** What the last rollback of a task took back and nothing has brought back. */
export async function lastRollback(database: Queryable, taskId: string): Promise<OperationFile[]> {
  const rows = await standingFiles(database, taskId, 'rollback');
  const latest = rows
    .map(({ operationId }) => operationId)
    .toSorted()
    .at(-1);
  return rows.filter(({ operationId }) => operationId === latest);
}

/** Whether an operation still waits for its end; asked under the project's lock. */
export async function isUnfinished(transaction: Transaction, operationId: string): Promise<boolean> {
  const rows = await transaction.query({
    text: 'select 1 from agents.operation where operation_id = $1 and not finished',
    values: [operationId],
  });
  return rows.length === 1;
}

/** Operations begun by then that a crash interrupted, without files that a later operation has written again. */
export async function unfinishedOperations(
  database: Queryable,
  before: Date,
): Promise<(Operation & { files: OperationFile[] })[]> {
  const operations = await database.query<Operation & object>({
    text: `select operation_id as "operationId", task_id as "taskId", project_id as "projectId", user_id as "userId", kind
      from agents.operation where not finished and at <= $1 order by at`,
    values: [before],
  });
  return Promise.all(
    operations.map(async (operation) => ({
      ...operation,
      files: await database.query<OperationFile & object>({
        text: `select f.path, f.before_hash as "beforeHash", f.after_hash as "afterHash", f.executable
          from agents.operation_file f join agents.operation o using (operation_id)
          where o.operation_id = $1 and not exists (
            select 1 from agents.operation l join agents.operation_file lf using (operation_id)
            where l.project_id = o.project_id and lf.path = f.path and (l.at, l.operation_id) > (o.at, o.operation_id))
          order by f.path`,
        values: [operation.operationId],
      }),
    })),
  );
}

/** One apply or rollback of a project at a time, in whichever process. */
export async function lockProject(transaction: Transaction, projectId: string): Promise<void> {
  await transaction.query({
    text: `select pg_advisory_xact_lock(hashtextextended('agents:' || $1, 0))`,
    values: [projectId],
  });
}

/** As `lockProject`, but false at once when another holds it: whoever does is alive and at work. */
export async function tryLockProject(transaction: Transaction, projectId: string): Promise<boolean> {
  const [row] = await transaction.query<{ locked: boolean }>({
    text: `select pg_try_advisory_xact_lock(hashtextextended('agents:' || $1, 0)) as locked`,
    values: [projectId],
  });
  return row?.locked === true;
}

/** Every content that a task of the project may still need. */
export async function neededHashes(database: Queryable, projectId: string): Promise<Set<string>> {
  const rows = await database.query<{ hash: string }>({
    text: `select distinct hash from (
        select unnest(array[c.base_hash, c.after_hash]) as hash from agents.change c join agents.task t using (task_id) where t.project_id = $1
        union all
        select unnest(array[f.before_hash, f.after_hash]) from agents.operation_file f join agents.operation o using (operation_id) where o.project_id = $1
      ) used where hash is not null`,
    values: [projectId],
  });
  return new Set(rows.map(({ hash }) => hash));
}
