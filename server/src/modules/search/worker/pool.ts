import { Worker } from 'node:worker_threads';
import type { TaskName, Tasks } from './tasks.ts';

/** A thread that does one task after the other, and can be ended in the middle of one. */
export interface SearchThread extends AsyncDisposable {
  /**
   * @throws the reason of `signal`: the thread is ended with it, since a regular expression that runs wild hears nothing;
   *   the next task gets a new one
   */
  run<K extends TaskName>(
    task: K,
    request: Tasks[K]['request'],
    signal?: AbortSignal,
  ): Promise<Tasks[K]['answer']>;
  /** Tasks that run or wait. */
  readonly waiting: number;
}

/**
 * What lives shortly, as texts, trees and answers do, is collected sooner: with what V8 takes by itself an index of 5,000
 * files held 145 MB of heap of which 25 were in use, with this 25 to 35, for the same time of the processor.
 */
const maxYoungGenerationSizeMb = 12;

interface Pending {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: unknown) => void;
}

export function createSearchThread(options: { readonly onRestart?: () => void } = {}): SearchThread {
  let worker: Worker | undefined;
  let nextId = 1;
  const pending = new Map<number, Pending>();
  let queue: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  function start(): Worker {
    const started = new Worker(new URL('./worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: 1024, maxYoungGenerationSizeMb },
    });
    started.unref();
    started.on('message', ({ id, answer, problem }: { id: number; answer: never; problem?: string }) => {
      const task = pending.get(id);
      pending.delete(id);
      if (problem === undefined) task?.resolve(answer);
      else task?.reject(new Error(`a search thread failed: ${problem}`));
    });
    started.on('error', (error) => end(started, error));
    started.on('exit', (code) => end(started, new Error(`a search thread ended with ${code}`)));
    return started;
  }

  function end(ended: Worker, error: unknown): void {
    if (worker !== ended) return;
    worker = undefined;
    for (const task of pending.values()) task.reject(error);
    pending.clear();
    options.onRestart?.();
  }

  async function runNow<K extends TaskName>(
    task: K,
    request: Tasks[K]['request'],
    signal: AbortSignal | undefined,
  ): Promise<Tasks[K]['answer']> {
    signal?.throwIfAborted();
    worker ??= start();
    const used = worker;
    const id = nextId++;
    const onAbort = () => {
      end(used, signal?.reason);
      void used.terminate();
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await new Promise<Tasks[K]['answer']>((resolve, reject) => {
        pending.set(id, { resolve, reject });
        used.postMessage({ id, task, request });
      });
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  return {
    get waiting() {
      return waiting;
    },
    run(task, request, signal) {
      waiting += 1;
      const result = queue
        .then(() => runNow(task, request, signal))
        .finally(() => {
          waiting -= 1;
        });
      queue = result.catch(() => undefined);
      return result;
    },
    async [Symbol.asyncDispose]() {
      const ended = worker;
      if (ended === undefined) return;
      end(ended, new Error('search is stopping'));
      await ended.terminate();
    },
  };
}
