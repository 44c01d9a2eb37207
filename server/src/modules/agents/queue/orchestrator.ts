import { isFault } from '#base/fault.ts';
import { newId } from '#base/ids.ts';
import type { Database, Transaction } from '#kernel/database/database.ts';
import type { Publish } from '#kernel/module.ts';
import { saveChanges } from '../changes/change-store.ts';
import type { AgentsConfig } from '../config.ts';
import type { agentsContract } from '../contract.ts';
import type { StepKind, TaskStatus } from '../contract-shapes.ts';
import { createLiveText, type LiveText } from '../control/live-text.ts';
import { withLost } from '../control/spending.ts';
import {
  abandonedTasks,
  claimTask,
  keepLeases,
  leasePaths,
  overlapsOf,
  renewLease,
  stillOurs,
} from './lease-store.ts';
import { createQuestions, type Questions } from './questions.ts';
import { type Ended, type RunnerParts, runTask } from './runner.ts';
import {
  appendStep,
  doomedTasks,
  findTask,
  type TaskChange,
  type TaskRow,
  updateTask,
} from './task-store.ts';

/** Why a running task was told to stop. */
class Stop extends Error {
  readonly kind: 'cancelled' | 'time' | 'shutdown' | 'lease';
  constructor(kind: Stop['kind']) {
    super(`the task was stopped: ${kind}`);
    this.kind = kind;
  }
}

export interface Orchestrator extends AsyncDisposable {
  /** There may be something to do. */
  wake(): void;
  log(
    task: Pick<TaskRow, 'taskId' | 'projectId'>,
    kind: StepKind,
    data: Record<string, unknown>,
  ): Promise<void>;
  /** As `log`, within a change that it belongs to. */
  logIn(
    transaction: Transaction,
    task: Pick<TaskRow, 'taskId' | 'projectId'>,
    step: { readonly kind: StepKind; readonly data: Record<string, unknown> },
  ): Promise<void>;
  /** Somebody looks at the task as it is written; it matters if it runs here. */
  looked(taskId: string, whole: boolean): void;
  /** Ends the task if it runs here. */
  stop(taskId: string): void;
  readonly decide: Questions['decide'];
  /** Enters the end of a task that does not run. */
  end(
    task: TaskRow,
    from: readonly TaskStatus[],
    end: TaskChange & { status: 'failed' | 'cancelled' },
  ): Promise<boolean>;
}

const pollMs = 2_000;
/** Ending a task is announced by an event; should that get lost, this is how long the task goes on. */
const lookMs = 500;
const mostStarts = 3;
const open = ['pending', 'running', 'waiting_for_input'] as const;
const every = [...open, 'completed', 'failed', 'cancelled'] as const;

/**
 * Takes tasks out of the durable queue and runs them, as many at a time as the settings say. A task belongs to the
 * process that renews its lease; when that process dies, another begins the task again in a fresh copy, and after a few
 * times the task fails and says so. What a task has spent counts on.
 */
