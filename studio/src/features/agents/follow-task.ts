import { useEffect } from 'react';
import { rpc } from '../../rpc/client.ts';
import { isRpcFault } from '../../rpc/fault.ts';
import { createStore, type Store, useStore } from '../../ui/store.ts';
import { refreshTask, type Step, type Writing } from './agent-queries.ts';
import { type Live, withPiece } from './live-answer.ts';

export interface Followed {
  readonly steps: readonly Step[];
  /** Everything that was written so far is here. */
  readonly complete: boolean;
  readonly error: unknown;
}

const nothing: Followed = { steps: [], complete: false, error: undefined };
const firstPauseMs = 1_000;
const longestPauseMs = 20_000;

/**
 * The log of one task as it is written. It starts from the first step, also for a task that runs already, so that a
 * reload shows what happened before; a broken connection goes on after the last step that was seen.
 */
class TaskFollower {
  readonly state: Store<Followed> = createStore(nothing);
  /** The answer that is being written after the last step: apart, because it changes many times a second. */
  readonly live: Store<Live | undefined> = createStore<Live | undefined>(undefined);
  readonly #projectId: string;
  readonly #taskId: string;
  #readers = 0;
  #abort: AbortController | undefined;

  constructor(projectId: string, taskId: string) {
    this.#projectId = projectId;
    this.#taskId = taskId;
  }

  /** Follows while somebody looks. */
  enter(): () => void {
    this.#readers += 1;
    this.wake();
    return () => {
      this.#readers -= 1;
      if (this.#readers > 0) return;
      this.#abort?.abort();
      this.#abort = undefined;
    };
  }

  /** There may be new steps: after an answer, or when a change was applied. */
  wake(): void {
    if (this.#readers === 0 || this.#abort !== undefined) return;
    const abort = new AbortController();
    this.#abort = abort;
    void this.#follow(abort.signal).finally(() => {
      if (this.#abort === abort) this.#abort = undefined;
    });
  }

  async #follow(signal: AbortSignal): Promise<void> {
    for (let pauseMs = firstPauseMs; !signal.aborted; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        const after = this.state.get().steps.at(-1)?.sequence ?? 0;
        const options = { signal, restartable: true, onChunk: (chunk: Step | Writing) => this.#take(chunk) };
        const info = await rpc.stream('agent.watch', { taskId: this.#taskId, after, live: true }, options);
        this.state.set((state) => ({ ...state, complete: true, error: undefined }));
        await refreshTask(this.#projectId, this.#taskId);
        if (info.status !== 'pending' && info.status !== 'running') return;
      } catch (error) {
        if (signal.aborted) return;
        this.state.set((state) => ({ ...state, error }));
        // A refusal stays one; a server that is away is asked again.
        if (isRpcFault(error) && error.status >= 400 && error.status < 500) return;
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  #take(chunk: Step | Writing): void {
    if (chunk.kind === 'writing') this.live.set((live) => withPiece(live, chunk));
    else this.#add(chunk);
  }

  #add(step: Step): void {
    const { steps } = this.state.get();
    // After a break the stream begins again from where it was asked for.
    if (step.sequence <= (steps.at(-1)?.sequence ?? 0)) return;
    this.live.set((live) => (live !== undefined && live.after < step.sequence ? undefined : live));
    this.state.set((state) => ({ ...state, steps: [...state.steps, step], error: undefined }));
    if (noteworthy.has(step.kind)) void refreshTask(this.#projectId, this.#taskId);
  }
}

/** Steps after which the task itself is another. */
const noteworthy: ReadonlySet<Step['kind']> = new Set([
  'started',
  'restarted',
  'asked',
  'replied',
  'completed',
  'failed',
  'cancelled',
]);

const followers = new Map<string, TaskFollower>();

/** The one follower of a task in this tab. */
export function followerOf(projectId: string, taskId: string): TaskFollower {
  const known = followers.get(taskId) ?? new TaskFollower(projectId, taskId);
  followers.set(taskId, known);
  return known;
}

/** The steps of a task; the component follows while it is shown. */
export function useFollowed(projectId: string, taskId: string): Followed {
  const follower = followerOf(projectId, taskId);
  useEffect(() => follower.enter(), [follower]);
  return useStore(follower.state);
}
