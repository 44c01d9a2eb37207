import { fault } from '#base/fault.ts';
import type { ExecuteRequest, ExecutionEnd, ExecutionLimits, Program } from '../contract-execute.ts';
import { describeRunEngine } from '../engine/description.ts';
import type { Engine } from '../engine/engine.ts';
import type { Ended } from '../engine/sandbox-process.ts';
import type { ExecutionEngine, Who } from '../engines.ts';
import type { Limits } from './contract-shapes.ts';
import type { createRuns, Launched, RunRequest } from './runs.ts';

/** The run engine as one of several. */
export function createRunExecution(deps: {
  readonly engine: Engine;
  readonly runs: ReturnType<typeof createRuns>;
}): ExecutionEngine {
  const describe = () => describeRunEngine(deps.engine);
  return {
    name: 'run',
    describe,
    async start(request, who, listeners) {
      const startedMs = performance.now();
      let launched: Launched | null = null;
      launched = await deps.runs.launch(runRequestOf(request), who, {
        operation: 'stream',
        listeners: {
          onOutput: listeners.onOutput,
          onUsage(usage) {
            const { memoryBytes, cpuMs, processes } = usage;
            const atMs = performance.now() - startedMs;
            const outputBytes = launched?.process.outputBytes() ?? 0;
            listeners.onSample?.({ atMs, memoryBytes, cpuMs, processes, outputBytes });
          },
        },
      });
      const { processId, network, process } = launched;
      const driver = describe().driver ?? '';
      const limits = limitsOf(launched.limits);
      return {
        processId,
        driver,
        limits,
        network,
        kill: process.kill,
        resume: process.resume,
        write: process.write,
        endInput: process.endInput,
        ended: launched.ended.then((ended) => endOf(ended, { processId, driver, limits })),
      };
    },
    async stop(processId, who: Who) {
      if (!deps.runs.has(processId)) return false;
      await deps.runs.kill({ processId, signal: 'SIGKILL' }, who);
      return true;
    },
  };
}

/** Programs that stand for a language; each takes source text and arguments. */
const interpreters: Readonly<Record<'python' | 'javascript' | 'shell', readonly [string, ...string[]]>> = {
  python: ['python3', '-c'],
  javascript: ['node', '-e'],
  shell: ['sh', '-c'],
};

function commandOf(program: Program) {
  if (program.kind === 'command') {
    const { command, args, env, cwd } = program;
    return { command, args, env, cwd };
  }
  if (program.kind === 'code') {
    const [command, ...options] = interpreters[program.language];
    // A shell calls its first argument $0, Node ends its own options at --.
    const own = { python: [], javascript: ['--'], shell: ['sh'] }[program.language];
    return { command, args: [...options, program.code, ...own, ...program.args], env: {}, cwd: '' };
  }
  throw fault('sandbox.program_unsupported', { engine: 'run', kind: program.kind });
}

/** @throws sandbox.program_unsupported, sandbox.limit_unknown */
function runRequestOf(request: ExecuteRequest): RunRequest {
  const { fuel, ...limits } = request.limits;
  if (fuel !== undefined) throw fault('sandbox.limit_unknown', { engine: 'run', name: 'fuel' });
  if (request.files !== undefined && request.files !== 'write')
    throw fault('sandbox.limit_unknown', { engine: 'run', name: `files: ${request.files}` });
  const { projectId, stdin, keepInput, timeoutMs } = request;
  const network = request.network === undefined ? 'project' : request.network ? 'granted' : 'none';
  return { projectId, stdin, keepInput, timeoutMs, limits, network, ...commandOf(request.program) };
}

function limitsOf({ timeMs, memoryBytes, outputBytes, cpuMs, processes }: Limits): ExecutionLimits {
  return { timeMs, memoryBytes, outputBytes, cpuMs, processes, fuel: null };
}

function endOf(
  ended: Ended,
  about: { readonly processId: string; readonly driver: string; readonly limits: ExecutionLimits },
): ExecutionEnd {
  return {
    ...about,
    engine: 'run',
    exitCode: ended.exitCode,
    signal: ended.signal,
    truncated: ended.truncated,
    outputBytes: ended.outputBytes,
    durationMs: ended.durationMs,
    timedOut: ended.killedBy === 'time',
    killedBy: ended.killedBy,
    cpuMs: ended.usage.cpuMs,
    peakMemoryBytes: ended.usage.peakMemoryBytes,
    fuelUsed: null,
    results: [],
  };
}
