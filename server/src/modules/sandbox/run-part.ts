import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Call } from '#base/contract.ts';
import { newId } from '#base/ids.ts';
import type { ModuleContext, Needs } from '#kernel/module.ts';
import type { projectsContract } from '#modules/projects/contract.ts';
import type { SandboxConfig } from './config.ts';
import type { sandboxContract } from './contract.ts';
import { createEngine } from './engine/engine.ts';
import { deadAmong, ownName } from './limits/control-files.ts';
import { startMicroPart } from './micro/micro-part.ts';
import { createGrants } from './network/grants.ts';
import { createConfigs } from './run/configs.ts';
import { createRunExecution } from './run/execution.ts';
import { createHistory } from './run/history.ts';
import { maximaOf } from './run/limits.ts';
import { createPlaces } from './run/places.ts';
import type { AccessProject } from './run/preparation.ts';
import { createRecords } from './run/records.ts';
import { createRuns } from './run/runs.ts';
import { createTerminals } from './terminal/terminals.ts';

export type SandboxContext = ModuleContext<
  typeof sandboxContract,
  Needs & { readonly projects: typeof projectsContract },
  SandboxConfig
>;

/** Everything behind run.*, run.terminal.* and sandbox.network.*, ready to be offered. */
export type RunPart = Awaited<ReturnType<typeof startRunPart>>;

/** Starts the run engine and what stands around it; registers its end. */
export async function startRunPart(context: SandboxContext) {
  const { config, database, log, now, publish, clients } = context;
  const folder = path.join(context.dataDir, 'sandbox');
  const engine = await createEngine({
    folder,
    bubblewrap: config.bubblewrap,
    limitDriver: config.limitDriver,
    delegatedGroup: config.cgroup,
    totalMemoryBytes: config.totalMemoryBytes,
  });
  context.defer(async () => {
    await engine[Symbol.asyncDispose]();
  });
  const sockets = await mkdtemp(path.join(tmpdir(), `${socketPrefix}${ownName()}-`));
  context.defer(() => rm(sockets, { recursive: true, force: true }));

  const access: AccessProject = (request, call) => clients.projects.call('project.access', request, call);
  const records = createRecords({ publish, metrics: context.metrics, log });
  const history = createHistory({ database, log, keep: config.historyLength });
  const grants = createGrants({ database, access, publish, config, socketFolder: sockets, log, now });
  const granted = context.events.subscribe('sandbox.network_changed', ({ payload }) =>
    grants.forget((payload as { projectId: string }).projectId),
  );
  context.defer(() => granted[Symbol.dispose]());
  const maxima = maximaOf(config);
  const shared = {
    engine,
    access,
    records,
    maxima,
    now,
    openNetwork: grants.open,
    newId: () => newId(now()),
  };
  const storageTouched = (projectId: string, call: Call) => {
    clients.projects
      .call('project.usage.add', { projectId, bytes: 0, files: 0 }, call)
      .catch((error: unknown) => log.warn({ err: error, projectId }, 'storage use was not announced'));
  };
  const places = createPlaces(
    {
      running: config.maxRunning,
      runningPerUser: config.maxRunningPerUser,
      memoryBytes: config.totalMemoryBytes,
      waitingPerUser: config.maxWaitingPerUser,
      waitMs: config.maxWaitMs,
      cpuSecondsPerHour: config.cpuSecondsPerHour,
    },
    () => performance.now(),
  );
  const runs = createRuns({ ...shared, places, remember: history.remember, storageTouched });
  const terminals = createTerminals({ ...shared, config, spendCpu: places.spend, storageTouched });
  const micro = await startMicroPart(context, {
    engine,
    access,
    grants,
    records,
    places,
    remember: history.remember,
    newId: shared.newId,
  });
  const configs = createConfigs({ database, access, newId: shared.newId, now });

  const sweeping = setInterval(terminals.sweep, Math.min(30_000, config.terminalIdleMs / 4)).unref();
  context.defer(async () => {
    clearInterval(sweeping);
    runs.killWhere(() => true, 'shutdown');
    terminals.killWhere(() => true, 'shutdown');
    await Promise.all([runs.idle(), terminals.idle()]);
    await history.settled();
  });

  return {
    engine,
    execution: createRunExecution({ engine, runs }),
    micro,
    places,
    access,
    runs,
    terminals,
    configs,
    history,
    grants,
    records,
    maxima,
    async recover() {
      await engine.recover();
      await micro.recover();
      await removeOldSockets();
    },
  };
}

const socketPrefix = 'cds-net-';

/** Folders of sockets that a crashed server left in the system's folder for temporary files. */
async function removeOldSockets(): Promise<void> {
  const left = (await readdir(tmpdir())).filter((name) => name.startsWith(socketPrefix));
  const owners = new Map(
    left.map((name) => [name, name.slice(socketPrefix.length, name.lastIndexOf('-'))] as const),
  );
  const dead = new Set(deadAmong([...owners.values()]));
  for (const [name, owner] of owners) {
    if (!dead.has(owner)) continue;
    await rm(path.join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
  }
}
