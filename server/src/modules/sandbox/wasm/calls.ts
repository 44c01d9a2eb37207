import type { Call } from '#base/contract.ts';
import { fault } from '#base/fault.ts';
import type { SandboxConfig } from '../config.ts';
import type { FilesGrant } from '../contract-execute.ts';
import type { ExecutionListeners, Who } from '../engines.ts';
import type { FsAccess } from '../fs/access.ts';
import type { Keeper } from '../fs/keeper.ts';
import type { KilledBy } from '../run/contract-shapes.ts';
import type { Places } from '../run/places.ts';
import type { OperationStart, Records } from '../run/records.ts';
import { rememberedArguments } from '../run/remembered.ts';
import type { RunRow } from '../store.ts';
import { hostOverheadBytes } from './host-launch.ts';
import type { CallOutcome } from './host-messages.ts';
import type { HostEnd, WasmHost } from './host-process.ts';
import {
  type AskedLimits,
  fileEntries,
  historyLimits,
  resolveWasmLimits,
  type WasmLimits,
} from './limits.ts';
import type { HostPool } from './pool.ts';
import { applyChanges, type FilesSnapshot, readProjectFiles } from './project-files.ts';
import type { ModuleRegistry, StoredModule } from './registry.ts';

export interface WasmJob {
  readonly module: StoredModule;
  /** As the history shows it: the file's path, else the hash. */
  readonly title: string;
  readonly operation: 'call' | 'stream';
  readonly function: string;
  readonly args: readonly string[];
  readonly stdin?: string | undefined;
  /** Standard input stays open for `write`. */
  readonly keepInput?: boolean | undefined;
  readonly files: FilesGrant;
  readonly folder: string;
  readonly grants: readonly ('clock' | 'random')[];
  readonly seed: number;
  readonly asked: AskedLimits;
}

export interface WasmEnd {
  readonly outcome: CallOutcome | { readonly kind: 'killed'; readonly by: KilledBy };
  /** Null when it was ended from outside before it could be read. */
  readonly fuelUsed: number | null;
  readonly memoryBytes: number;
  readonly cpuMs: number;
  readonly durationMs: number;
  readonly outputBytes: number;
  readonly changedFiles: readonly string[];
}

export interface WasmExecution {
  readonly processId: string;
  readonly limits: WasmLimits;
  readonly kill: (by: KilledBy) => void;
  readonly resume: () => void;
  readonly write: (data: Buffer) => Promise<boolean>;
  readonly endInput: () => void;
  readonly ended: Promise<WasmEnd>;
}

export interface WasmCallsDependencies {
  readonly config: SandboxConfig;
  readonly pool: HostPool;
  readonly registry: ModuleRegistry;
  readonly places: Places;
  readonly access: FsAccess;
  readonly keeper: Keeper;
  readonly records: Records;
  readonly remember: (row: RunRow) => void;
  readonly newId: () => string;
  readonly now: () => number;
}

interface Active {
  readonly processId: string;
  readonly projectId: string;
  readonly userId: string;
  readonly kill: (by: KilledBy) => void;
  readonly ended: Promise<unknown>;
}

const sampleEveryMs = 250;