export function createOrchestrator(deps: {
  readonly database: Database;
  readonly runner: Pick<RunnerParts, 'clients' | 'syntax' | 'config' | 'advisories' | 'now'>;
  readonly config: AgentsConfig;
  readonly publish: Publish<typeof agentsContract>;
  readonly now: () => number;
  readonly stopping: AbortSignal;
  readonly onError: (error: unknown) => void;
  /** Removes what a task that has ended leaves on disk. `quiet`: it came to its end, and nothing of it runs anywhere. */
  readonly tidy: (task: TaskRow, how: { readonly quiet: boolean }) => Promise<void>;
}): Orchestrator {
  const { database, config, publish, now, stopping, onError } = deps;
  const runner = newId(now());
  const running = new Map<
    string,
    { readonly abort: AbortController; readonly done: Promise<void>; readonly live: LiveText }
  >();
  let filling: Promise<void> | undefined;
  let again = false;
  const timer = setInterval(wake, pollMs).unref();
  const looking = setInterval(() => void look().catch(onError), lookMs).unref();

  const log: Orchestrator['log'] = async ({ taskId, projectId }, kind, data) => {
    const sequence = await appendStep(database, { taskId, at: new Date(now()), kind, data });
    running.get(taskId)?.live.stepped(sequence);
    await publish('agent.step', { taskId, projectId, sequence, kind });
  };

  const logIn: Orchestrator['logIn'] = async (transaction, { taskId, projectId }, { kind, data }) => {
    const sequence = await appendStep(transaction, { taskId, at: new Date(now()), kind, data });
    transaction.afterCommit(() => {
      publish('agent.step', { taskId, projectId, sequence, kind }).catch(onError);
    });
  };

  const questions = createQuestions({ database, config, now, logIn });

  function wake(): void {
    again = true;
    filling ??= fill()
      .catch(onError)
      .finally(() => {
        filling = undefined;
      });
  }

  async function fill(): Promise<void> {
    while (again && !stopping.aborted) {
      again = false;
      await reclaim();
      await questions.expire();
      while (running.size < config.parallel && !stopping.aborted) {
        const leaseUntil = new Date(now() + config.leaseMs);
        const task = await claimTask(database, { runner, now: new Date(now()), leaseUntil });
        if (task === undefined) break;
        begin(task);
      }
    }
  }

  /** Stops what another process has ended or taken over: its work here would count twice. */
  async function look(): Promise<void> {
    const taskIds = [...running.keys()];
    if (taskIds.length === 0) return;
    const ours = await stillOurs(database, { taskIds, runner });
    for (const taskId of taskIds) if (!ours.has(taskId)) running.get(taskId)?.abort.abort(new Stop('lease'));
  }

  /** Tasks whose process is gone begin again; those whose dependencies failed end. */
  async function reclaim(): Promise<void> {
    for (const task of await abandonedTasks(database, new Date(now()))) {
      if (running.has(task.taskId)) continue;
      if (task.starts >= mostStarts) {
        await end(task, ['running'], { status: 'failed', problem: { code: 'agents.interrupted', data: {} } });
      } else {
        await database.transaction(async (transaction) => {
          const change = { status: 'pending' } as const;
          if (!(await updateTask(transaction, task.taskId, { from: ['running'], change }))) return;
          await logIn(transaction, task, { kind: 'restarted', data: { starts: task.starts } });
        });
      }
    }
    for (const taskId of await doomedTasks(database)) {
      const task = await findTask(database, taskId);
      if (task !== undefined) {
        await end(task, ['pending'], {
          status: 'failed',
          problem: { code: 'agents.dependency_failed', data: {} },
        });
      }
    }
  }

  function begin(task: TaskRow): void {
    const abort = new AbortController();
    const live = createLiveText({
      tell: (piece) =>
        void publish('agent.writing', { ...piece, kind: 'writing', taskId: task.taskId }).catch(onError),
      now,
    });
    const done = run(task, abort, live)
      .catch(onError)
      .finally(() => {
        live.stop();
        running.delete(task.taskId);
        wake();
        // Only now does nothing of it run any more.
        return deps.tidy(task, { quiet: !abort.signal.aborted }).catch(onError);
      });
    running.set(task.taskId, { abort, done, live });
  }

  async function run(task: TaskRow, abort: AbortController, live: LiveText): Promise<void> {
    const startedMs = now();
    const leftMs = Math.max(0, task.budget.seconds * 1000 - task.secondsUsed * 1000);
    const timeout = setTimeout(() => abort.abort(new Stop('time')), leftMs).unref();
    const renewing = setInterval(() => void renew(), config.leaseMs / 4).unref();
    const onStopping = () => abort.abort(new Stop('shutdown'));
    stopping.addEventListener('abort', onStopping, { once: true });
    const secondsUsed = () => task.secondsUsed + (now() - startedMs) / 1000;

    async function renew(): Promise<void> {
      const lease = { taskId: task.taskId, runner, until: new Date(now() + config.leaseMs) };
      if (!(await renewLease(database, lease).catch(() => true))) abort.abort(new Stop('lease'));
    }

    try {
      const usage = await settled(task);
      await log(task, 'started', { agent: task.agent, model: task.model, starts: task.starts });
      const ended = await runTask({ ...task, usage }, abort.signal, {
        ...deps.runner,
        live,
        log: (kind, data) => log(task, kind, data),
        // Also of a task that was cancelled meanwhile: what it has spent is spent.
        saveUsage: async (used, held) => {
          await updateTask(database, task.taskId, { from: every, change: { usage: used, held } });
        },
        copied: async (at) => {
          await updateTask(database, task.taskId, { from: ['running'], change: { copiedAt: at } });
        },
        touch: (path) => touch(task, path),
      });
      await conclude(task, ended, secondsUsed());
    } catch (error) {
      await fail(task, abort.signal.aborted ? abort.signal.reason : error, secondsUsed());
    } finally {
      clearTimeout(timeout);
      clearInterval(renewing);
      stopping.removeEventListener('abort', onStopping);
    }
  }

  /** A process that died in the middle of a call may have spent all that was put aside for it. */
  async function settled(task: TaskRow): Promise<TaskRow['usage']> {
    if (task.held === null) return task.usage;
    const usage = withLost(task.usage, task.held);
    await updateTask(database, task.taskId, { from: every, change: { usage, held: null } });
    return usage;
  }

  async function touch(task: TaskRow, path: string): Promise<string | null> {
    await leasePaths(database, task, { paths: [path], named: false });
    const others = await overlapsOf(database, { taskId: task.taskId, path });
    if (others.length === 0) return null;
    await log(task, 'overlap', { path, tasks: others.map(({ taskId, state }) => ({ taskId, state })) });
    return 'Another task has to do with this file, too; both changes will be merged, so touch only what your task needs.';
  }

  async function conclude(task: TaskRow, ended: Ended, secondsUsed: number): Promise<void> {
    if (ended.kind === 'ask') {
      const { question, conversation } = ended;
      const consent = ended.consent === null ? null : questions.consentOf(ended.consent, ended.conversation);
      const change = { status: 'waiting_for_input', question, consent, conversation, secondsUsed } as const;
      await database.transaction(async (transaction) => {
        if (!(await updateTask(transaction, task.taskId, { from: ['running'], change }))) return;
        await logIn(transaction, task, {
          kind: 'asked',
          data: { question, ...(consent === null ? {} : { consent }) },
        });
      });
      return;
    }
    const { changes, findings, summary } = ended;
    await database.transaction(async (transaction) => {
      const change = {
        status: 'completed',
        changeState: changes.length > 0 ? 'proposed' : 'none',
        summary,
        findings,
        secondsUsed,
        conversation: null,
        finishedAt: new Date(now()),
      } as const;
      if (!(await updateTask(transaction, task.taskId, { from: ['running'], change }))) return;
      await saveChanges(transaction, task.taskId, changes);
      const paths = changes.map(({ path }) => path);
      await keepLeases(transaction, task, paths);
      const { taskId, projectId, userId } = task;
      await publish(
        'agent.ended',
        { taskId, projectId, userId, status: 'completed', problem: null },
        { transaction },
      );
      const data = { summary, files: paths, findings: findings.length };
      await logIn(transaction, task, { kind: 'completed', data });
    });
  }

  async function fail(task: TaskRow, error: unknown, secondsUsed: number): Promise<void> {
    if (error instanceof Stop && error.kind === 'lease') return;
    if (error instanceof Stop && error.kind === 'shutdown') {
      // It goes on after the restart, in a fresh copy.
      await updateTask(database, task.taskId, {
        from: ['running'],
        change: { status: 'pending', secondsUsed },
      });
      return;
    }
    if (error instanceof Stop && error.kind === 'cancelled') {
      await end(task, open, { status: 'cancelled', secondsUsed });
      return;
    }
    const problem =
      error instanceof Stop
        ? { code: 'agents.budget_time', data: { limit: task.budget.seconds } }
        : isFault(error)
          ? { code: error.code, data: { ...error.data } }
          : { code: 'common.internal', data: {} };
    if (problem.code === 'common.internal') onError(error);
    await end(task, ['running'], { status: 'failed', problem, secondsUsed });
  }

  async function end(
    task: TaskRow,
    from: readonly TaskStatus[],
    change: TaskChange & { status: 'failed' | 'cancelled' },
  ): Promise<boolean> {
    const { taskId, projectId, userId } = task;
    const problem = change.problem?.code ?? null;
    const ended = await database.transaction(async (transaction) => {
      const finished = {
        question: null,
        consent: null,
        conversation: null,
        ...change,
        finishedAt: new Date(now()),
      };
      if (!(await updateTask(transaction, taskId, { from, change: finished }))) return false;
      await publish(
        'agent.ended',
        { taskId, projectId, userId, status: change.status, problem },
        { transaction },
      );
      await logIn(transaction, task, { kind: change.status, data: { ...change.problem } });
      return true;
    });
    if (!ended) return false;
    if (!running.has(taskId)) await deps.tidy(task, { quiet: false }).catch(onError);
    return true;
  }

  return {
    wake,
    log,
    logIn,
    end,
    decide: questions.decide,
    looked: (taskId, whole) => running.get(taskId)?.live.looked(whole),
    stop(taskId) {
      running.get(taskId)?.abort.abort(new Stop('cancelled'));
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      clearInterval(looking);
      for (const { abort } of running.values()) abort.abort(new Stop('shutdown'));
      await Promise.all([...running.values()].map(({ done }) => done));
      await filling;
    },
  };
}
