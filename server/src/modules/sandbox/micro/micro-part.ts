import path from 'node:path';
import { fault } from '#base/fault.ts';
import { systemCall } from '#kernel/rpc/call-context.ts';
import { newTraceId } from '#kernel/telemetry/trace.ts';
import type { Engine } from '../engine/engine.ts';
import type { Who } from '../engines.ts';
import { createFsAccess } from '../fs/access.ts';
import type { createGrants } from '../network/grants.ts';
import type { Places } from '../run/places.ts';
import type { AccessProject } from '../run/preparation.ts';
import type { Records } from '../run/records.ts';
import type { SandboxContext } from '../run-part.ts';
import type { RunRow } from '../store.ts';
import { createMicroExecution } from './engine-face.ts';
import type { Executed, ExecutionOptions } from './execution.ts';
import { imagesFolder } from './images/layout.ts';
import { programMemoryBytes } from './machine/arguments.ts';
import { createMachines, removeOldSockets } from './machines.ts';
import { createRecording } from './recorded.ts';
import { createSnapshotFiles, type SnapshotRecord, snapshotFormat } from './snapshots.ts';
import { createVms, guestProcesses, type Language, lost, type Vm } from './vms.ts';

/** Everything behind micro.*, ready to be offered. */
export type MicroPart = Awaited<ReturnType<typeof startMicroPart>>;

/** What of the run engine the micro engine shares. */
interface MicroNeeds {
  readonly engine: Engine;
  readonly access: AccessProject;
  readonly grants: Pick<ReturnType<typeof createGrants>, 'open'>;
  readonly records: Records;
  readonly places: Places;
  readonly remember: (row: RunRow) => void;
  readonly newId: () => string;
}

const sweepEveryMs = 15_000;

