import type { Language } from '#base/fault.ts';
import type { Queryable } from '#kernel/database/database.ts';
import type { Consent } from '../contract-consent.ts';
import type {
  AgentName,
  Budget,
  ChangeState,
  CommandLine,
  Finding,
  Step,
  StepKind,
  TaskStatus,
  Usage,
} from '../contract-shapes.ts';
import type { Held } from '../control/spending.ts';

export interface TaskRow {
  readonly taskId: string;
  readonly projectId: string;
  readonly userId: string;
  readonly principal: unknown;
  readonly agent: AgentName;
  readonly task: string;
  readonly model: string;
  readonly files: string[];
  readonly mode: 'auto' | 'steps' | 'tools';
  readonly command: CommandLine | null;
  readonly priority: number;
  readonly after: string[];
  readonly budget: Budget;
  readonly usage: Usage;
  readonly held: Held | null;
  readonly escalateTo: string | null;
  readonly language: Language;
  readonly copiedAt: Date | null;
  readonly status: TaskStatus;
  readonly changeState: ChangeState;
  readonly question: string | null;
  readonly consent: Consent | null;
  readonly conversation: unknown;
  readonly summary: string | null;
  readonly problem: { readonly code: string; readonly data: Record<string, unknown> } | null;
  readonly findings: Finding[];
  readonly starts: number;
  readonly secondsUsed: number;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

export const taskColumns = `task_id as "taskId", project_id as "projectId", user_id as "userId", principal, agent, task, model, files,
  mode, command, priority, after_ids as "after", budget::jsonb || jsonb_build_object('cost', budget -> 'cost') as budget,
  '{"cost":"0"}'::jsonb || usage::jsonb as usage, held, escalate_to as "escalateTo", language, copied_at as "copiedAt", status, change_state as "changeState", question, consent,
  conversation, summary, problem, findings, starts, seconds_used as "secondsUsed", created_at as "createdAt",
  started_at as "startedAt", finished_at as "finishedAt"`;

export type NewTask = Pick<
  TaskRow,
  | 'taskId'
  | 'projectId'
  | 'userId'
  | 'principal'
  | 'agent'
  | 'task'
  | 'model'
  | 'files'
  | 'mode'
  | 'command'
  | 'priority'
  | 'after'
  | 'budget'
  | 'escalateTo'
  | 'language'
  | 'createdAt'
>;

const noUsage: Usage = { calls: 0, promptTokens: 0, completionTokens: 0, estimatedTokens: 0, cost: '0' };

export async function insertTask(database: Queryable, task: NewTask): Promise<void> {
  await database.execute({
    name: 'agents-task-insert',
    text: `insert into agents.task (task_id, project_id, user_id, principal, agent, task, model, files, mode, command,
        priority, after_ids, budget, usage, escalate_to, language, status, change_state, findings, starts, seconds_used,
        created_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 'pending', 'none', '[]', 0, 0, $17)`,
    values: [
      task.taskId,
      task.projectId,
      task.userId,
      JSON.stringify(task.principal),
      task.agent,
      plain(task.task),
      task.model,
      JSON.stringify(task.files),
      task.mode,
      task.command === null ? null : JSON.stringify(task.command),
      task.priority,
      task.after,
      JSON.stringify(task.budget),
      JSON.stringify(noUsage),
      task.escalateTo,
      task.language,
      task.createdAt,
    ],
  });
}

export async function findTask(database: Queryable, taskId: string): Promise<TaskRow | undefined> {
  const [row] = await database.query<TaskRow>({
    name: 'agents-task-find',
    text: `select ${taskColumns} from agents.task where task_id = $1`,
    values: [taskId],
  });
  return row;
}

export async function listTasks(
  database: Queryable,
  query: {
    readonly projectId: string;
    readonly status: string | null;
    readonly before: string | null;
    readonly limit: number;
  },
): Promise<TaskRow[]> {
  return database.query<TaskRow>({
    name: 'agents-task-list',
    text: `select ${taskColumns} from agents.task where project_id = $1 and ($2::text is null or status = $2)
      and ($3::uuid is null or task_id < $3) order by task_id desc limit $4`,
    values: [query.projectId, query.status, query.before, query.limit],
  });
}

/** How many tasks of a user wait or run. */
export async function countOpen(database: Queryable, userId: string): Promise<number> {
  const [row] = await database.query<{ count: number }>({
    name: 'agents-task-count-open',
    text: `select count(*)::int as count from agents.task
      where user_id = $1 and status in ('pending', 'running', 'waiting_for_input')`,
    values: [userId],
  });
  return row?.count ?? 0;
}

/** Waiting tasks of which a dependency has ended without completing. */
export async function doomedTasks(database: Queryable): Promise<string[]> {
  const rows = await database.query<{ taskId: string }>({
    name: 'agents-task-doomed',
    text: `select task_id as "taskId" from agents.task t where status = 'pending' and exists (
      select 1 from agents.task d where d.task_id = any (t.after_ids) and d.status in ('failed', 'cancelled'))`,
  });
  return rows.map(({ taskId }) => taskId);
}

export interface TaskChange {
  readonly status?: TaskStatus;
  readonly changeState?: ChangeState;
  readonly question?: string | null;
  readonly consent?: Consent | null;
  readonly conversation?: unknown;
  readonly summary?: string | null;
  readonly problem?: TaskRow['problem'];
  readonly findings?: readonly Finding[];
  readonly usage?: Usage;
  readonly held?: Held | null;
  readonly copiedAt?: Date;
  readonly secondsUsed?: number;
  readonly finishedAt?: Date;
}

/** Changes a task that is still in one of the states; false when it no longer is. */
export async function updateTask(
  database: Queryable,
  taskId: string,
  update: { readonly from: readonly TaskStatus[]; readonly change: TaskChange },
): Promise<boolean> {
  const { change } = update;
  const json = (value: unknown) => (value === undefined || value === null ? null : JSON.stringify(value));
  const count = await database.execute({
    name: 'agents-task-update',
    text: `update agents.task set
        status = coalesce($3, status), change_state = coalesce($4, change_state),
        question = case when $5 then $6 else question end,
        conversation = case when $7 then $8::json else conversation end,
        summary = coalesce($9, summary), problem = coalesce($10::json, problem), findings = coalesce($11::json, findings),
        usage = coalesce($12::json, usage), seconds_used = coalesce($13, seconds_used),
        finished_at = coalesce($14, finished_at), copied_at = coalesce($15, copied_at),
        held = case when $16 then $17::json else held end,
        consent = case when $18 then $19::json else consent end,
        consent_until = case when $18 then $20 else consent_until end
      where task_id = $1 and status = any ($2::text[])`,
    values: [
      taskId,
      update.from,
      change.status ?? null,
      change.changeState ?? null,
      change.question !== undefined,
      change.question == null ? null : plain(change.question),
      change.conversation !== undefined,
      json(change.conversation),
      change.summary == null ? null : plain(change.summary),
      json(change.problem),
      json(change.findings),
      json(change.usage),
      change.secondsUsed ?? null,
      change.finishedAt ?? null,
      change.copiedAt ?? null,
      change.held !== undefined,
      json(change.held),
      change.consent !== undefined,
      json(change.consent),
      change.consent == null ? null : new Date(change.consent.until),
    ],
  });
  return count === 1;
}

/** Takes back a question that was answered, if it is still the one that stands; false when it is not. */
export async function takeConsent(
  database: Queryable,
  task: { readonly taskId: string; readonly consentId: string },
): Promise<boolean> {
  const count = await database.execute({
    name: 'agents-task-take-consent',
    text: `update agents.task set consent = null, consent_until = null
      where task_id = $1 and status = 'waiting_for_input' and consent ->> 'consentId' = $2`,
    values: [task.taskId, task.consentId],
  });
  return count === 1;
}

/** Tasks that nobody has answered in time. */
export async function unansweredTasks(database: Queryable, now: Date): Promise<TaskRow[]> {
  return database.query<TaskRow>({
    name: 'agents-task-unanswered',
    text: `select ${taskColumns} from agents.task where status = 'waiting_for_input' and consent_until <= $1 limit 100`,
    values: [now],
  });
}

/** Adds to the log; the number follows the last one, whoever writes at the same time. */
export async function appendStep(
  database: Queryable,
  step: {
    readonly taskId: string;
    readonly at: Date;
    readonly kind: StepKind;
    readonly data: Record<string, unknown>;
  },
): Promise<number> {
  for (;;) {
    const [row] = await database.query<{ sequence: number }>({
      name: 'agents-step-append',
      text: `insert into agents.step (task_id, sequence, at, kind, data)
        select $1, coalesce((select max(sequence) from agents.step where task_id = $1), 0) + 1, $2, $3, $4::json
        on conflict (task_id, sequence) do nothing returning sequence`,
      values: [step.taskId, step.at, step.kind, plain(JSON.stringify(step.data))],
    });
    if (row !== undefined) return row.sequence;
  }
}

export async function readSteps(
  database: Queryable,
  query: { readonly taskId: string; readonly after: number; readonly limit: number },
): Promise<Step[]> {
  const rows = await database.query<Omit<Step, 'at'> & { at: Date }>({
    name: 'agents-step-read',
    text: `select sequence, at, kind, data from agents.step where task_id = $1 and sequence > $2 order by sequence limit $3`,
    values: [query.taskId, query.after, query.limit],
  });
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}

/** Tasks whose copies are in use, or go on in them once it is their turn. */
export async function openTaskIds(database: Queryable, projectId: string, now: Date): Promise<Set<string>> {
  const rows = await database.query<{ taskId: string }>({
    name: 'agents-task-open-ids',
    text: `select task_id as "taskId" from agents.task
      where project_id = $1 and (status in ('running', 'waiting_for_input')
        or status = 'pending' and conversation is not null)
      union all select checking_copy from agents.task
      where project_id = $1 and checking_until > $2 and checking_copy is not null`,
    values: [projectId, now],
  });
  return new Set(rows.map(({ taskId }) => taskId));
}

/** Who has given tasks, for each project, the latest first. */
export async function taskGivers(
  database: Queryable,
): Promise<{ readonly projectId: string; readonly userIds: string[] }[]> {
  return database.query<{ projectId: string; userIds: string[] }>({
    name: 'agents-task-givers',
    text: `select project_id as "projectId", array_agg(user_id order by latest desc) as "userIds"
      from (select project_id, user_id, max(created_at) as latest from agents.task group by 1, 2) as given
      group by 1`,
    values: [],
  });
}

/** Keeps the copy in which a task's proposal is checked from being tidied away; null: it is done. */
export async function setChecking(
  database: Queryable,
  taskId: string,
  checking: { readonly copyId: string; readonly until: Date } | null,
): Promise<void> {
  await database.execute({
    name: 'agents-task-checking',
    text: 'update agents.task set checking_until = $2, checking_copy = $3 where task_id = $1',
    values: [taskId, checking?.until ?? null, checking?.copyId ?? null],
  });
}

export async function deleteProject(database: Queryable, projectId: string): Promise<void> {
  await database.execute({ text: 'delete from agents.task where project_id = $1', values: [projectId] });
}

/** PostgreSQL's text and json hold neither NUL nor half characters. */
function plain(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}
