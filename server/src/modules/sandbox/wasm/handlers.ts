import { fault } from '#base/fault.ts';
import { readWorkspaceFile } from '#kernel/files/read.ts';
import type { Handlers } from '#kernel/module.ts';
import type { SandboxConfig } from '../config.ts';
import type { sandboxContract } from '../contract.ts';
import type { Who } from '../engines.ts';
import type { FsAccess } from '../fs/access.ts';
import { wholeText } from '../run/text.ts';
import type { createWasmCalls, WasmEnd } from './calls.ts';
import type { wasmMethods } from './contract-methods.ts';
import { pageBytes } from './host/meter.ts';
import { resolveWasmLimits } from './limits.ts';
import type { HostPool } from './pool.ts';
import type { ModuleRegistry, StoredModule } from './registry.ts';

export interface WasmParts {
  readonly config: SandboxConfig;
  readonly access: FsAccess;
  readonly registry: ModuleRegistry;
  readonly pool: HostPool;
  readonly calls: ReturnType<typeof createWasmCalls>;
}

/** Loads modules for whoever may run things in a project. */
export function createModuleLoader({ config, access, registry, pool }: Omit<WasmParts, 'calls'>) {
  async function load(projectId: string, bytes: Uint8Array, { user }: Who): Promise<StoredModule> {
    const hash = registry.hashOf(bytes);
    const known = registry.find(projectId, hash);
    if (known !== null) return registry.get(known.moduleId);
    const key = `${user.userId}\0${projectId}`;
    const host = await pool.takeWith(key, { hash, bytes: () => Promise.resolve(bytes) });
    try {
      const { imports, exports, memoryPages } = host.loaded.get(hash) ?? (await host.load(hash, bytes));
      return await registry.add({ projectId, hash, imports, exports, memoryPages }, bytes);
    } finally {
      pool.giveBack(key, host);
    }
  }

  return {
    /** @throws sandbox.module_too_large, sandbox.module_refused and what reading throws */
    async fromPath(request: { projectId: string; path: string }, who: Who): Promise<StoredModule> {
      const workspace = await access.open(who, request.projectId, 'write');
      const { content } = await readWorkspaceFile(workspace, request.path, {
        limitBytes: config.wasmModuleBytes,
      });
      return load(request.projectId, content, who);
    },

    /** @throws sandbox.module_too_large, sandbox.module_refused */
    async fromBytes(request: { projectId: string; bytes: string }, who: Who): Promise<StoredModule> {
      await access.open(who, request.projectId, 'write');
      const bytes = Buffer.from(request.bytes, 'base64');
      if (bytes.length > config.wasmModuleBytes) {
        throw fault('sandbox.module_too_large', { limitBytes: config.wasmModuleBytes });
      }
      return load(request.projectId, bytes, who);
    },
  };
}

export type ModuleLoader = ReturnType<typeof createModuleLoader>;

