import path from 'node:path';
import { newId } from '#base/ids.ts';
import { probeLandlock } from '../engine/landlock.ts';
import type { FsAccess } from '../fs/access.ts';
import type { Keeper } from '../fs/keeper.ts';
import type { RunPart, SandboxContext } from '../run-part.ts';
import { createWasmCalls } from './calls.ts';
import { createWasmExecution } from './execution.ts';
import { createModuleLoader, createWasmHandlers } from './handlers.ts';
import { createHostCode } from './host-code.ts';
import { createHostLauncher } from './host-launch.ts';
import { createHostPool } from './pool.ts';
import { createModuleRegistry } from './registry.ts';

const modulesPerProject = 64;
const totalModuleBytes = 512 * 1024 * 1024;

/** Starts the wasm engine on what the run engine has found on this machine; registers its end. */
export async function startWasmPart(
  context: SandboxContext,
  shared: { readonly run: RunPart; readonly access: FsAccess; readonly keeper: Keeper },
) {
  const { config, now } = context;
  const { run, access, keeper } = shared;
  const launcher = createHostLauncher({
    engine: run.engine,
    memoryBytes: config.wasmMemoryBytes,
    cpuCores: Math.min(2, config.maxCpuCores),
    landlock: await probeLandlock(),
    code: createHostCode(path.join(context.dataDir, 'sandbox', 'wasm-host'), (error) =>
      context.log.warn({ err: error }, 'the WebAssembly host could not be prepared; it starts slower'),
    ),
  });
  const nextId = () => newId(now());
  const pool = createHostPool({
    launcher,
    newId: nextId,
    idleHosts: config.wasmIdleHosts,
    idleMs: config.wasmIdleMs,
  });
  const registry = createModuleRegistry({
    folder: path.join(run.engine.runFolder, 'wasm'),
    modulesPerProject,
    totalBytes: totalModuleBytes,
  });
  const calls = createWasmCalls({
    config,
    pool,
    registry,
    access,
    keeper,
    places: run.places,
    records: run.records,
    remember: run.history.remember,
    newId: nextId,
    now,
  });
  context.defer(async () => {
    calls.killWhere(() => true, 'shutdown');
    await calls.idle();
    await pool[Symbol.asyncDispose]();
  });
  const parts = { config, access, registry, pool, calls };
  const loader = createModuleLoader(parts);
  return {
    handlers: createWasmHandlers({ ...parts, loader }),
    execution: createWasmExecution({ config, launcher, calls, loader, access: run.access }),
    killWhere: calls.killWhere,
    forgetProject: registry.forgetProject,
  };
}
