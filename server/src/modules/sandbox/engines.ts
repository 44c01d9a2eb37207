import type { z } from 'zod';
import type { Call } from '#base/contract.ts';
import { fault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import type { EngineDescription } from './contract-engines.ts';
import type {
  EngineName,
  ExecuteChunk,
  ExecuteRequest,
  ExecuteResult,
  ExecutionEnd,
  ExecutionLimits,
} from './contract-execute.ts';
import { createChunkQueue } from './run/chunk-queue.ts';
import type { KilledBy, ResourceSample } from './run/contract-shapes.ts';
import { createInputTurns } from './run/input-turns.ts';
import { createPieces, wholeText } from './run/text.ts';

/** Who asks, and the call that ends with them. */
export interface Who {
  readonly user: Principal;
  readonly call: Call;
}

export interface ExecutionListeners {
  /** Told of output up to the output limit. Returns false to be given no more until `resume`. */
  readonly onOutput: (stream: 'stdout' | 'stderr', data: Buffer) => boolean;
  /** About four times a second. */
  readonly onSample?: (sample: Omit<z.infer<typeof ResourceSample>, 'kind'>) => void;
}

/** A program that runs in some engine. */
export interface Execution {
  readonly processId: string;
  readonly driver: string;
  readonly limits: ExecutionLimits;
  /** Whether the program reaches any host. */
  readonly network: boolean;
  /** Ends it for good; the first reason given is the one reported. */
  readonly kill: (by: KilledBy) => void;
  /** Goes on giving output after `onOutput` returned false. */
  readonly resume: () => void;
  /** Resolves once its input has taken it; false when that is closed, as it is unless it was kept open. */
  readonly write: (data: string) => Promise<boolean>;
  readonly endInput: () => void;
  /** Settles when it has ended, its output was given, and nothing of it is left. */
  readonly ended: Promise<ExecutionEnd>;
}

/**
 * What every engine that runs programs is to the rest of the module. An engine checks access to the project, takes a place
 * (run/places.ts), keeps its records, ends with `who.call.signal`, and leaves nothing behind; what is common to
 * all (collecting output, streaming, back pressure) is done here, once.
 */
export interface ExecutionEngine {
  readonly name: EngineName;
  readonly describe: () => EngineDescription;
  /** @throws sandbox.unavailable, sandbox.program_unsupported, sandbox.limit_unknown and what the engine refuses with */
  readonly start: (request: ExecuteRequest, who: Who, listeners: ExecutionListeners) => Promise<Execution>;
  /** Ends a running program on behalf of somebody. False when this engine runs none with this id. */
  readonly stop: (processId: string, who: Who) => Promise<boolean>;
}

export type Engines = ReturnType<typeof createEngines>;

const chunkHighWaterBytes = 256 * 1024;

/** The engines by name, behind one face: sandbox.execute, sandbox.stream, sandbox.stop. */
export function createEngines(list: readonly ExecutionEngine[]) {
  const byName = new Map(list.map((engine) => [engine.name, engine]));
  const streaming = new Map<string, { readonly userId: string; readonly execution: Execution }>();
  const turns = createInputTurns();

  function engineOf(name: EngineName): ExecutionEngine {
    const engine = byName.get(name);
    if (engine === undefined) throw fault('sandbox.engine_unknown', { engine: name });
    return engine;
  }

  return {
    describe: () => list.map((engine) => engine.describe()),

    async execute(request: ExecuteRequest, who: Who): Promise<ExecuteResult> {
      const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
      const execution = await engineOf(request.engine).start(request, who, {
        onOutput(stream, data) {
          output[stream].push(data);
          return true;
        },
      });
      return resultOf(await execution.ended, output);
    },

    /** As `execute`, its output chunk by chunk. A reader that stops reading ends the program. */
    async *stream(request: ExecuteRequest, who: Who): AsyncGenerator<ExecuteChunk, ExecuteResult, undefined> {
      const pieces = { stdout: createPieces(), stderr: createPieces() };
      let execution: Execution | null = null;
      const queue = createChunkQueue<ExecuteChunk>({
        highWaterBytes: chunkHighWaterBytes,
        onDrained: () => execution?.resume(),
      });
      execution = await engineOf(request.engine).start(request, who, {
        onOutput(stream, data) {
          const piece = pieces[stream].push(data);
          return piece === null || queue.push({ kind: 'output', stream, ...piece }, data.length);
        },
        onSample: (sample) => void queue.push({ kind: 'sample', ...sample }, 0),
      });
      execution.ended.then(queue.end, queue.end);
      try {
        const { processId, driver, limits, network } = execution;
        streaming.set(processId, { userId: who.user.userId, execution });
        yield { kind: 'started', processId, engine: request.engine, driver, limits, network };
        yield* queue.drain();
        const ended = await execution.ended;
        for (const stream of ['stdout', 'stderr'] as const) {
          const rest = pieces[stream].end();
          if (rest !== null) yield { kind: 'output', stream, ...rest };
        }
        return resultOf(ended, { stdout: [], stderr: [] });
      } finally {
        streaming.delete(execution.processId);
        execution.kill('client');
        await Promise.allSettled([execution.ended]);
      }
    },

    /** @throws sandbox.process_unknown for programs of others too, sandbox.input_full, sandbox.input_closed */
    async input(request: { processId: string; data: string; end: boolean }, { user }: Who): Promise<void> {
      const own = streaming.get(request.processId);
      if (own?.userId !== user.userId) throw fault('sandbox.process_unknown');
      await turns.give(own.execution, request);
    },

    /** @throws sandbox.process_unknown also for whoever may not see the project */
    async stop(processId: string, who: Who): Promise<void> {
      for (const engine of list) if (await engine.stop(processId, who)) return;
      throw fault('sandbox.process_unknown');
    },
  };
}

function resultOf(ended: ExecutionEnd, output: { stdout: Buffer[]; stderr: Buffer[] }): ExecuteResult {
  const stdout = wholeText(output.stdout, ended.truncated);
  const stderr = wholeText(output.stderr, ended.truncated);
  return {
    ...ended,
    stdout: stdout.data,
    stdoutEncoding: stdout.encoding,
    stderr: stderr.data,
    stderrEncoding: stderr.encoding,
  };
}
