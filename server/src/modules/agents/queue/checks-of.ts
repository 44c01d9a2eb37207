import type { Call } from '#base/contract.ts';
import { fault } from '#base/fault.ts';
import type { Worktree } from '../changes/worktree.ts';
import { type CheckContext, type CheckResult, findCommand, tail } from '../checks/check.ts';
import { createAudit } from '../checks/dependencies/audit.ts';
import type { Conversation } from '../control/work.ts';
import { type AgentDefinition, definitions } from '../definitions.ts';
import { reason } from '../reasons/reason.ts';
import type { Room } from './room.ts';
import type { RunnerParts } from './runner.ts';
import type { TaskRow } from './task-store.ts';

export interface Checks {
  readonly context: CheckContext;
  /** The agent's rule of validity; logs what came of it. */
  readonly validate: () => Promise<CheckResult>;
}

/**
 * What a task's results are held against: the project's check as it ended before the work, and the agent's rule.
 * @throws agents.check_failed when there is nothing to reproduce
 */
export async function checksOf(
  task: TaskRow,
  given: {
    readonly room: Room;
    readonly copy: { readonly worktree: Worktree };
    readonly call: Call;
    readonly resumed: boolean;
    readonly parts: Pick<RunnerParts, 'clients' | 'config' | 'advisories' | 'syntax' | 'log'>;
  },
): Promise<Checks> {
  const { room, copy, call, parts, resumed } = given;
  const definition = definitions[task.agent];
  // Of the copy that the task has by then: a stronger model begins in another one.
  const bench = room.bench({
    path: copy.worktree.path,
    wrote: (path) => copy.worktree.wrote(path),
    list: () => copy.worktree.list(),
  });
  const command = task.command ?? (definition.grant.run ? await findCommand(bench) : null);
  const baseline = command === null || resumed ? null : await bench.run(command);
  if (baseline !== null) {
    const { exitCode, output } = baseline;
    await parts.log('check', { when: 'before', command, exitCode, output: tail(output) });
  }
  if (definition.mustFailFirst && baseline?.exitCode === 0) {
    throw fault('agents.check_failed', {
      reason: reason('command_passes'),
    });
  }
  const context: CheckContext = {
    bench,
    syntax: parts.syntax,
    command,
    baseline: baseline ?? (task.conversation as Conversation | null)?.baseline ?? null,
    files: task.files,
    audit: createAudit({
      advisories: parts.advisories,
      registry: parts.config.npmRegistry,
      sandbox: parts.clients.sandbox,
      projectId: task.projectId,
      call,
    }),
    changes: () => copy.worktree.changes(),
    before: async (path) => (await copy.worktree.base(path))?.toString('utf8') ?? null,
  };
  const validate = async (): Promise<CheckResult> => {
    const result = await validity(definition, context);
    await parts.log('check', {
      when: 'after',
      ...(result.passed
        ? { passed: true, findings: result.findings?.length ?? 0, note: result.note }
        : result),
    });
    return result;
  };
  return { context, validate };
}

async function validity(
  { mustChange, validate }: AgentDefinition,
  context: CheckContext,
): Promise<CheckResult> {
  if (mustChange && (await context.changes()).length === 0) {
    return { passed: false, reason: reason('nothing_changed'), output: 'Nothing was changed yet.' };
  }
  return validate(context);
}