/** The rules of wasm.call: who may, how much, in whose host, and that nothing of it goes on afterwards. */
export function createWasmCalls(deps: WasmCallsDependencies) {
  const { config, pool, registry } = deps;
  const active = new Map<string, Active>();

  async function start(job: WasmJob, who: Who, listeners: ExecutionListeners): Promise<WasmExecution> {
    const { user, call } = who;
    const { projectId } = job.module;
    const workspace = await deps.access.open(who, projectId, 'write');
    const limits = resolveWasmLimits(job.asked, config);
    const bounds = { bytes: config.wasmFileBytes, entries: fileEntries, signal: call.signal };
    const snapshot = job.files === 'none' ? null : await readProjectFiles(workspace, job.folder, bounds);
    await using held = new AsyncDisposableStack();
    const memoryBytes = limits.memoryBytes + hostOverheadBytes;
    held.use(await deps.places.take({ userId: user.userId, memoryBytes, signal: call.signal }));
    const key = `${user.userId}\0${projectId}`;
    const { hash } = job.module;
    const host = await pool.takeWith(key, { hash, bytes: () => registry.bytesOf(job.module) });
    held.defer(() => pool.giveBack(key, host));
    call.signal.throwIfAborted();
    const { engine, processId } = { engine: 'wasm' as const, processId: deps.newId() };
    const { userId } = user;
    const operation: OperationStart = { engine, processId, projectId, userId, operation: job.operation };
    deps.records.started(operation, job.title, call);
    const running = follow(host, { job, limits, snapshot, listeners, call });
    const release = held.move();
    const ended = conclude({ job, limits, operation, call, running }, async (end) => {
      if (job.files !== 'write' || end.kind !== 'reported') return [];
      const { report, contents } = end;
      const guard = guardOf(who, projectId);
      const changes = { folder: job.folder, changes: report.changes, contents };
      return endedByItself(report.outcome) ? await applyChanges(workspace, changes, guard) : [];
    }).finally(async () => {
      active.delete(processId);
      await release.disposeAsync();
    });
    ended.catch(() => undefined);
    active.set(processId, { processId, projectId, userId, kill: running.kill, ended });
    const { kill, input } = running;
    return { processId, limits, kill, resume: host.resume, write: input.write, endInput: input.end, ended };
  }

  function guardOf(who: Who, projectId: string) {
    return {
      beforeWrite: (path: string) => deps.keeper.beforeWrite(who, { projectId, path }),
      beforeLosing: (path: string) => deps.keeper.beforeLosing(who, { projectId, path }),
    };
  }

  /** Hands the call to the host and watches it: time, processor time, the caller's departure. */
  function follow(host: WasmHost, about: Followed) {
    const { job, limits, snapshot, listeners, call } = about;
    const startedMs = performance.now();
    const cpuBefore = limits.cpuMs === null ? host.cpuMsAbout() : host.cpuMs();
    const memoryBefore = host.ownMemoryBytes();
    let killedBy: KilledBy | null = null;
    let outputBytes = 0;

    function kill(by: KilledBy): void {
      if (killedBy !== null) return;
      killedBy = by;
      void host.stop();
    }
    function sample(): void {
      const { memoryBytes: held, cpuMs: total, processes } = host.usage();
      // What the program takes beyond the host itself.
      const memoryBytes = Math.max(0, held - memoryBefore);
      const cpuMs = Math.max(0, total - cpuBefore);
      if (limits.cpuMs !== null && cpuMs > limits.cpuMs) kill('cpu');
      const atMs = performance.now() - startedMs;
      listeners.onSample?.({ atMs, memoryBytes, cpuMs, processes, outputBytes });
    }
    const timeout = setTimeout(() => kill('time'), limits.timeMs);
    const sampling = setInterval(sample, sampleEveryMs);
    const onAbort = () => kill('client');
    call.signal.addEventListener('abort', onAbort, { once: true });
    const { ended, input } = host.call({
      ...orderOf(job, { limits, snapshot, fileBytes: config.wasmFileBytes }),
      onOutput(stream, data) {
        outputBytes += data.length;
        // The host keeps this limit to the byte; one that does not has been taken over.
        if (outputBytes > limits.outputBytes) kill('output');
        return killedBy !== null || listeners.onOutput(stream, data);
      },
    });
    if (call.signal.aborted) onAbort();
    return {
      kill,
      input,
      ended: ended.finally(() => {
        clearTimeout(timeout);
        clearInterval(sampling);
        call.signal.removeEventListener('abort', onAbort);
      }),
      killedBy: () => killedBy,
      outputBytes: () => outputBytes,
      durationMs: () => performance.now() - startedMs,
      cpuMs: () => Math.max(0, host.cpuMs() - cpuBefore),
      memoryBytes: () => Math.max(0, host.usage().memoryBytes - memoryBefore),
    };
  }

  async function conclude(
    about: Concluded,
    keepChanges: (end: HostEnd) => Promise<readonly string[]>,
  ): Promise<WasmEnd> {
    const { job, limits, operation, call, running } = about;
    const startedAt = new Date(deps.now());
    const end = await running.ended;
    const durationMs = running.durationMs();
    const report = end.kind === 'reported' ? end.report : null;
    const by = running.killedBy();
    const memory = { kind: 'limit', limit: 'memory' } as const;
    const lost = { kind: 'trapped', reason: 'the engine itself failed' } as const;
    const outcome: WasmEnd['outcome'] =
      report?.outcome ??
      (by !== null ? { kind: 'killed', by } : end.kind === 'gone' && end.memory ? memory : lost);
    const used = {
      fuelUsed: report?.fuelUsed ?? null,
      memoryBytes: Math.round(
        report === null ? running.memoryBytes() : report.memoryBytes + report.fileBytes,
      ),
      cpuMs: report?.cpuMs ?? running.cpuMs(),
      durationMs,
      outputBytes: report?.outputBytes ?? running.outputBytes(),
    };
    const summary = { exitCode: exitCodeOf(outcome), signal: null, killedBy: killedByOf(outcome) };
    deps.places.spend(operation.userId, used.cpuMs);
    deps.records.finished(operation, { ...summary, ...used, peakMemoryBytes: used.memoryBytes }, call);
    deps.remember({
      ...rowOf(job, operation),
      ...{ started_at: startedAt, exit_code: summary.exitCode, signal: null, killed_by: summary.killedBy },
      ...{ duration_ms: durationMs, cpu_ms: used.cpuMs, peak_memory_bytes: BigInt(used.memoryBytes) },
      peak_processes: 1,
      output_bytes: BigInt(used.outputBytes),
      limits: historyLimits(limits, config.wasmFileBytes),
      fuel_used: used.fuelUsed === null ? null : BigInt(used.fuelUsed),
    });
    if (outcome.kind === 'refused') throw fault('sandbox.call_refused', { reason: outcome.reason });
    return { outcome, ...used, changedFiles: await keepChanges(end) };
  }

  return {
    start,
    find: (processId: string) => active.get(processId),
    list: (projectId: string) =>
      active
        .values()
        .filter((run) => run.projectId === projectId)
        .toArray(),
    killWhere(matches: (run: Active) => boolean, by: KilledBy): void {
      for (const run of active.values()) if (matches(run)) run.kill(by);
    },
    async idle(): Promise<void> {
      await Promise.allSettled(active.values().map((run) => run.ended));
    },
  };
}

