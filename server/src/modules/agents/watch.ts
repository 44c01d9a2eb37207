import type { Database } from '#kernel/database/database.ts';
import type { Events, Publish } from '#kernel/module.ts';
import type { agentsContract } from './contract.ts';
import type { Step, Writing } from './contract-shapes.ts';
import { findTask, readSteps } from './queue/task-store.ts';

const pageSize = 200;
/** An event can get lost between processes; then the log is looked at after this time. */
const lookMs = 2_000;
/** Whoever writes an answer stops telling it when nobody has said for some time that they look. */
const renewMs = 10_000;
/** Of what is being written, how much waits for a reader that is slow; one that is slower begins anew. */
const mostPieces = 100;

const last: ReadonlySet<string> = new Set([
  'completed',
  'failed',
  'cancelled',
  'asked',
  'applied',
  'rejected',
  'rolled_back',
]);

interface WatchParts {
  readonly database: Database;
  readonly events: Events;
  readonly publish: Publish<typeof agentsContract>;
}

/**
 * The steps of a task as they are written, until it has ended or waits; the log is the truth, events only wake. With
 * `live` also what its model is writing, each piece after the steps that were before it.
 */
export async function* watchSteps(
  parts: WatchParts,
  task: { readonly taskId: string; readonly after: number; readonly live: boolean },
  signal: AbortSignal,
): AsyncGenerator<Step | Writing, void, undefined> {
  const { database, events } = parts;
  const { taskId } = task;
  const bell = createBell();
  let due = true;
  const onAbort = () => bell.ring();
  signal.addEventListener('abort', onAbort);
  using watching = new DisposableStack();
  watching.defer(() => signal.removeEventListener('abort', onAbort));
  watching.use(
    events.subscribe('agent.step', ({ payload }) => {
      if ((payload as { taskId: string }).taskId !== taskId) return;
      due = true;
      bell.ring();
    }),
  );
  const live = task.live ? watching.use(followWriting(parts, taskId, bell.ring)) : null;
  for (let after = task.after; !signal.aborted; ) {
    // What is written after a step that is not read yet comes after it here, too.
    if (due || (live?.newest() ?? 0) > after) {
      due = false;
      const row = await findTask(database, taskId);
      const steps = await readSteps(database, { taskId, after, limit: pageSize });
      // Whoever was told before the work began, or works in another process now, knows of no watcher.
      if (steps.some(({ kind }) => kind === 'started')) live?.look();
      yield* steps;
      after = steps.at(-1)?.sequence ?? after;
      const resting = row === undefined || !['pending', 'running'].includes(row.status);
      // The state is entered before its step: a task at rest has told everything when a page stays empty.
      if (resting && (steps.length === 0 || last.has(steps.at(-1)?.kind ?? ''))) return;
      if (steps.length === pageSize) {
        due = true;
        continue;
      }
    }
    if (live !== null) yield* live.take(after);
    if (!(await bell.wait(lookMs))) due = true;
  }
}

/** What wakes a loop; a ring that came before the wait is not lost. */
function createBell() {
  let rung = false;
  let answer = () => {};
  return {
    ring() {
      rung = true;
      answer();
    },
    /** True when it rang, false after the time. */
    async wait(timeoutMs: number): Promise<boolean> {
      if (!rung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, timeoutMs);
          answer = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      const heard = rung;
      rung = false;
      return heard;
    },
  };
}

/** Collects what the model of a task is writing, wherever it runs, and lets that process know that somebody looks. */
function followWriting({ events, publish }: WatchParts, taskId: string, onPiece: () => void) {
  let pieces: Writing[] = [];
  let newest = 0;
  /** The answer that was told last, and up to where. */
  let told = { after: -1, end: 0 };
  // An announcement that gets lost is made again.
  const look = (whole: boolean) => void publish('agent.looking', { taskId, whole }).catch(() => undefined);
  const subscription = events.subscribe('agent.writing', ({ payload }) => {
    const { taskId: from, ...piece } = payload as Writing & { taskId: string };
    if (from !== taskId) return;
    if (pieces.length >= mostPieces) pieces = [];
    pieces.push(piece);
    newest = Math.max(newest, piece.after);
    onPiece();
  });
  look(true);
  const renewing = setInterval(() => look(false), renewMs).unref();
  return {
    look: () => look(true),
    newest: () => newest,
    /** The pieces of the answer after the last step that was read. */
    *take(after: number): Generator<Writing, void, undefined> {
      const taken = pieces.filter((piece) => piece.after === after);
      pieces = pieces.filter((piece) => piece.after > after);
      for (const piece of taken) {
        const known = told.after === after ? told.end : 0;
        const end = piece.from + piece.text.length;
        if (piece.from > known) look(true);
        told = { after, end: Math.max(known, end) };
        yield piece;
      }
    },
    [Symbol.dispose]() {
      clearInterval(renewing);
      subscription[Symbol.dispose]();
    },
  };
}
