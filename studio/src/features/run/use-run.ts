import { queryClient } from '../../app/query-client.ts';
import { rpc } from '../../rpc/client.ts';
import type { Chunk, Params, Result } from '../../rpc/contracts.ts';
import { createStore, type Store, useStore } from '../../ui/store.ts';
import { OutputText } from './output-text.ts';

export type RunResult = Result<'run.stream'>;
export type Limits = RunResult['limits'];
export type Sample = Extract<Chunk<'run.stream'>, { kind: 'sample' }>;
export type RunInput = Omit<Params<'run.stream'>, 'projectId'>;

/** One run as the page shows it, from its start to what ended it. */
export interface RunState {
  readonly status: 'idle' | 'starting' | 'running' | 'ended' | 'failed';
  readonly processId?: string;
  readonly limits?: Limits;
  readonly output: OutputText;
  /** Grows with the output, which is one object for the whole run. */
  readonly outputVersion: number;
  readonly samples: readonly Sample[];
  readonly result?: RunResult;
  readonly error?: unknown;
}

const paintMs = 50;
const mostSamples = 2_000;
const idle = (): RunState => ({ status: 'idle', output: new OutputText(), outputVersion: 0, samples: [] });

/** One project's runs of this tab. It lives on while other views are shown, and so does the run. */
export class Runner {
  readonly state: Store<RunState> = createStore(idle());
  readonly #projectId: string;
  #live: RunState = this.state.get();
  #paint: ReturnType<typeof setTimeout> | undefined;

  constructor(projectId: string) {
    this.#projectId = projectId;
  }

  async start(input: RunInput): Promise<void> {
    this.#change({ ...idle(), status: 'starting' });
    const mine = this.#live.output;
    try {
      const result = await rpc.stream(
        'run.stream',
        { projectId: this.#projectId, ...input },
        { onChunk: (chunk) => this.#live.output === mine && this.#take(chunk) },
      );
      this.#live.output.end();
      this.#change({ ...this.#live, status: 'ended', result, limits: result.limits });
    } catch (error) {
      this.#change({ ...this.#live, status: 'failed', error });
    }
    await queryClient.invalidateQueries({ queryKey: ['run.history', this.#projectId] });
  }

  /** Ends the whole process tree. */
  async stop(): Promise<void> {
    const { processId } = this.#live;
    if (processId !== undefined) await rpc.call('run.kill', { processId });
  }

  #take(chunk: Chunk<'run.stream'>): void {
    const now = this.#live;
    if (chunk.kind === 'started') {
      const { processId, limits } = chunk;
      this.#change({ ...now, status: 'running', processId, limits });
    } else if (chunk.kind === 'sample') {
      this.#change({ ...now, samples: [...now.samples.slice(-mostSamples), chunk] });
    } else {
      now.output.add(chunk);
      this.#change({ ...now, outputVersion: now.outputVersion + 1 });
    }
  }

  /** Shown at most 20 times a second, however fast output comes. */
  #change(next: RunState): void {
    this.#live = next;
    if (this.#paint !== undefined) return;
    this.#paint = setTimeout(() => {
      this.#paint = undefined;
      this.state.set(this.#live);
    }, paintMs);
  }
}

const runners = new Map<string, Runner>();

export function runnerOf(projectId: string): Runner {
  const known = runners.get(projectId);
  if (known !== undefined) return known;
  const runner = new Runner(projectId);
  runners.set(projectId, runner);
  return runner;
}

export function useRun(runner: Runner): RunState {
  return useStore(runner.state);
}
