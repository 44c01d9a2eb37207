import type { Database } from '#kernel/database/database.ts';
import type { Events } from '#kernel/module.ts';
import type { Step } from './contract-shapes.ts';
import { findTask, readSteps } from './queue/task-store.ts';

const pageSize = 200;
/** An event can get lost between processes; then the log is looked at after this time. */
const lookMs = 2_000;

/** The steps of a task as they are written, until it has ended or waits; the log is the truth, events only wake. */
export async function* watchSteps(
  deps: { readonly database: Database; readonly events: Events },
  task: { readonly taskId: string; readonly after: number },
  signal: AbortSignal,
): AsyncGenerator<Step, void, undefined> {
  const { taskId } = task;
  let wake = () => {};
  using _subscription = deps.events.subscribe('agent.step', ({ payload }) => {
    if ((payload as { taskId: string }).taskId === taskId) wake();
  });
  for (let after = task.after; !signal.aborted; ) {
    const changed = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, lookMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
      signal.addEventListener('abort', wake, { once: true });
    });
    const row = await findTask(deps.database, taskId);
    const steps = await readSteps(deps.database, { taskId, after, limit: pageSize });
    yield* steps;
    after = steps.at(-1)?.sequence ?? after;
    const last = steps.at(-1)?.kind;
    const resting = row === undefined || !['pending', 'running'].includes(row.status);
    // The state is entered before its step: a task at rest has told everything when a page stays empty.
    if (
      resting &&
      (steps.length === 0 ||
        ['completed', 'failed', 'cancelled', 'asked', 'applied', 'rejected', 'rolled_back'].includes(
          last ?? '',
        ))
    ) {
      wake();
      return;
    }
    if (steps.length < pageSize) await changed;
    wake();
  }
}
