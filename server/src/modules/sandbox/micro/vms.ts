import type { Logger } from 'pino';
import { fault, isFault } from '#base/fault.ts';
import type { Who } from '../engines.ts';
import type { NetworkAccess, OpenNetwork } from '../network/access.ts';
import type { Places } from '../run/places.ts';
import type { AccessProject } from '../run/preparation.ts';
import { type ActiveExecution, type ExecutionOptions, executeInMachine } from './execution.ts';
import { findImage, type Image } from './images/layout.ts';
import { programMemoryBytes } from './machine/arguments.ts';
import { type Machine, overheadBytes } from './machine/machine.ts';
import type { GuestRequest } from './machine/program.ts';
import { type Machines, usualMemoryMb } from './machines.ts';
import { openNetworkWay } from './network-way.ts';
import type { Template } from './template.ts';

export type Language = 'python' | 'javascript' | 'shell';

export interface VmFacts {
  readonly projectId: string;
  readonly userId: string;
  /** The files that it was made of, for a snapshot to keep. */
  readonly origin: () => Promise<Pick<Template, 'paths' | 'kilohertz'>>;
  /** What the caller called the image. */
  readonly imageName: string;
  readonly language: Language;
  readonly memoryMb: number;
  readonly cpus: number;
  readonly snapshotId: string | null;
}

/** One user's machine. */
export interface Vm extends VmFacts {
  readonly vmId: string;
  readonly network: boolean;
  readonly startedAtMs: number;
  readonly machine: Machine;
  lastUsedMs: number;
  saving: boolean;
  readonly executions: Set<ActiveExecution>;
  /** Counts as use. */
  readonly touch: () => void;
}

export interface VmLimits {
  readonly machines: number;
  readonly machinesPerUser: number;
  readonly memoryBytes: number;
  readonly maxMemoryMb: number;
  readonly idleMs: number;
  readonly outputBytes: number;
}

export interface VmsDependencies {
  readonly machines: Machines;
  readonly access: AccessProject;
  readonly openNetwork: OpenNetwork;
  readonly limits: VmLimits;
  /** Programs in machines take turns with those of the other engines. */
  readonly places: Places;
  readonly newId: () => string;
  readonly now: () => number;
  readonly log: Logger;
}

export interface StartRequest {
  readonly projectId: string;
  readonly image: string;
  readonly memoryMb?: number | undefined;
  readonly cpus: number;
  readonly network: boolean;
}

export interface CodeRequest {
  readonly vmId: string;
  readonly code: string;
  readonly language?: Language | undefined;
  readonly args: readonly string[];
  readonly stdin?: string | undefined;
  readonly timeoutMs: number;
}

/** Processes and threads of one program in a guest, at most. */
export const guestProcesses = 256;
const executionsAtOnce = 4;
/** Sizes of machines. Each has a template of its own, so any size would mean a boot each time. */
const sizesMb = [256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536];

