import { closeSync, createReadStream, createWriteStream, ftruncateSync, openSync, writeSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { guestFiles, initialDisk } from './images/initial-disk.ts';
import { type Image, imageFiles, sha256 } from './images/layout.ts';
import { GuestError } from './machine/agent.ts';
import { type Accelerator, machineArguments, processorKilohertz } from './machine/arguments.ts';
import {
  greet,
  type MachineFiles,
  type MachineParts,
  sharedMemoryStays,
  startMachine,
} from './machine/machine.ts';
import { createMemoryFile, type MemoryFile } from './machine/sealed-memory.ts';
import { within } from './machine/within.ts';

/** A machine that was booted once, its interpreters started, and of which every machine is a copy. */
export interface Template extends Disposable {
  readonly key: string;
  readonly image: Image;
  readonly memoryMb: number;
  readonly accelerator: Accelerator;
  readonly kilohertz: number;
  /** All but the state, which each copy opens anew. */
  readonly files: MachineFiles;
  readonly stateFile: string;
  /** Kept with snapshots, so that they outlive the image. */
  readonly paths: { readonly disk: string; readonly kernel: string; readonly initialDisk: string };
  /** How long the boot took when the template was made, in milliseconds. */
  readonly bootMs: number;
}

export interface TemplateRequest {
  readonly image: Image;
  readonly memoryMb: number;
  readonly accelerator: Accelerator;
  readonly qemuVersion: string;
}

const Facts = z.object({ kilohertz: z.int(), bootMs: z.number() });
/** A busy machine without KVM took a minute. */
const bootTimeoutMs = 240_000;
const blockBytes = 1024 * 1024;

/** The template of an image: from disk when it was made before for the same QEMU, kernel and agent; else it is made now. */
export async function openTemplate(parts: MachineParts, request: TemplateRequest): Promise<Template> {
  const { image, memoryMb, accelerator } = request;
  const disk = await initialDiskOf(image);
  const key = templateKey(request, disk);
  const folder = path.join(image.folder, imageFiles.templates, key);
  const known = await readFacts(folder);
  if (known === null) await makeTemplate(parts, request, { folder, disk });
  const facts = known ?? (await readFacts(folder));
  if (facts === null) throw new GuestError('the template was not kept');
  const memory = await createMemoryFile();
  try {
    ftruncateSync(memory.fd, memoryMb * 1024 * 1024);
    await readInto(path.join(folder, 'ram'), memory.fd);
    await memory.seal();
  } catch (error) {
    memory.close();
    throw error;
  }
  const paths = {
    disk: path.join(image.folder, imageFiles.root),
    kernel: path.join(image.folder, imageFiles.kernel),
    initialDisk: path.join(folder, 'initrd'),
  };
  const files = openFiles(paths, memory);
  return {
    ...{ key, image, memoryMb, accelerator, paths, ...facts },
    files,
    stateFile: path.join(folder, 'state'),
    [Symbol.dispose]() {
      memory.close();
      for (const fd of [files.disk, files.kernel, files.initialDisk]) closeSync(fd);
    },
  };
}

/** True when a template is on disk already, so that opening it takes no boot. */
export async function hasTemplate(request: TemplateRequest): Promise<boolean> {
  const key = templateKey(request, await initialDiskOf(request.image));
  return (await readFacts(path.join(request.image.folder, imageFiles.templates, key))) !== null;
}

/** Counted up when templates are made otherwise, so that earlier ones are not used: 2 stand still once their state is saved. */
const wayOfMaking = 2;

function templateKey({ image, memoryMb, accelerator, qemuVersion }: TemplateRequest, disk: Buffer): string {
  const shape = { accelerator, memoryMb, memory: 'shared', incoming: false, kilohertz: 0 } as const;
  const parts = [wayOfMaking, image.digests, qemuVersion, machineArguments(shape), sha256(disk)];
  return sha256(Buffer.from(JSON.stringify(parts))).slice(0, 24);
}

async function initialDiskOf(image: Image): Promise<Buffer> {
  const read = (...names: string[]) => readFile(path.join(image.folder, ...names));
  const order = (await read(imageFiles.drivers, 'order')).toString().split('\n');
  const drivers = new Map<string, Buffer>();
  for (const name of order) drivers.set(name, await read(imageFiles.drivers, path.basename(name)));
  return initialDisk({ busybox: await read(imageFiles.busybox), drivers, ...(await guestFiles()) });
}

async function readFacts(folder: string): Promise<z.infer<typeof Facts> | null> {
  try {
    return Facts.parse(JSON.parse(await readFile(path.join(folder, 'template.json'), 'utf8')));
  } catch {
    return null;
  }
}

function openFiles(
  paths: { disk: string; kernel: string; initialDisk: string },
  memory: MemoryFile,
): MachineFiles {
  return {
    memory: memory.fd,
    state: null,
    disk: openSync(paths.disk, 'r'),
    kernel: openSync(paths.kernel, 'r'),
    initialDisk: openSync(paths.initialDisk, 'r'),
  };
}

/** Boots the image, waits until its interpreters have come to rest, and keeps memory and device state. */
async function makeTemplate(
  parts: MachineParts,
  { image, memoryMb, accelerator }: TemplateRequest,
  { folder, disk }: { readonly folder: string; readonly disk: Buffer },
): Promise<void> {
  const making = `${folder}.${process.pid}.making`;
  await rm(making, { recursive: true, force: true });
  await mkdir(making, { recursive: true });
  const startedMs = performance.now();
  const kilohertz = processorKilohertz();
  const memory = await createMemoryFile();
  try {
    ftruncateSync(memory.fd, memoryMb * 1024 * 1024);
    await writeFile(path.join(making, 'initrd'), disk);
    const files = openFiles(
      {
        disk: path.join(image.folder, imageFiles.root),
        kernel: path.join(image.folder, imageFiles.kernel),
        initialDisk: path.join(making, 'initrd'),
      },
      memory,
    );
    try {
      await bootAndSave(
        parts,
        { files, shape: { accelerator, memoryMb, memory: 'shared', kilohertz } },
        making,
      );
    } finally {
      for (const fd of [files.disk, files.kernel, files.initialDisk]) closeSync(fd);
    }
    await writeOut(memory.fd, path.join(making, 'ram'), memoryMb * 1024 * 1024);
    const facts = { kilohertz, bootMs: Math.round(performance.now() - startedMs) };
    await writeFile(path.join(making, 'template.json'), JSON.stringify(facts));
    await keep(making, folder);
  } finally {
    memory.close();
    await rm(making, { recursive: true, force: true });
  }
}

/** Another process may have made the same template meanwhile; then that one serves. */
async function keep(making: string, folder: string): Promise<void> {
  try {
    await rename(making, folder);
  } catch (error) {
    if ((await readFacts(folder)) === null) throw error;
  }
}

async function bootAndSave(
  parts: MachineParts,
  options: {
    files: MachineFiles;
    shape: { accelerator: Accelerator; memoryMb: number; memory: 'shared'; kilohertz: number };
  },
  folder: string,
): Promise<void> {
  await using machine = await startMachine(parts, { ...options, cpuCores: 1 });
  try {
    await greet(machine.monitor);
    await within(bootTimeoutMs, machine.agent.booted);
    await machine.monitor.execute('migrate-set-capabilities', { capabilities: sharedMemoryStays });
    await within(
      bootTimeoutMs,
      machine.saveState((stream) => pipeline(stream, createWriteStream(path.join(folder, 'state'))), 'stays'),
    );
  } catch (error) {
    const words = machine.lastWords().trim().split('\n').slice(-4).join(' / ').slice(-400);
    throw new GuestError(`the guest did not start: ${words || String(error)}`, { cause: error });
  }
}

/** Copies memory to a file without the blocks that are all zero. */
async function writeOut(fd: number, file: string, sizeBytes: number): Promise<void> {
  const target = await open(file, 'w', 0o600);
  try {
    await target.truncate(sizeBytes);
    let at = 0;
    for await (const block of createReadStream('', {
      fd,
      autoClose: false,
      start: 0,
      highWaterMark: blockBytes,
    })) {
      const data = block as Buffer;
      if (!isZero(data)) await target.write(data, 0, data.length, at);
      at += data.length;
    }
    await target.sync();
  } finally {
    await target.close();
  }
}

async function readInto(file: string, fd: number): Promise<void> {
  let at = 0;
  for await (const block of createReadStream(file, { highWaterMark: blockBytes })) {
    const data = block as Buffer;
    if (!isZero(data)) writeSync(fd, data, 0, data.length, at);
    at += data.length;
  }
}

const zeros = Buffer.alloc(blockBytes);

function isZero(data: Buffer): boolean {
  return data.equals(data.length === zeros.length ? zeros : zeros.subarray(0, data.length));
}
