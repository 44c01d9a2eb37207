import { fault } from '#base/fault.ts';
import type { SandboxConfig } from '../config.ts';
import type { ExecuteRequest, ExecutionEnd, ExecutionLimits } from '../contract-execute.ts';
import type { Execution, ExecutionEngine, ExecutionListeners, Who } from '../engines.ts';
import type { FsAccess } from '../fs/access.ts';
import type { AccessProject } from '../run/preparation.ts';
import type { OperationStart } from '../run/records.ts';
import { describeMicroEngine } from './description.ts';
import type { ActiveExecution, Executed } from './execution.ts';
import type { Image } from './images/layout.ts';
import { machineMemoryMb, programMemoryBytes } from './machine/arguments.ts';
import type { GuestLanguage } from './machine/program.ts';
import { type Machines, usualMemoryMb } from './machines.ts';
import { createMirror } from './mirror.ts';
import type { Recording } from './recorded.ts';
import { type createVms, guestProcesses, type Vm } from './vms.ts';

interface FaceDependencies {
  readonly machines: Machines;
  readonly vms: ReturnType<typeof createVms>;
  readonly files: FsAccess;
  readonly access: AccessProject;
  readonly recording: Recording;
  readonly newId: () => string;
  readonly touchPool: () => void;
  readonly config: Pick<
    SandboxConfig,
    'maxTimeMs' | 'maxOutputBytes' | 'microOutputBytes' | 'microMaxMemoryMb'
  >;
}

const defaultTimeMs = 30_000;

interface Running {
  readonly projectId: string;
  readonly userId: string;
  readonly kill: Execution['kill'];
}

