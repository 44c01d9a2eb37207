import { fault } from '#base/fault.ts';
import type { SandboxConfig } from '../config.ts';
import type { EngineDescription } from '../contract-engines.ts';
import type { ExecutionEnd } from '../contract-execute.ts';
import type { ExecutionEngine } from '../engines.ts';
import type { AccessProject } from '../run/preparation.ts';
import { type createWasmCalls, exitCodeOf, killedByOf, type WasmExecution } from './calls.ts';
import type { ModuleLoader } from './handlers.ts';
import type { HostLauncher } from './host-launch.ts';
import { resolveWasmLimits, wasmMaxima } from './limits.ts';

/** The wasm engine as one of several. */
export function createWasmExecution(deps: {
  readonly config: SandboxConfig;
  readonly launcher: HostLauncher;
  readonly calls: ReturnType<typeof createWasmCalls>;
  readonly loader: ModuleLoader;
  readonly access: AccessProject;
}): ExecutionEngine {
  const { config, launcher, calls } = deps;
  return {
    name: 'wasm',
    describe: () => ({
      ...describeWasmEngine(launcher),
      limits: { defaults: resolveWasmLimits({}, config), maxima: wasmMaxima(config) },
    }),
    async start(request, who, listeners) {
      const { program, limits, projectId } = request;
      if (program.kind !== 'module') {
        throw fault('sandbox.program_unsupported', { engine: 'wasm', kind: program.kind });
      }
      if (request.network === true) {
        throw fault('sandbox.limit_unknown', { engine: 'wasm', name: 'network' });
      }
      if (limits.processes !== undefined) {
        throw fault('sandbox.limit_unknown', { engine: 'wasm', name: 'processes' });
      }
      const module = await deps.loader.fromPath({ projectId, path: program.path }, who);
      const { processes: _none, ...asked } = limits;
      const execution = await calls.start(
        {
          module,
          title: program.path,
          operation: 'stream',
          function: program.function,
          args: program.args,
          stdin: request.stdin,
          keepInput: request.keepInput,
          files: request.files ?? 'none',
          folder: '',
          grants: [],
          seed: 0,
          asked: { ...asked, timeMs: request.timeoutMs },
        },
        who,
        listeners,
      );
      const tell = (text: string) => void listeners.onOutput('stderr', Buffer.from(text));
      const { driver } = launcher;
      const { processId } = execution;
      const write = (data: string) => execution.write(Buffer.from(data));
      return {
        ...execution,
        write,
        driver,
        network: false,
        ended: endOf(execution, { processId, driver, tell }),
      };
    },
    async stop(processId, { user, call }) {
      const run = calls.find(processId);
      if (run === undefined) return false;
      if (run.userId !== user.userId) {
        await deps.access({ projectId: run.projectId, userId: user.userId, need: 'write' }, call);
      }
      run.kill('user');
      return true;
    },
  };
}

async function endOf(
  execution: WasmExecution,
  about: {
    readonly processId: string;
    readonly driver: string;
    readonly tell: (text: string) => void;
  },
): Promise<ExecutionEnd> {
  const { processId, driver } = about;
  const ended = await execution.ended;
  const { outcome, cpuMs, durationMs, fuelUsed, outputBytes } = ended;
  if (outcome.kind === 'trapped') about.tell(`trap: ${outcome.reason}\n`);
  const killedBy = killedByOf(outcome);
  return {
    processId,
    driver,
    engine: 'wasm',
    exitCode: exitCodeOf(outcome),
    signal: null,
    truncated: killedBy === 'output',
    outputBytes,
    durationMs,
    timedOut: killedBy === 'time',
    killedBy,
    cpuMs,
    peakMemoryBytes: ended.memoryBytes,
    limits: execution.limits,
    fuelUsed,
    results: outcome.kind === 'returned' ? outcome.results : [],
  };
}

function describeWasmEngine({ driver, walled }: HostLauncher): EngineDescription {
  const wall = walled
    ? {
        en: 'a process of its own in namespaces of its own (bubblewrap) that sees no project and no network',
        de: 'ein eigener Prozess in eigenen Namensräumen (bubblewrap), der kein Projekt und kein Netz sieht',
      }
    : {
        en: 'a process of its own without a wall: bubblewrap is missing here, so an escape from V8 is not held',
        de: 'ein eigener Prozess ohne Mauer: hier fehlt bubblewrap, ein Ausbruch aus V8 wird nicht gehalten',
      };
  return {
    engine: 'wasm',
    available: true,
    driver,
    programs: ['module'],
    isolation: [
      {
        en: 'WebAssembly in V8: no address outside of its own memory, no system call of its own',
        de: 'WebAssembly in V8: keine Adresse außerhalb des eigenen Speichers, kein eigener Systemaufruf',
      },
      wall,
      {
        en: 'every instruction burns fuel; memory, files and output are bounded to the byte',
        de: 'jede Anweisung verbrennt Treibstoff; Speicher, Dateien und Ausgabe sind auf das Byte begrenzt',
      },
      {
        en: 'the project’s files only when granted, as copies in memory; changes go back through the path jail',
        de: 'Projektdateien nur auf Freigabe, als Kopien im Speicher; Änderungen gehen durch das Pfadgefängnis zurück',
      },
    ],
    missing: null,
  };
}
