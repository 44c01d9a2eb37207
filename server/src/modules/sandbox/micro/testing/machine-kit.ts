import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pino from 'pino';
import { createEngine } from '../../engine/engine.ts';
import { processEntry } from '../../limits/process-table.ts';
import { cpioArchive } from '../images/cpio.ts';
import { imageFiles, standardImage } from '../images/layout.ts';
import { processorKilohertz } from '../machine/arguments.ts';
import { greet, type Machine, startMachine } from '../machine/machine.ts';
import { createMachines, type Machines } from '../machines.ts';
import { testImages } from './micro-world.ts';

/** Machines without a platform around them. */
export interface MachineKit extends AsyncDisposable {
  readonly machines: Machines;
  readonly folder: string;
  /** Boots the test image's kernel with a first program of the test's own instead of the real guest. */
  boot(init: string): Promise<Machine>;
}

export async function machineKit(): Promise<MachineKit> {
  await using startup = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), 'cds-micro-'));
  startup.defer(() => rm(folder, { recursive: true, force: true }));
  const engine = startup.use(
    await createEngine({ folder, limitDriver: 'auto', totalMemoryBytes: 4 * 1024 ** 3 }),
  );
  const machines = startup.use(
    await createMachines({
      engine,
      imagesFolder: testImages,
      poolSize: 0,
      now: Date.now,
      log: pino({ level: 'silent' }),
    }),
  );
  const stack = startup.move();
  return {
    machines,
    folder,
    boot: (init) => bootHostile(machines, { folder, init }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function bootHostile(
  machines: Machines,
  { folder, init }: { readonly folder: string; readonly init: string },
): Promise<Machine> {
  const image = path.join(testImages, standardImage);
  const drivers = path.join(image, imageFiles.drivers);
  const names = (await readdir(drivers)).filter((name) => name.endsWith('.ko'));
  const file = (content: Buffer | string, mode = 0o100755) => ({ mode, content: Buffer.from(content) });
  const disk = path.join(folder, 'hostile');
  const prologue = `#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc; $b mount -t devtmpfs devtmpfs /dev
for m in virtio_ring virtio virtio_mmio virtio_console; do $b insmod /modules/$m.ko; done
`;
  const entries = [
    ...['bin', 'dev', 'proc', 'modules'].map((name) => ({ path: name, mode: 0o040755 })),
    { path: 'init', ...file(prologue + init) },
    { path: 'bin/busybox', ...file(await readFile(path.join(image, imageFiles.busybox))) },
  ];
  for (const name of names) {
    entries.push({ path: `modules/${name}`, ...file(await readFile(path.join(drivers, name)), 0o100644) });
  }
  await writeFile(disk, cpioArchive(entries));
  const files = {
    memory: null,
    state: null,
    disk: openSync(path.join(image, imageFiles.root), 'r'),
    kernel: openSync(path.join(image, imageFiles.kernel), 'r'),
    initialDisk: openSync(disk, 'r'),
  };
  const shape = {
    accelerator: 'tcg',
    memoryMb: 256,
    memory: 'fresh',
    kilohertz: processorKilohertz(),
  } as const;
  const machine = await startMachine(machines.parts(), { shape, files, cpuCores: 1 });
  for (const fd of [files.disk, files.kernel, files.initialDisk]) closeSync(fd);
  await greet(machine.monitor);
  return machine;
}

/** Ids of the QEMU processes below a process. */
export async function qemuBelow(ancestor: number): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    const id = Number(name);
    if (!Number.isInteger(id)) continue;
    const comm = await readFile(`/proc/${id}/comm`, 'utf8').catch(() => '');
    if (comm.startsWith('qemu-system') && isBelow(id, ancestor)) found.push(id);
  }
  return found;
}

function isBelow(processId: number, ancestor: number): boolean {
  for (let id = processId; id > 1; ) {
    if (id === ancestor) return true;
    const entry = processEntry(id);
    if (entry === null) return false;
    id = entry.parentId;
  }
  return false;
}