/** The micro engine as one of several: a fresh machine for one program, gone when it has ended. */
export function createMicroExecution(deps: FaceDependencies): ExecutionEngine & {
  /** Looks again which images there are; descriptions are told without waiting. */
  readonly refresh: () => Promise<void>;
} {
  const running = new Map<string, Running>();
  let images: readonly Image[] = [];

  const describe = () => {
    const { machines, config } = deps;
    const description = describeMicroEngine({
      probe: machines.probe,
      images,
      proven: machines.accelerator(),
    });
    const common = { cpuMs: null, fuel: null, processes: guestProcesses };
    const defaults = {
      ...common,
      timeMs: defaultTimeMs,
      memoryBytes: programMemoryBytes(usualMemoryMb),
      outputBytes: config.microOutputBytes,
    };
    const maxima = {
      ...common,
      timeMs: config.maxTimeMs,
      memoryBytes: programMemoryBytes(config.microMaxMemoryMb),
      outputBytes: config.maxOutputBytes,
    };
    return { ...description, limits: { defaults, maxima } };
  };

  /** @throws sandbox.limit_unknown, sandbox.limit_too_high */
  function limitsOf(request: ExecuteRequest): ExecutionLimits & { readonly memoryMb: number } {
    const { limits, timeoutMs = defaultTimeMs } = request;
    for (const name of ['fuel', 'cpuMs'] as const) {
      if (limits[name] !== undefined) throw fault('sandbox.limit_unknown', { engine: 'micro', name });
    }
    if (timeoutMs > deps.config.maxTimeMs) {
      throw fault('sandbox.limit_too_high', { name: 'timeMs', maximum: deps.config.maxTimeMs });
    }
    const outputBytes = limits.outputBytes ?? deps.config.microOutputBytes;
    if (outputBytes > deps.config.maxOutputBytes) {
      throw fault('sandbox.limit_too_high', { name: 'outputBytes', maximum: deps.config.maxOutputBytes });
    }
    const wantedMb = limits.memoryBytes === undefined ? undefined : machineMemoryMb(limits.memoryBytes);
    const memoryMb = deps.vms.sizeFor(wantedMb);
    return {
      timeMs: timeoutMs,
      memoryBytes: limits.memoryBytes ?? programMemoryBytes(memoryMb),
      outputBytes,
      cpuMs: null,
      processes: limits.processes ?? guestProcesses,
      fuel: null,
      memoryMb,
    };
  }

  async function start(request: ExecuteRequest, who: Who, listeners: ExecutionListeners): Promise<Execution> {
    deps.touchPool();
    const program = programOf(request);
    const { memoryMb, ...limits } = limitsOf(request);
    const { projectId } = request;
    const image = program.language === 'javascript' ? 'node' : 'python';
    const network = request.network ?? false;
    const vm = await deps.vms.start({ projectId, image, memoryMb, cpus: 1, network }, who);
    const operation: OperationStart = {
      engine: 'micro',
      processId: deps.newId(),
      projectId,
      userId: who.user.userId,
      operation: 'stream',
    };
    try {
      const mirror = createMirror(vm.machine.agent, request.files ?? 'none');
      await mirror.bring(() => deps.files.open(who, projectId, request.files === 'write' ? 'write' : 'read'));
      const { label, ...wanted } = program;
      const { memoryBytes, processes } = limits;
      const active = await deps.vms.launch(
        vm,
        { ...wanted, memoryBytes, processes: processes ?? guestProcesses },
        {
          stdin: request.stdin,
          keepInput: request.keepInput,
          timeoutMs: limits.timeMs,
          outputBytes: limits.outputBytes,
          signal: who.call.signal,
          onOutput: (stream, data) => void listeners.onOutput(stream, data),
        },
      );
      const driver = describe().driver ?? '';
      const about = { processId: operation.processId, engine: 'micro' as const, driver, limits };
      running.set(operation.processId, { projectId, userId: who.user.userId, kill: active.kill });
      const told = { program: request.program, label, limits, call: who.call };
      const record = deps.recording.begin(operation, told);
      const ended = conclude(vm, active, { operation, listeners, takeBack: mirror.takeBack, record });
      const result = ended.then((end) => endOf(end, about));
      result.catch(() => undefined);
      return {
        processId: operation.processId,
        driver,
        limits,
        network,
        kill: active.kill,
        // Output is bounded, and kept until it is read.
        resume: () => undefined,
        write: (data) => active.write(Buffer.from(data)),
        endInput: active.endInput,
        ended: result,
      };
    } catch (error) {
      await deps.vms.end(vm);
      throw error;
    }
  }

  async function conclude(
    vm: Vm,
    active: ActiveExecution,
    about: {
      readonly operation: OperationStart;
      readonly listeners: ExecutionListeners;
      readonly takeBack: () => Promise<void>;
      readonly record: (end: Executed | null) => void;
    },
  ): Promise<Executed> {
    const { operation, listeners, takeBack, record } = about;
    const startedMs = performance.now();
    const sampling = setInterval(() => {
      const { memoryBytes, cpuMs } = vm.machine.usage();
      const atMs = performance.now() - startedMs;
      listeners.onSample?.({ atMs, memoryBytes, cpuMs, processes: 1, outputBytes: 0 });
    }, 250).unref();
    let end: Executed | null = null;
    try {
      end = await active.ended;
      if (end.killedBy === null) await takeBack();
      return end;
    } finally {
      clearInterval(sampling);
      running.delete(operation.processId);
      record(end);
      await deps.vms.end(vm);
    }
  }

  return {
    name: 'micro',
    describe,
    async refresh() {
      images = await deps.machines.images();
    },
    start,
    async stop(processId, { user, call }) {
      const found = running.get(processId);
      if (found === undefined) return false;
      if (found.userId !== user.userId) {
        await deps.access({ projectId: found.projectId, userId: user.userId, need: 'write' }, call);
      }
      found.kill('user');
      return true;
    },
  };
}

/** @throws sandbox.program_unsupported */
function programOf({ program }: ExecuteRequest): {
  readonly language: GuestLanguage;
  readonly code: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly label: string;
} {
  if (program.kind === 'module') {
    throw fault('sandbox.program_unsupported', { engine: 'micro', kind: program.kind });
  }
  if (program.kind === 'code') {
    const { language, code, args } = program;
    return { language, code, args, env: {}, cwd: '', label: language };
  }
  const { command, args, env, cwd } = program;
  return { language: 'command', code: '', args: [command, ...args], env, cwd, label: command };
}

function endOf(
  end: Executed,
  about: Pick<ExecutionEnd, 'processId' | 'engine' | 'driver' | 'limits'>,
): ExecutionEnd {
  const { exitCode, signal, killedBy, truncated, outputBytes, durationMs, cpuMs, peakMemoryBytes } = end;
  return {
    ...about,
    ...{ exitCode, signal, killedBy, truncated, outputBytes, durationMs, cpuMs, peakMemoryBytes },
    timedOut: killedBy === 'time',
    fuelUsed: null,
    results: [],
  };
}