/** The wasm.* methods. */
export function createWasmHandlers(
  parts: WasmParts & { readonly loader: ModuleLoader },
): Pick<Handlers<typeof sandboxContract>, keyof typeof wasmMethods> {
  const { config, access, registry, calls, loader } = parts;
  return {
    'wasm.load': async ({ params, user, call }) => {
      const { projectId, bytes, path } = params;
      const who = { user, call };
      if ((bytes === undefined) === (path === undefined)) {
        throw fault('common.invalid_params', { field: 'bytes', reason: 'give either bytes or path' });
      }
      const module =
        path === undefined
          ? await loader.fromBytes({ projectId, bytes: bytes ?? '' }, who)
          : await loader.fromPath({ projectId, path }, who);
      return describe(module, config);
    },

    'wasm.call': async ({ params, user, call }) => {
      const module = registry.get(params.moduleId);
      const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
      const { memoryLimitBytes, timeoutMs, fuel, outputBytes, ...job } = params;
      const execution = await calls.start(
        {
          ...job,
          module,
          title: module.hash.slice(0, 12),
          operation: 'call',
          args: params.args.map(String),
          asked: {
            fuel,
            outputBytes,
            timeMs: timeoutMs,
            memoryBytes: memoryLimitBytes ?? module.memoryLimitBytes ?? undefined,
          },
        },
        { user, call },
        {
          onOutput(stream, data) {
            output[stream].push(data);
            return true;
          },
        },
      );
      const ended = await execution.ended;
      const stdout = wholeText(output.stdout, false);
      const stderr = wholeText(output.stderr, false);
      const { outcome, memoryBytes, durationMs, cpuMs, changedFiles } = ended;
      assertEnded(ended, { stdout: stdout.data, stderr: stderr.data, fuel: execution.limits.fuel });
      return {
        processId: execution.processId,
        results: outcome.kind === 'returned' ? valuesOf(outcome.results, module, params.function) : [],
        stdout: stdout.data,
        stdoutEncoding: stdout.encoding,
        stderr: stderr.data,
        stderrEncoding: stderr.encoding,
        exitCode: outcome.kind === 'exited' ? outcome.exitCode : null,
        fuelUsed: ended.fuelUsed ?? 0,
        durationMs,
        cpuMs,
        memoryBytes,
        changedFiles: [...changedFiles],
      };
    },

    'wasm.memory_limit': async ({ params, user, call }) => {
      const module = registry.get(params.moduleId);
      await access.open({ user, call }, module.projectId, 'write');
      const { memoryBytes } = resolveWasmLimits({ memoryBytes: params.bytes }, config);
      module.memoryLimitBytes = memoryBytes;
      return { moduleId: module.moduleId, memoryLimitBytes: memoryBytes };
    },
  };
}

const toldBytes = 4000;

/** @throws sandbox.fuel_exhausted, sandbox.limit_reached, sandbox.trapped, each with the output as far as it came */
function assertEnded(
  { outcome, fuelUsed }: WasmEnd,
  told: { readonly stdout: string; readonly stderr: string; readonly fuel: number },
): void {
  const data = { fuelUsed, stdout: told.stdout.slice(0, toldBytes), stderr: told.stderr.slice(0, toldBytes) };
  if (outcome.kind === 'trapped') throw fault('sandbox.trapped', { ...data, reason: outcome.reason });
  const limit = outcome.kind === 'limit' ? outcome.limit : outcome.kind === 'killed' ? outcome.by : null;
  if (limit === 'fuel') throw fault('sandbox.fuel_exhausted', { ...data, fuel: told.fuel });
  if (limit !== null) throw fault('sandbox.limit_reached', { ...data, limit });
}

/** Numbers as numbers where JSON has them; 64 bit integers, NaN and infinities stay text. */
function valuesOf(results: readonly string[], module: StoredModule, name: string): (number | string)[] {
  const types = module.exports.find((entry) => entry.name === name)?.signature?.results ?? [];
  return results.map((text, index) => {
    const value = Number(text);
    return types[index] === 'i64' || !Number.isFinite(value) ? text : value;
  });
}

function describe(module: StoredModule, config: SandboxConfig) {
  const { moduleId, hash, sizeBytes } = module;
  const asked = module.memoryLimitBytes === null ? {} : { memoryBytes: module.memoryLimitBytes };
  return {
    moduleId,
    hash,
    sizeBytes,
    exports: module.exports.map(({ name, kind, signature }) => ({
      name,
      kind,
      params: signature?.params ?? [],
      results: signature?.results ?? [],
    })),
    imports: module.imports.map(({ module: from, name, signature }) => ({
      module: from,
      name,
      params: signature?.params ?? [],
      results: signature?.results ?? [],
    })),
    memoryBytes: module.memoryPages * pageBytes,
    memoryLimitBytes: resolveWasmLimits(asked, config).memoryBytes,
  };
}