/** Starts the micro engine; registers its end. Nothing is booted before somebody asks for a machine. */
export async function startMicroPart(context: SandboxContext, run: MicroNeeds) {
  const { config, log, now, dataDir } = context;
  const machines = await createMachines({
    engine: run.engine,
    imagesFolder: imagesFolder(dataDir),
    qemu: config.qemu,
    poolSize: config.microPool,
    now,
    log,
  });
  context.defer(async () => {
    await machines[Symbol.asyncDispose]();
  });
  const files = createFsAccess({
    projects: context.clients.projects,
    systemCall: () => systemCall({ traceId: newTraceId(), signal: context.stopping }),
    onError: (error) => log.warn({ err: error }, 'storage use was not announced'),
  });
  context.defer(async () => {
    await files[Symbol.asyncDispose]();
  });
  const snapshots = createSnapshotFiles(path.join(dataDir, 'sandbox', 'snapshots'));
  const vms = createVms({
    machines,
    access: run.access,
    openNetwork: run.grants.open,
    limits: {
      machines: config.microMachines,
      machinesPerUser: config.microMachinesPerUser,
      memoryBytes: config.totalMemoryBytes,
      maxMemoryMb: config.microMaxMemoryMb,
      idleMs: config.microIdleMs,
      outputBytes: config.maxOutputBytes,
    },
    newId: run.newId,
    places: run.places,
    now,
    log,
  });

  let poolUsedMs = now();
  /** Machines wait only while somebody works with machines. */
  function touchPool(): void {
    poolUsedMs = now();
    if (machines.probe.kind !== 'found') return;
    void machines.images().then((images) => (images.length > 0 ? machines.pool.fillSoon() : undefined));
  }
  async function sweep(): Promise<void> {
    await vms.sweep();
    if (now() - poolUsedMs > config.microIdleMs) await machines.pool.drain();
  }
  const sweeping = setInterval(
    () => {
      sweep().catch((error: unknown) => log.warn({ err: error }, 'unused machines were not ended'));
    },
    Math.min(sweepEveryMs, config.microIdleMs),
  ).unref();
  context.defer(async () => {
    clearInterval(sweeping);
    await vms.endWhere(() => true);
  });

  function followProjects(): void {
    interface Change {
      readonly projectId: string;
      readonly change?: string;
      readonly userId?: string | null;
    }
    const changes = context.events.subscribe('project.*', ({ name, payload }) => {
      const { projectId, change, userId } = payload as Change;
      const removed = name === 'project.changed' && change === 'member_removed';
      if (name !== 'project.deleted' && !removed) return;
      vms
        .endWhere((vm) => vm.projectId === projectId && (!removed || vm.userId === userId))
        .catch((error: unknown) => log.warn({ err: error, projectId }, 'machines were not ended'));
    });
    context.defer(() => changes[Symbol.dispose]());
    const purged = context.events.consume('sandbox.snapshots', 'project.purged', async ({ payload }) => {
      const { projectId } = payload as Change;
      await snapshots.removeWhere((record) => record.projectId === projectId);
    });
    context.defer(() => purged[Symbol.dispose]());
  }
  followProjects();

  const outputLimit = config.microOutputBytes;

  const recording = createRecording({ records: run.records, remember: run.remember, now });

  /** Runs code in a machine, collects what it prints, and tells the project's history of it. */
  async function execute(
    vm: Vm,
    program: { readonly language: Language; readonly code: string; readonly args: readonly string[] },
    options: Pick<ExecutionOptions, 'stdin' | 'timeoutMs'> & { readonly who: Who },
  ): Promise<{ processId: string; ended: Executed; stdout: Buffer[]; stderr: Buffer[] }> {
    touchPool();
    const { call } = options.who;
    const { projectId, userId } = vm;
    const processId = run.newId();
    const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    const execution = await vms.launch(vm, program, {
      stdin: options.stdin,
      timeoutMs: options.timeoutMs,
      outputBytes: outputLimit,
      signal: call.signal,
      onOutput: (stream, data) => void output[stream].push(data),
    });
    const record = recording.begin(
      { engine: 'micro', operation: 'call', processId, projectId, userId },
      {
        program: { kind: 'code', ...program, args: [...program.args] },
        label: program.language,
        call,
        limits: {
          timeMs: options.timeoutMs,
          memoryBytes: programMemoryBytes(vm.memoryMb),
          outputBytes: outputLimit,
          ...{ cpuMs: null, processes: guestProcesses, fuel: null },
        },
      },
    );
    let ended: Executed | null = null;
    try {
      ended = await execution.ended;
      return { processId, ended, ...output };
    } finally {
      record(ended);
    }
  }

  /** @throws sandbox.snapshot_unknown */
  async function ownSnapshot(snapshotId: string, { user, call }: Who): Promise<SnapshotRecord> {
    const record = await snapshots.read(snapshotId);
    if (record === null || record.userId !== user.userId) throw fault('sandbox.snapshot_unknown');
    await run.access({ projectId: record.projectId, userId: user.userId, need: 'write' }, call);
    return record;
  }

  /** @throws sandbox.snapshot_limit, sandbox.vm_busy, sandbox.vm_lost */
  async function snapshot(vm: Vm, name: string | undefined): Promise<SnapshotRecord> {
    const limit = config.microSnapshotsPerUser;
    const own = (await snapshots.list()).filter(({ userId }) => userId === vm.userId);
    if (own.length >= limit) throw fault('sandbox.snapshot_limit', { limit });
    if (vm.saving || vm.executions.size > 0) throw fault('sandbox.vm_busy');
    if (machines.probe.kind === 'missing') throw fault('sandbox.vm_unknown');
    vm.saving = true;
    try {
      const createdAt = new Date(now()).toISOString();
      const base = await vm.origin();
      return await snapshots.save(vm.machine, base, {
        snapshotId: run.newId(),
        projectId: vm.projectId,
        userId: vm.userId,
        name: name ?? `${vm.imageName} ${createdAt.slice(0, 19).replace('T', ' ')}`,
        image: vm.imageName,
        language: vm.language,
        memoryMb: vm.memoryMb,
        cpus: vm.cpus,
        accelerator: vm.machine.accelerator,
        kilohertz: base.kilohertz,
        qemuVersion: machines.probe.version,
        createdAt,
      });
    } catch (error) {
      return lost(error);
    } finally {
      vm.saving = false;
      vm.lastUsedMs = now();
    }
  }

  /** @throws sandbox.snapshot_stale, sandbox.vm_limit, sandbox.vm_lost */
  async function restore(record: SnapshotRecord, network: boolean, who: Who): Promise<Vm> {
    const { probe } = machines;
    if (probe.kind === 'missing')
      throw fault('sandbox.unavailable', { reason: probe.reason[who.call.language] });
    if (probe.version !== record.qemuVersion) {
      const reason = `QEMU ${record.qemuVersion} ≠ ${probe.version}`;
      throw fault('sandbox.snapshot_stale', { reason });
    }
    if (record.format !== snapshotFormat) {
      throw fault('sandbox.snapshot_stale', { reason: `agent ${record.format} ≠ ${snapshotFormat}` });
    }
    const { projectId, userId, language, memoryMb, cpus, snapshotId } = record;
    const facts = {
      projectId,
      userId,
      imageName: record.image,
      language,
      memoryMb,
      cpus,
      snapshotId,
      network,
    };
    const origin = () =>
      Promise.resolve({ paths: snapshots.pathsOf(snapshotId), kilohertz: record.kilohertz });
    return vms.adopt({ ...facts, origin }, who, () =>
      snapshots.restore(machines.parts(), record, machines.identity()),
    );
  }

  const part = {
    access: run.access,
    machines,
    vms,
    snapshots,
    files,
    execute,
    snapshot,
    restore,
    ownSnapshot,
    touchPool,
    idleMs: config.microIdleMs,
    async recover() {
      await snapshots.recover();
      await removeOldSockets();
    },
  };
  return { ...part, face: createMicroExecution({ ...part, ...run, recording, config }) };
}