interface Followed {
  readonly job: WasmJob;
  readonly limits: WasmLimits;
  readonly snapshot: FilesSnapshot | null;
  readonly listeners: ExecutionListeners;
  readonly call: Call;
}

interface Concluded {
  readonly job: WasmJob;
  readonly limits: WasmLimits;
  readonly operation: OperationStart;
  readonly call: Call;
  readonly running: {
    readonly ended: Promise<HostEnd>;
    readonly killedBy: () => KilledBy | null;
    readonly outputBytes: () => number;
    readonly durationMs: () => number;
    readonly cpuMs: () => number;
    readonly memoryBytes: () => number;
  };
}

function orderOf(
  job: WasmJob,
  about: { readonly limits: WasmLimits; readonly snapshot: FilesSnapshot | null; readonly fileBytes: number },
) {
  const { limits, snapshot } = about;
  const stdin = Buffer.from(job.stdin ?? '');
  const files =
    snapshot === null
      ? null
      : {
          readOnly: job.files !== 'write',
          files: snapshot.files.map(({ path, content }) => ({ path, bytes: content.length })),
          folders: snapshot.folders,
        };
  return {
    order: {
      type: 'call' as const,
      hash: job.module.hash,
      function: job.function,
      args: job.args,
      fuel: limits.fuel,
      memoryLimitBytes: limits.memoryBytes,
      outputBytes: limits.outputBytes,
      fileBytes: about.fileBytes,
      fileEntries,
      stdinBytes: stdin.length,
      keepInput: job.keepInput ?? false,
      files,
      clock: job.grants.includes('clock'),
      random: job.grants.includes('random'),
      seed: job.seed,
    },
    bodies: [stdin, ...(snapshot?.files.map(({ content }) => content) ?? [])],
  };
}

/** What a program changed is kept when it came to its own end, not when a limit cut it off in the middle. */
function endedByItself(outcome: CallOutcome): boolean {
  return outcome.kind === 'returned' || outcome.kind === 'exited';
}

/** As a shell tells it: a trap is an abort, 134. */
export function exitCodeOf(outcome: WasmEnd['outcome']): number | null {
  if (outcome.kind === 'exited') return outcome.exitCode;
  if (outcome.kind === 'returned') return 0;
  return outcome.kind === 'trapped' ? 134 : null;
}

export function killedByOf(outcome: WasmEnd['outcome']): KilledBy | null {
  if (outcome.kind === 'killed') return outcome.by;
  return outcome.kind === 'limit' ? outcome.limit : null;
}

function rowOf(job: WasmJob, { processId, projectId, userId }: OperationStart) {
  return {
    engine: 'wasm' as const,
    process_id: processId,
    project_id: projectId,
    user_id: userId,
    config_id: null,
    command: job.function === '_start' ? job.title : `${job.title}#${job.function}`,
    args: rememberedArguments(job.args),
  };
}
