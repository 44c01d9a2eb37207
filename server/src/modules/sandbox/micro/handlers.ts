import type { Handlers } from '#kernel/module.ts';
import type { sandboxContract } from '../contract.ts';
import type { Who } from '../engines.ts';
import { wholeText } from '../run/text.ts';
import { driverName, whatMicroLacks } from './description.ts';
import type { MicroPart } from './micro-part.ts';
import type { SnapshotRecord } from './snapshots.ts';
import { download, upload } from './transfer.ts';
import { lost, type Vm } from './vms.ts';

type MicroMethod = Extract<keyof typeof sandboxContract.methods, `micro.${string}`>;

/** The methods of the micro engine. */
export function createMicroHandlers(part: MicroPart): Pick<Handlers<typeof sandboxContract>, MicroMethod> {
  const { vms, snapshots, machines } = part;
  const describe = (vm: Vm) => describeVm(vm, part.idleMs);

  async function run(
    vm: Vm,
    program: Parameters<MicroPart['execute']>[1],
    options: Parameters<MicroPart['execute']>[2],
  ) {
    const { processId, ended, stdout, stderr } = await part.execute(vm, program, options);
    const { signal: _signal, outputBytes: _outputBytes, ...facts } = ended;
    const [out, err] = [wholeText(stdout, ended.truncated), wholeText(stderr, ended.truncated)];
    return {
      processId,
      ...facts,
      timedOut: ended.killedBy === 'time',
      stdout: out.data,
      stdoutEncoding: out.encoding,
      stderr: err.data,
      stderrEncoding: err.encoding,
    };
  }

  return {
    'micro.start': async ({ params: { script, ...request }, user, call }) => {
      const who = { user, call };
      part.touchPool();
      const vm = await vms.start(request, who);
      try {
        const program = { language: vm.language, code: script ?? '', args: [] };
        const result = script === undefined ? null : await run(vm, program, { timeoutMs: 30_000, who });
        return { ...describe(vm), script: result };
      } catch (error) {
        await vms.end(vm);
        throw error;
      }
    },
    'micro.execute': async ({ params, user, call }) => {
      const who = { user, call };
      const vm = await vms.own(params.vmId, who);
      const { code, args, language = vm.language, stdin, timeoutMs } = params;
      return run(vm, { language, code, args }, { stdin, timeoutMs, who });
    },
    'micro.stop': async ({ params: { vmId }, user, call }) => {
      await vms.end(await vms.own(vmId, { user, call }));
      return { vmId };
    },
    'micro.upload': async ({ params: { vmId, path, dest = path }, user, call }) => {
      const who = { user, call };
      const vm = await vms.own(vmId, who);
      const workspace = await part.files.open(who, vm.projectId, 'read');
      return { vmId, ...(await copying(vm, () => upload(vm.machine.agent, workspace, { path, dest }))) };
    },
    'micro.download': async ({ params: { vmId, path, dest = path }, user, call }) => {
      const who = { user, call };
      const vm = await vms.own(vmId, who);
      const workspace = await part.files.open(who, vm.projectId, 'write');
      return { vmId, ...(await copying(vm, () => download(vm.machine.agent, workspace, { path, dest }))) };
    },
    'micro.snapshot': async ({ params: { vmId, name }, user, call }) =>
      describeSnapshot(await part.snapshot(await vms.own(vmId, { user, call }), name)),
    'micro.restore': async ({ params: { snapshotId, network }, user, call }) => {
      const who: Who = { user, call };
      return describe(await part.restore(await part.ownSnapshot(snapshotId, who), network, who));
    },
    'micro.snapshot.delete': async ({ params: { snapshotId }, user, call }) => {
      await part.ownSnapshot(snapshotId, { user, call });
      await snapshots.remove(snapshotId);
      return { snapshotId };
    },
    'micro.list': async ({ params: { projectId }, user, call }) => {
      await part.access({ projectId, userId: user.userId, need: 'read' }, call);
      const [images, records] = await Promise.all([machines.images(), snapshots.list()]);
      const { probe } = machines;
      return {
        driver: {
          name: driverName(probe, machines.accelerator()),
          version: probe.kind === 'found' ? probe.version : null,
          proven: machines.accelerator() !== null,
          missing: whatMicroLacks(probe, images),
        },
        images: images.map(({ name, packages, kernel }) => ({ name, packages, kernel })),
        vms: vms.list(projectId, user.userId).map(describe),
        snapshots: records
          .filter((record) => record.projectId === projectId && record.userId === user.userId)
          .map(describeSnapshot),
        pooled: machines.pool.waiting(),
      };
    },
  };
}

/** Copying counts as use, and a machine's end meanwhile is told as such. */
async function copying<Result>(vm: Vm, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    return lost(error);
  } finally {
    vm.touch();
  }
}

function describeVm(vm: Vm, idleMs: number) {
  const { memoryBytes, cpuMs } = vm.machine.usage();
  const state = vm.saving ? 'saving' : vm.executions.size > 0 ? 'running' : 'ready';
  return {
    vmId: vm.vmId,
    projectId: vm.projectId,
    userId: vm.userId,
    image: vm.imageName,
    language: vm.language,
    state: state as 'ready' | 'running' | 'saving',
    memoryMb: vm.memoryMb,
    cpus: vm.cpus,
    network: vm.network,
    startedAt: new Date(vm.startedAtMs).toISOString(),
    idleEndsAt: new Date(vm.lastUsedMs + idleMs).toISOString(),
    memoryBytes,
    cpuMs,
    snapshotId: vm.snapshotId,
  };
}

function describeSnapshot(record: SnapshotRecord) {
  const { snapshotId, projectId, name, image, language, memoryMb, sizeBytes, createdAt } = record;
  return { snapshotId, projectId, name, image, language, memoryMb, sizeBytes, createdAt };
}
