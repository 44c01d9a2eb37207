import { queryClient } from '../../app/query-client.ts';
import { rpc } from '../../rpc/client.ts';
import type { Chunk, Params, Result } from '../../rpc/contracts.ts';
import { createStore, type Store, useStore } from '../../ui/store.ts';
import { toastFault } from '../../ui/toasts.tsx';
import { OutputText } from './output-text.ts';

type RunAnswer = Result<'run.stream'>;
type AnyAnswer = Result<'sandbox.stream'>;
type AnyInput = Params<'sandbox.stream'>;
export type EngineName = AnyInput['engine'];
/** The limits of a run in any engine; null where the engine has no such limit. */
export type Limits = AnyAnswer['limits'] & {
  readonly cpuCores: number | null;
  readonly diskBytes: number | null;
};
/** How a run ended, whichever engine ran it. */
export type RunResult = Pick<
  RunAnswer,
  | 'exitCode'
  | 'signal'
  | 'truncated'
  | 'outputBytes'
  | 'durationMs'
  | 'killedBy'
  | 'cpuMs'
  | 'peakMemoryBytes'
> & {
  readonly limits: Limits;
  readonly peakProcesses: number | null;
  readonly fuelUsed: number | null;
  readonly results: readonly string[];
};
export type Sample = Extract<Chunk<'run.stream'>, { kind: 'sample' }>;
/** What the form asks for. The run engine takes a command, the others a program of a kind that they know. */
export interface RunInput {
  readonly engine: EngineName;
  readonly program: AnyInput['program'];
  readonly files?: AnyInput['files'];
  /** Standard input stays open for `send`. */
  readonly keepInput?: boolean;
  /** Of micro: whether the program reaches the project’s hosts; run always does, wasm never. */
  readonly network?: boolean;
  readonly timeoutMs?: number | undefined;
  readonly limits?: Params<'run.stream'>['limits'] & { readonly fuel?: number | undefined };
  readonly saved?: Pick<Params<'run.stream'>, 'env' | 'cwd' | 'configId'>;
}

/** One run as the page shows it, from its start to what ended it. */
export interface RunState {
  readonly status: 'idle' | 'starting' | 'running' | 'ended' | 'failed';
  readonly processId?: string;
  /** Whether the program can still be written to. */
  readonly inputOpen?: boolean;
  readonly limits?: Limits;
  /** One object for the whole run, which grows. */
  readonly output: OutputText;
  readonly samples: readonly Sample[];
  readonly result?: RunResult;
  readonly error?: unknown;
}

type AnyChunk = Chunk<'run.stream'> | Chunk<'sandbox.stream'>;

/** Both engines' limits in one shape. */
export function limitsOf(limits: RunAnswer['limits'] | AnyAnswer['limits']): Limits {
  return { cpuCores: null, diskBytes: null, fuel: null, ...limits };
}

const paintMs = 50;
const mostSamples = 2_000;
const idle = (): RunState => ({ status: 'idle', output: new OutputText(), samples: [] });

/** One project's runs of this tab. It lives on while other views are shown, and so does the run. */
export class Runner {
  readonly state: Store<RunState> = createStore(idle());
  readonly #projectId: string;
  #live: RunState = this.state.get();
  #paint: ReturnType<typeof setTimeout> | undefined;
  #inputMethod: 'run.input' | 'sandbox.input' = 'run.input';
  /** Stop was asked for before the program had a name to stop it by. */
  #stopWanted = false;

  constructor(projectId: string) {
    this.#projectId = projectId;
  }

  async start(input: RunInput): Promise<void> {
    this.#stopWanted = false;
    this.#change({ ...idle(), status: 'starting', inputOpen: input.keepInput ?? false });
    this.#inputMethod = input.engine === 'run' ? 'run.input' : 'sandbox.input';
    const mine = this.#live.output;
    try {
      const result = await this.#run(input, (chunk) => {
        if (this.#live.output === mine) this.#take(chunk);
      });
      this.#live.output.end();
      this.#change({ ...this.#live, status: 'ended', result, limits: result.limits });
    } catch (error) {
      this.#change({ ...this.#live, status: 'failed', error });
    }
    await queryClient.invalidateQueries({ queryKey: ['run.history', this.#projectId] });
  }

  /** Ends the whole process tree. */
  async stop(): Promise<void> {
    const { processId, status } = this.#live;
    if (processId !== undefined) await rpc.call('sandbox.stop', { processId });
    else this.#stopWanted = status === 'starting';
  }

  /** Writes to the program’s standard input. Settles when it has taken that. */
  async send(data: string, end: boolean): Promise<void> {
    const { processId } = this.#live;
    if (processId === undefined) return;
    await rpc.call(this.#inputMethod, { processId, data, end });
    if (end && this.#live.processId === processId) this.#change({ ...this.#live, inputOpen: false });
  }

  async #run(input: RunInput, onChunk: (chunk: AnyChunk) => void): Promise<RunResult> {
    const { engine, program, files, keepInput = false, network, timeoutMs, limits = {}, saved = {} } = input;
    const projectId = this.#projectId;
    const time = timeoutMs === undefined ? {} : { timeoutMs };
    if (engine === 'run' && program.kind === 'command') {
      const { command, args = [] } = program;
      const { fuel: _fuel, ...own } = limits;
      const params = { projectId, command, args, limits: own, keepInput, ...time, ...saved };
      const result = await rpc.stream('run.stream', params, { onChunk });
      return { ...result, limits: limitsOf(result.limits), fuelUsed: null, results: [] };
    }
    const { memoryBytes, outputBytes, cpuMs, fuel } = limits;
    const asked = Object.fromEntries(
      Object.entries({ memoryBytes, outputBytes, cpuMs, fuel }).filter(([, value]) => value !== undefined),
    );
    const granted = {
      ...(files === undefined ? {} : { files }),
      ...(network === true && engine === 'micro' ? { network } : {}),
    };
    const params = { projectId, engine, program, limits: asked, keepInput, ...granted, ...time };
    const result = await rpc.stream('sandbox.stream', params, { onChunk });
    return { ...result, limits: limitsOf(result.limits), peakProcesses: null };
  }

  #take(chunk: AnyChunk): void {
    const now = this.#live;
    if (chunk.kind === 'started') {
      const { processId } = chunk;
      this.#change({ ...now, status: 'running', processId, limits: limitsOf(chunk.limits) });
      if (this.#stopWanted) void this.stop().catch(toastFault);
    } else if (chunk.kind === 'sample') {
      this.#change({ ...now, samples: [...now.samples.slice(-mostSamples), chunk] });
    } else {
      now.output.add(chunk);
      // The text has grown in place: a state of its own tells those who show it.
      this.#change({ ...now });
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