/** The rules of users' machines: whose they are, how many there may be, and that none is left behind. */
export function createVms(deps: VmsDependencies) {
  const { machines, limits, now } = deps;
  const vms = new Map<string, Vm>();
  const networks = new Map<string, AsyncDisposable>();
  /** Machines that are being started, so that a burst can't pass the limits. */
  const starting = new Map<string, { readonly userId: string; readonly memoryMb: number }>();

  /** @throws sandbox.unavailable, sandbox.image_missing */
  async function imageOf(name: string, { call }: Who): Promise<Image> {
    if (machines.probe.kind === 'missing') {
      const { reason, command } = machines.probe;
      const data = { reason: reason[call.language], command };
      throw fault('sandbox.unavailable', data, command === null ? {} : { hint: command });
    }
    const image = findImage(await machines.images(), name);
    if (image === null) throw fault('sandbox.image_missing', { image: name });
    return image;
  }

  /** @throws sandbox.limit_too_high */
  function sizeFor(memoryMb = usualMemoryMb): number {
    const size = sizesMb.find((candidate) => candidate >= memoryMb);
    if (size === undefined || size > limits.maxMemoryMb) {
      throw fault('sandbox.limit_too_high', { name: 'memoryMb', maximum: limits.maxMemoryMb });
    }
    return size;
  }

  /** A place for one more machine. The longest unused one of the same user makes room, if it does nothing. @throws sandbox.vm_limit */
  async function reserve(place: { userId: string; memoryMb: number }): Promise<Disposable> {
    for (;;) {
      const all = [...vms.values(), ...starting.values()];
      const own = all.filter(({ userId }) => userId === place.userId).length;
      const memory = all.reduce((sum, { memoryMb }) => sum + memoryMb * 1024 * 1024 + overheadBytes, 0);
      const wanted = place.memoryMb * 1024 * 1024 + overheadBytes;
      const crowded = all.length >= limits.machines || memory + wanted > limits.memoryBytes;
      if (own < limits.machinesPerUser && !crowded) break;
      const reclaimable = crowded ? [...vms.values()].filter(isIdle) : [];
      const oldest = reclaimable.toSorted((left, right) => left.lastUsedMs - right.lastUsedMs)[0];
      if (oldest === undefined) {
        const limit = own >= limits.machinesPerUser ? limits.machinesPerUser : limits.machines;
        throw fault('sandbox.vm_limit', { limit });
      }
      await end(oldest);
    }
    const key = deps.newId();
    starting.set(key, place);
    return { [Symbol.dispose]: () => void starting.delete(key) };
  }

  /** Unused for long enough that another's need comes first. */
  function isIdle(vm: Vm): boolean {
    return vm.executions.size === 0 && !vm.saving && now() - vm.lastUsedMs > Math.min(60_000, limits.idleMs);
  }

  async function network(vm: { vmId: string } & VmFacts, who: Who): Promise<NetworkAccess> {
    const opened = await deps.openNetwork({
      runId: vm.vmId,
      projectId: vm.projectId,
      userId: vm.userId,
      traceId: who.call.traceId,
    });
    if (opened === null) throw fault('sandbox.network_not_granted');
    return opened;
  }

  /** Makes a machine a user's own. `make` is called when there is room for it. */
  async function adopt(
    facts: VmFacts & { readonly network: boolean },
    who: Who,
    make: () => Promise<Machine>,
  ): Promise<Vm> {
    using _place = await reserve(facts);
    await using held = new AsyncDisposableStack();
    const vmId = deps.newId();
    const access = facts.network ? held.use(await network({ vmId, ...facts }, who)) : null;
    who.call.signal.throwIfAborted();
    const machine = held.use(await make().catch(lost));
    if (access !== null) held.use(openNetworkWay(machine.agent, access.socketPath));
    who.call.signal.throwIfAborted();
    const at = now();
    const vm: Vm = {
      ...facts,
      vmId,
      machine,
      startedAtMs: at,
      lastUsedMs: at,
      saving: false,
      executions: new Set(),
      touch() {
        vm.lastUsedMs = now();
      },
    };
    vms.set(vmId, vm);
    networks.set(vmId, held.move());
    void machine.ended.then(async (reason) => {
      deps.log.info(
        { vmId, projectId: vm.projectId, userId: vm.userId, reason },
        'a virtual machine has ended',
      );
      vms.delete(vmId);
      const rest = networks.get(vmId);
      networks.delete(vmId);
      await rest?.[Symbol.asyncDispose]();
    });
    return vm;
  }

  async function end(vm: Vm): Promise<void> {
    await vm.machine[Symbol.asyncDispose]();
    vms.delete(vm.vmId);
  }

  /** @throws sandbox.vm_unknown for whoever's it is not, and what project.access refuses with */
  async function own(vmId: string, { user, call }: Who): Promise<Vm> {
    const vm = vms.get(vmId);
    if (vm === undefined || vm.userId !== user.userId) throw fault('sandbox.vm_unknown');
    await deps.access({ projectId: vm.projectId, userId: user.userId, need: 'write' }, call);
    return vm;
  }

  /** Starts a program in a machine. @throws sandbox.busy, sandbox.cpu_quota, sandbox.vm_busy; its end: sandbox.vm_lost */
  async function launch(
    vm: Vm,
    program: Pick<GuestRequest, 'language' | 'code' | 'args'> & Partial<GuestRequest>,
    options: ExecutionOptions,
  ): Promise<ActiveExecution> {
    // The machine holds its memory already; the place is for the processor.
    const { userId } = vm;
    const place = await deps.places.take({ userId, memoryBytes: 0, signal: options.signal });
    if (vm.saving || vm.executions.size >= executionsAtOnce) {
      place[Symbol.dispose]();
      throw fault('sandbox.vm_busy');
    }
    const spentMs = vm.machine.usage().cpuMs;
    const usual = { memoryBytes: programMemoryBytes(vm.memoryMb), processes: guestProcesses };
    const { ended, ...running } = executeInMachine(
      vm.machine,
      { env: {}, cwd: '', ...usual, ...program },
      options,
    );
    const execution: ActiveExecution = {
      ...running,
      ended: ended.catch(lost).finally(() => {
        vm.executions.delete(execution);
        vm.touch();
        place[Symbol.dispose]();
        // By the host's account, not the guest's.
        deps.places.spend(userId, Math.max(0, vm.machine.usage().cpuMs - spentMs));
      }),
    };
    // Whoever waits for it learns of a failure; this is for a caller that has left meanwhile.
    execution.ended.catch(() => undefined);
    vm.executions.add(execution);
    vm.touch();
    return execution;
  }

  return {
    imageOf,
    sizeFor,
    adopt,
    own,
    end,
    launch,

    /** @throws sandbox.unavailable, sandbox.image_missing, sandbox.vm_limit, sandbox.network_not_granted, sandbox.vm_lost */
    async start(request: StartRequest, who: Who): Promise<Vm> {
      const { projectId, cpus } = request;
      const userId = who.user.userId;
      await deps.access({ projectId, userId, need: 'write' }, who.call);
      const image = await imageOf(request.image, who);
      const memoryMb = sizeFor(request.memoryMb);
      const language = request.image === 'node' ? 'javascript' : 'python';
      const origin = () => machines.template(image, memoryMb);
      const facts = {
        projectId,
        userId,
        origin,
        imageName: request.image,
        language,
        memoryMb,
        cpus,
      } as const;
      return adopt({ ...facts, network: request.network, snapshotId: null }, who, () =>
        machines.start({ image, memoryMb, cpuCores: cpus }),
      );
    },

    list: (projectId: string, userId: string): Vm[] =>
      [...vms.values()].filter((vm) => vm.projectId === projectId && vm.userId === userId),

    /** Ends machines that nobody used for long, and with the last of them those that wait. */
    async sweep(): Promise<void> {
      for (const vm of vms.values()) {
        if (vm.executions.size === 0 && !vm.saving && now() - vm.lastUsedMs > limits.idleMs) await end(vm);
      }
    },

    async endWhere(matches: (vm: Vm) => boolean): Promise<void> {
      await Promise.all([...vms.values()].filter(matches).map(end));
    },

    count: () => vms.size,
  };
}

/** A machine's own failures, in the caller's words. */
export function lost(error: unknown): never {
  if (isFault(error)) throw error;
  const reason = error instanceof Error ? error.message.slice(0, 300) : String(error);
  throw fault('sandbox.vm_lost', { reason }, { cause: error });
}
