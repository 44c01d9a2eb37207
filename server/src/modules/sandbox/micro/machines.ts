import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Logger } from 'pino';
import type { Engine } from '../engine/engine.ts';
import { inheritedDescriptors, shieldDescriptors } from '../engine/inherited.ts';
import { deadAmong, ownName } from '../limits/control-files.ts';
import { cloneMachine, warmUp } from './clone.ts';
import { firstToBoot } from './first-to-boot.ts';
import { findImage, type Image, listImages, standardImage } from './images/layout.ts';
import type { Accelerator } from './machine/arguments.ts';
import type { Machine, MachineParts } from './machine/machine.ts';
import { createPool, type Pool } from './pool.ts';
import { probeQemu, type QemuProbe } from './probe.ts';
import { openTemplate, type Template } from './template.ts';

export interface MachinesOptions {
  readonly engine: Engine;
  /** Folder of the images. */
  readonly imagesFolder: string;
  readonly qemu?: string | undefined;
  readonly poolSize: number;
  readonly now: () => number;
  readonly log: Logger;
}

export interface MachineRequest {
  readonly image: Image;
  readonly memoryMb: number;
  readonly cpuCores: number;
}

/** Makes machines: finds QEMU, keeps one template per image and size, and a pool of copies of the usual one. */
export interface Machines extends AsyncDisposable {
  readonly probe: QemuProbe;
  /** The means that guests really booted by; null until the first has. */
  readonly accelerator: () => Accelerator | null;
  readonly images: () => Promise<Image[]>;
  /** @throws GuestError, MonitorError */
  readonly start: (request: MachineRequest) => Promise<Machine>;
  readonly template: (image: Image, memoryMb: number) => Promise<Template>;
  readonly parts: () => MachineParts;
  readonly pool: Pool;
  readonly identity: () => { random: Buffer; timeMs: number };
}

/** Memory of a machine unless something else is asked for; the pool holds machines of this size. */
export const usualMemoryMb = 256;
const socketPrefix = 'cds-vm-';

export async function createMachines(options: MachinesOptions): Promise<Machines> {
  const { engine, now, log } = options;
  const probe = await probeQemu({ binary: options.qemu, bubblewrap: engine.bubblewrap });
  const socketFolder = await mkdtemp(path.join(tmpdir(), `${socketPrefix}${ownName()}-`));
  // Passed through by the account that QEMU runs under, read by nobody.
  await chmod(socketFolder, 0o711);
  const shield = shieldDescriptors(inheritedDescriptors());
  const templates = new Map<string, Promise<Template>>();
  let accelerator: Accelerator | null = null;

  function parts(): MachineParts {
    if (probe.kind === 'missing') throw new Error('QEMU is missing');
    return { confinement: probe.confinement, driver: engine.driver, shield, socketFolder };
  }

  const identity = () => ({ random: randomBytes(64), timeMs: now() });

  function template(image: Image, memoryMb: number): Promise<Template> {
    const key = `${image.name} ${image.digests.root} ${memoryMb}`;
    const known = templates.get(key);
    if (known !== undefined) return known;
    const opened = open(image, memoryMb);
    templates.set(key, opened);
    opened.catch(() => templates.delete(key));
    return opened;
  }

  /** Tries KVM first where it opens: only a guest that booted proves that it runs guests. */
  async function open(image: Image, memoryMb: number): Promise<Template> {
    if (probe.kind === 'missing') throw new Error('QEMU is missing');
    const { version: qemuVersion } = probe;
    const booted = await firstToBoot(accelerator === null ? probe.accelerators : [accelerator], {
      boot: (candidate) => openTemplate(parts(), { image, memoryMb, accelerator: candidate, qemuVersion }),
      onFailure: (error, candidate) =>
        log.warn({ err: error, accelerator: candidate, image: image.name }, 'a guest did not boot'),
    });
    accelerator = booted.accelerator;
    return booted.guest;
  }

  const pool = createPool({
    size: options.poolSize,
    log,
    async make() {
      const image = findImage(await listImages(options.imagesFolder), standardImage);
      if (image === null) throw new Error('there is no image');
      const machine = await cloneMachine(parts(), await template(image, usualMemoryMb), {
        ...identity(),
        cpuCores: 1,
      });
      try {
        await warmUp(machine);
        return machine;
      } catch (error) {
        await machine[Symbol.asyncDispose]();
        throw error;
      }
    },
  });

  return {
    probe,
    parts,
    pool,
    identity,
    template,
    accelerator: () => accelerator,
    images: () => listImages(options.imagesFolder),
    async start({ image, memoryMb, cpuCores }) {
      const usual = image.name === standardImage && memoryMb === usualMemoryMb && cpuCores === 1;
      const waiting = usual ? pool.take() : null;
      if (waiting !== null) return waiting;
      return cloneMachine(parts(), await template(image, memoryMb), { ...identity(), cpuCores });
    },
    async [Symbol.asyncDispose]() {
      await pool[Symbol.asyncDispose]();
      for (const opened of await Promise.allSettled(templates.values())) {
        if (opened.status === 'fulfilled') opened.value[Symbol.dispose]();
      }
      shield[Symbol.dispose]();
      await rm(socketFolder, { recursive: true, force: true });
    },
  };
}

/** Removes folders of sockets that servers left which no longer live. Their machines ended with them. */
export async function removeOldSockets(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(socketPrefix)) continue;
    const owner = name.slice(socketPrefix.length, name.lastIndexOf('-'));
    if (deadAmong([owner]).length === 0) continue;
    await rm(path.join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
  }
}
