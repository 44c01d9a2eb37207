import os from 'node:os';
import { Principal } from '#base/principal.ts';
import type { Database } from '#kernel/database/database.ts';
import type { ChangedFile } from '../contract-changes.ts';
import type { TaskInfo } from '../contract-shapes.ts';
import { readSteps, type TaskRow } from '../queue/task-store.ts';
import { createRedaction, redactAll } from './redact.ts';

/** Counts up when what the lines hold changes. */
const formatVersion = 1;
const stepsPerPage = 50;

export interface ExportPage {
  readonly lines: string[];
  readonly next: number | null;
}

/**
 * A task as lines of JSON: first itself with what it changed, then its log. Without secrets, folders of this machine and
 * names of people, so that it can be given to others who shall see what happened.
 */
export async function exportTask(
  task: TaskRow,
  after: number,
  parts: {
    readonly database: Database;
    readonly info: TaskInfo;
    readonly folders: readonly string[];
    readonly changeSet: () => Promise<readonly ChangedFile[]>;
  },
): Promise<ExportPage> {
  const { username } = Principal.parse(task.principal);
  const redact = createRedaction([
    ...parts.folders.map((text) => ({ text, as: '<project>' })),
    { text: os.homedir(), as: '<home>' },
    { text: os.hostname(), as: '<machine>' },
    { text: task.userId, as: '<user>' },
    ...(username === undefined ? [] : [{ text: username, as: '<user>' }]),
  ]);
  const line = (value: object) => JSON.stringify(redactAll(value, redact));
  const steps = await readSteps(parts.database, { taskId: task.taskId, after, limit: stepsPerPage + 1 });
  const page = steps.slice(0, stepsPerPage);
  const head =
    after > 0
      ? []
      : [
          line({
            format: 'cds-agent-task',
            version: formatVersion,
            task: parts.info,
            changeSet: await parts.changeSet(),
            findings: task.findings,
          }),
        ];
  return {
    lines: [...head, ...page.map((step) => line(step))],
    next: steps.length > stepsPerPage ? (page.at(-1)?.sequence ?? null) : null,
  };
}
