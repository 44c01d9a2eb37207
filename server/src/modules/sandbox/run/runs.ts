import type { Call } from '#base/contract.ts';
import { fault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import type { Engine } from '../engine/engine.ts';
import { type Ended, type SandboxProcess, startProcess } from '../engine/sandbox-process.ts';
import type { Who } from '../engines.ts';
import type { GroupUsage } from '../limits/group.ts';
import type { NetworkAccess, OpenNetwork } from '../network/access.ts';
import type { RunRow } from '../store.ts';
import { createChunkQueue } from './chunk-queue.ts';
import type { KilledBy, Limits, LimitsInput, RunChunk, RunResult } from './contract-shapes.ts';
import { createInputTurns } from './input-turns.ts';
import { resolveLimits } from './limits.ts';
import type { Places } from './places.ts';
import { type AccessProject, checkCommandLine, type ProjectAccess } from './preparation.ts';
import type { OperationStart, Records } from './records.ts';
import { rememberedArguments } from './remembered.ts';
import { createPieces, wholeText } from './text.ts';

export interface RunRequest {
  readonly projectId: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly stdin?: string | undefined;
  readonly timeoutMs?: number | undefined;
  readonly limits: LimitsInput;
  readonly configId?: string | undefined;
  readonly worktreeId?: string | undefined;
  readonly keepInput?: boolean | undefined;
  /** `granted` refuses where the project was granted no hosts. */
  readonly network?: 'project' | 'granted' | 'none' | undefined;
}

export interface RunsDependencies {
  readonly engine: Engine;
  readonly places: Places;
  readonly access: AccessProject;
  readonly openNetwork: OpenNetwork;
  readonly records: Records;
  readonly maxima: Limits;
  readonly remember: (row: RunRow) => void;
  /** Told that a run may have changed how much its project stores. */
  readonly storageTouched: (projectId: string, call: Call) => void;
  readonly newId: () => string;
  readonly now: () => number;
}

export interface ActiveRun {
  readonly processId: string;
  readonly projectId: string;
  readonly userId: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly startedAtMs: number;
  readonly process: SandboxProcess;
}

/** A run that is under way. */
export interface Launched {
  readonly processId: string;
  readonly limits: Limits;
  readonly network: boolean;
  readonly process: SandboxProcess;
  readonly ended: Promise<Ended>;
}

export interface Listeners {
  readonly onOutput: (stream: 'stdout' | 'stderr', data: Buffer) => boolean;
  readonly onUsage?: (usage: GroupUsage) => void;
}

const chunkHighWaterBytes = 256 * 1024;

/** The rules of run.exec, run.stream and run.kill: who may, how much, and that nothing of a run outlives it. */
export function createRuns(deps: RunsDependencies) {
  const active = new Map<string, ActiveRun>();
  const turns = createInputTurns();

  /** Ends with the run: place, limits and network are given back whatever happens. */
  async function launch(
    request: RunRequest,
    { user, call }: Who,
    start: { readonly operation: 'exec' | 'stream'; readonly listeners: Listeners },
  ): Promise<Launched> {
    const parts = deps.engine.parts(call.language);
    checkCommandLine(request);
    const project = await deps.access(
      {
        projectId: request.projectId,
        userId: user.userId,
        need: 'write',
        ...(request.worktreeId === undefined ? {} : { worktreeId: request.worktreeId }),
      },
      call,
    );
    const limits = resolveLimits(
      { ...request.limits, timeMs: request.timeoutMs },
      deps.maxima,
      storageLeft(project),
    );
    await using held = new AsyncDisposableStack();
    held.use(
      await deps.places.take({
        userId: user.userId,
        memoryBytes: limits.memoryBytes,
        signal: call.signal,
      }),
    );
    const operation: OperationStart = {
      processId: deps.newId(),
      projectId: request.projectId,
      userId: user.userId,
      engine: 'run',
      operation: start.operation,
    };
    // What an agent runs has read what strangers wrote: it reaches no network unless that was asked for by name.
    const reach = request.network ?? (request.worktreeId === undefined ? 'project' : 'none');
    const network =
      reach !== 'none'
        ? await deps.openNetwork({
            runId: operation.processId,
            projectId: request.projectId,
            userId: user.userId,
            traceId: call.traceId,
          })
        : null;
    if (network !== null) held.use(network);
    else if (reach === 'granted') throw fault('sandbox.network_not_granted');
    call.signal.throwIfAborted();
    const process = await startProcess(parts, {
      runId: operation.processId,
      owner: user.userId,
      ...withNetwork(network, request, { limits, workspacePath: project.workspacePath }),
      stdin: request.stdin,
      keepInput: request.keepInput,
      ...start.listeners,
    });
    const run: ActiveRun = { ...request, ...operation, startedAtMs: deps.now(), process };
    active.set(run.processId, run);
    deps.records.started(operation, request.command, call);
    const onAbort = () => process.kill('client');
    call.signal.addEventListener('abort', onAbort, { once: true });
    if (call.signal.aborted) onAbort();
    const release = held.move();
    const ended = conclude(run, { operation, limits, request, call }).finally(async () => {
      call.signal.removeEventListener('abort', onAbort);
      await release.disposeAsync();
    });
    // Whoever waits for it learns of a failure; this is for a caller that has left meanwhile.
    ended.catch(() => undefined);
    return { processId: run.processId, limits, network: network !== null, process, ended };
  }

  async function conclude(
    run: ActiveRun,
    about: { operation: OperationStart; limits: Limits; request: RunRequest; call: Call },
  ): Promise<Ended> {
    const { operation, limits, call } = about;
    let ended: Ended | null = null;
    try {
      ended = await run.process.ended;
      return ended;
    } finally {
      active.delete(run.processId);
      deps.places.spend(run.userId, ended?.usage.cpuMs ?? 0);
      deps.records.finished(operation, endOf(ended), call);
      if (ended !== null)
        deps.remember(rowOf(run, { ended, limits, configId: about.request.configId ?? null }));
      if (ended?.diskTouched === true) deps.storageTouched(run.projectId, call);
    }
  }

  function resultOf(
    launched: Launched,
    ended: Ended,
    output: { stdout: Buffer[]; stderr: Buffer[] },
  ): RunResult {
    const stdout = wholeText(output.stdout, ended.truncated);
    const stderr = wholeText(output.stderr, ended.truncated);
    return {
      processId: launched.processId,
      exitCode: ended.exitCode,
      signal: ended.signal,
      stdout: stdout.data,
      stdoutEncoding: stdout.encoding,
      stderr: stderr.data,
      stderrEncoding: stderr.encoding,
      truncated: ended.truncated,
      outputBytes: ended.outputBytes,
      durationMs: ended.durationMs,
      timedOut: ended.killedBy === 'time',
      killedBy: ended.killedBy,
      cpuMs: ended.usage.cpuMs,
      peakMemoryBytes: ended.usage.peakMemoryBytes,
      peakProcesses: ended.usage.peakProcesses,
      limits: launched.limits,
      driver: deps.engine.driver.name,
    };
  }

  return {
    launch,
    has: (processId: string) => active.has(processId),

    /** @throws sandbox.* and whatever project.access refuses with */
    async exec(request: RunRequest, who: Who): Promise<RunResult> {
      const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
      const launched = await launch(request, who, {
        operation: 'exec',
        listeners: {
          onOutput(stream, data) {
            output[stream].push(data);
            return true;
          },
        },
      });
      return resultOf(launched, await launched.ended, output);
    },

    /** As `exec`, its output chunk by chunk. A reader that stops reading ends the run. */
    async *stream(request: RunRequest, who: Who): AsyncGenerator<RunChunk, RunResult, undefined> {
      const startedMs = performance.now();
      const pieces = { stdout: createPieces(), stderr: createPieces() };
      let launched: Launched | null = null;
      const queue = createChunkQueue<RunChunk>({
        highWaterBytes: chunkHighWaterBytes,
        onDrained: () => launched?.process.resume(),
      });
      launched = await launch(request, who, {
        operation: 'stream',
        listeners: {
          onOutput(stream, data) {
            const piece = pieces[stream].push(data);
            return piece === null || queue.push({ kind: 'output', stream, ...piece }, data.length);
          },
          onUsage(usage) {
            queue.push(
              sampleOf(usage, performance.now() - startedMs, launched?.process.outputBytes() ?? 0),
              0,
            );
          },
        },
      });
      const { processId, limits, network } = launched;
      launched.ended.then(queue.end, queue.end);
      try {
        yield { kind: 'started', processId, limits, network, driver: deps.engine.driver.name };
        yield* queue.drain();
        const ended = await launched.ended;
        for (const stream of ['stdout', 'stderr'] as const) {
          const rest = pieces[stream].end();
          if (rest !== null) yield { kind: 'output', stream, ...rest };
        }
        return resultOf(launched, ended, { stdout: [], stderr: [] });
      } finally {
        launched.process.kill('client');
        await Promise.allSettled([launched.ended]);
      }
    },

    /** @throws sandbox.process_unknown also for whoever may not see the project */
    async kill(request: { processId: string; signal: NodeJS.Signals }, { user, call }: Who): Promise<void> {
      const run = active.get(request.processId);
      if (run === undefined) throw fault('sandbox.process_unknown');
      if (run.userId !== user.userId) {
        await deps.access({ projectId: run.projectId, userId: user.userId, need: 'write' }, call);
      }
      if (request.signal === 'SIGKILL') run.process.kill('user');
      else run.process.signal(request.signal);
    },

    /** @throws sandbox.process_unknown for programs of others too, sandbox.input_closed */
    async input(request: { processId: string; data: string; end: boolean }, user: Principal): Promise<void> {
      const run = active.get(request.processId);
      if (run?.userId !== user.userId) throw fault('sandbox.process_unknown');
      const { write, endInput, ended } = run.process;
      await turns.give({ processId: run.processId, write, endInput, ended }, request);
    },

    list: (projectId: string) =>
      active
        .values()
        .filter((run) => run.projectId === projectId)
        .toArray(),

    /** Ends every run for which this holds. */
    killWhere(matches: (run: ActiveRun) => boolean, by: KilledBy): void {
      for (const run of active.values()) if (matches(run)) run.process.kill(by);
    },

    /** Settles when nothing runs any more. */
    async idle(): Promise<void> {
      await Promise.allSettled(active.values().map((run) => run.process.ended));
    },
  };
}

function storageLeft({ usage }: ProjectAccess) {
  return { bytes: usage.limitBytes - usage.bytes, files: usage.limitFiles - usage.files };
}

function withNetwork(
  network: NetworkAccess | null,
  request: RunRequest,
  place: { readonly limits: Limits; readonly workspacePath: string },
) {
  const { limits, workspacePath } = place;
  const command = [request.command, ...request.args];
  const shape = { workspacePath, cwd: request.cwd, memoryBytes: limits.memoryBytes, terminal: false };
  if (network === null) return { command, limits, shape: { ...shape, env: request.env, mounts: [] } };
  return {
    command: network.wrap(command),
    limits: {
      ...limits,
      processes: limits.processes + network.extraProcesses,
      memoryBytes: limits.memoryBytes + network.extraMemoryBytes,
    },
    shape: { ...shape, env: { ...network.env, ...request.env }, mounts: network.mounts },
  };
}

function sampleOf(usage: GroupUsage, atMs: number, outputBytes: number): RunChunk {
  const { memoryBytes, cpuMs, processes } = usage;
  return { kind: 'sample', atMs, memoryBytes, cpuMs, processes, outputBytes };
}

function endOf(ended: Ended | null) {
  return {
    exitCode: ended?.exitCode ?? null,
    signal: ended?.signal ?? null,
    killedBy: ended?.killedBy ?? null,
    durationMs: ended?.durationMs ?? 0,
    cpuMs: ended?.usage.cpuMs ?? 0,
    peakMemoryBytes: ended?.usage.peakMemoryBytes ?? 0,
  };
}

function rowOf(
  run: ActiveRun,
  about: { readonly ended: Ended; readonly limits: Limits; readonly configId: string | null },
): RunRow {
  const { ended, limits, configId } = about;
  return {
    engine: 'run',
    fuel_used: null,
    process_id: run.processId,
    project_id: run.projectId,
    user_id: run.userId,
    config_id: configId,
    command: run.command,
    args: rememberedArguments(run.args),
    started_at: new Date(run.startedAtMs),
    exit_code: ended.exitCode,
    signal: ended.signal,
    killed_by: ended.killedBy,
    duration_ms: ended.durationMs,
    cpu_ms: ended.usage.cpuMs,
    peak_memory_bytes: BigInt(Math.round(ended.usage.peakMemoryBytes)),
    peak_processes: ended.usage.peakProcesses,
    output_bytes: BigInt(ended.outputBytes),
    limits,
  };
}
