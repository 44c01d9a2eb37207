import { statSync } from 'node:fs';
import type { Call } from '#base/contract.ts';
import { fault, isFault } from '#base/fault.ts';
import { newId } from '#base/ids.ts';
import type { Principal } from '#base/principal.ts';
import type { Database } from '#kernel/database/database.ts';
import { deleteWorkspacePath } from '#kernel/files/change.ts';
import { openFolder } from '#kernel/files/descriptor.ts';
import { type ScanEntry, scan } from '#kernel/files/scan.ts';
import { unlimitedRoom, type Workspace } from '#kernel/files/workspace.ts';
import { writeWorkspaceFile } from '#kernel/files/write.ts';
import type { Syntax } from '#kernel/syntax/syntax.ts';
import { type OperationFile, readChanges } from '../changes/change-store.ts';
import { isDerived } from '../changes/copy-project.ts';
import { type CheckContext, type CheckResult, findCommand } from '../checks/check.ts';
import type { Advisories } from '../checks/dependencies/advisories.ts';
import { createAudit } from '../checks/dependencies/audit.ts';
import type { AgentsConfig } from '../config.ts';
import { definitions } from '../definitions.ts';
import { type Reason, reason } from '../reasons/reason.ts';
import { openRoom, type Room } from './room.ts';
import type { Clients } from './runner.ts';
import { setChecking, type TaskRow } from './task-store.ts';

/** Longer than any check may take; a copy that a crash leaves behind is tidied away after it. */
const checkingMs = 900_000;

export type MergeCheck = (
  task: TaskRow,
  files: readonly OperationFile[],
  caller: { readonly user: Principal; readonly call: Call },
) => Promise<Merged>;

/** `same`: the project is as the agent saw it, so its own check holds. `unchecked`: programs cannot be run here. */
export type Merged =
  | { readonly kind: 'same' | 'passed' }
  | { readonly kind: 'unchecked'; readonly reason: Reason }
  | { readonly kind: 'failed'; readonly reason: Reason; readonly output: string };

/**
 * Runs the agent's own check on the project as it would be with the change, in a copy, when that is not what the agent
 * checked: because somebody changed the project meanwhile, or because only a part is taken. Two changes that pass alone
 * can fail together.
 */
export function createMergeCheck(deps: {
  readonly database: Database;
  readonly clients: Pick<Clients, 'projects' | 'sandbox'>;
  readonly syntax: Syntax;
  readonly config: AgentsConfig;
  readonly advisories: Advisories;
  readonly now: () => number;
}): MergeCheck {
  const { database, clients, syntax, config, advisories, now } = deps;

  async function check(task: TaskRow, files: readonly OperationFile[], given: { room: Room; call: Call }) {
    const { room, call } = given;
    const definition = definitions[task.agent];
    const worktree = await room.worktrees.create(task.taskId, call.signal);
    const bench = room.bench(worktree);
    const command = task.command ?? (definition.grant.run ? await findCommand(bench) : null);
    // What failed before the change is not the change's fault.
    const baseline = command === null ? null : await bench.run(command);
    await overlay(files, room, worktree.path);
    for (const { path } of files) worktree.wrote(path);
    const planned = new Map(files.map((file) => [file.path, file]));
    const context: CheckContext = {
      bench,
      syntax,
      command,
      baseline,
      files: task.files,
      audit: createAudit({
        advisories,
        registry: config.npmRegistry,
        sandbox: clients.sandbox,
        projectId: task.projectId,
        call,
      }),
      changes: async () =>
        files.map(({ path, beforeHash, afterHash, executable }) => ({
          path,
          baseHash: beforeHash,
          afterHash,
          executable,
        })),
      before: async (path) => {
        const file = planned.get(path);
        if (file === undefined) return bench.read(path);
        return file.beforeHash === null ? null : (await room.blobs.get(file.beforeHash)).toString();
      },
    };
    return definition.validate(context);
  }

  return async (task, files, { user, call }) => {
    if (definitions[task.agent].checksOnly || files.length === 0) return { kind: 'same' };
    // Not the task's own: that may be on its way to the next task.
    const copyId = newId(now());
    const inCopy = { ...task, taskId: copyId, userId: user.userId, principal: user };
    const room = await openRoom(inCopy, { clients, config, call, now });
    const { workspacePath, limits } = room.granted;
    const since = task.copiedAt?.getTime() ?? 0;
    const whole = isWhole(files, await readChanges(database, task.taskId));
    if (whole && !(await changedSince(workspacePath, { since, depth: limits.depth, signal: call.signal })))
      return { kind: 'same' };
    await setChecking(database, task.taskId, { copyId, until: new Date(now() + checkingMs) });
    try {
      const result: CheckResult = await check(inCopy, files, { room, call });
      return result.passed
        ? { kind: 'passed' }
        : { kind: 'failed', reason: result.reason, output: result.output };
    } catch (error) {
      if (isFault(error, 'sandbox.unavailable'))
        return { kind: 'unchecked', reason: reason('refused_by', { code: error.code }) };
      throw error;
    } finally {
      if (call.signal.aborted) await room.worktrees.discard(copyId);
      else await room.worktrees.release(copyId);
      await setChecking(database, task.taskId, null);
    }
  };
}

/** The fault that tells a failed check to whoever applies. */
export function mergeFault({ reason: why }: { readonly reason: Reason }): Error {
  return fault('agents.merge_check_failed', { reason: why });
}

/** Whether what is written is exactly what the agent proposed. */
function isWhole(
  files: readonly OperationFile[],
  changes: readonly { readonly path: string; readonly afterHash: string | null }[],
): boolean {
  const after = new Map(files.map(({ path, afterHash }) => [path, afterHash]));
  return (
    files.length === changes.length && changes.every(({ path, afterHash }) => after.get(path) === afterHash)
  );
}

/** Whether anything but derived files was written, made or removed from then on, by the file system's clock. */
async function changedSince(
  workspacePath: string,
  { since, depth, signal }: { readonly since: number; readonly depth: number; readonly signal: AbortSignal },
): Promise<boolean> {
  if (statSync(workspacePath).mtimeMs >= since) return true;
  using root = openFolder(workspacePath);
  const enters = ({ name, path }: ScanEntry) => name !== '.git' && !isDerived(path);
  for await (const { path, name, stats } of scan(root, { maxDepth: depth, signal, enters })) {
    if (name === '.git' || isDerived(path)) continue;
    if (stats.ctimeMs >= since) return true;
  }
  return false;
}

/** Puts what would be written into the copy. */
async function overlay(files: readonly OperationFile[], room: Room, copyPath: string): Promise<void> {
  const { stagingPath, limits } = room.granted;
  const copy: Workspace = { workspacePath: copyPath, stagingPath, limits, room: unlimitedRoom };
  for (const { path, beforeHash, afterHash, executable } of files) {
    if (afterHash === null) await deleteWorkspacePath(copy, path, { recursive: false });
    else
      await writeWorkspaceFile(copy, path, {
        content: await room.blobs.get(afterHash),
        parents: true,
        ...(beforeHash === null ? { executable } : {}),
      });
  }
}
