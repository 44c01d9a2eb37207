import { closeSync, createReadStream, createWriteStream, existsSync, openSync } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { z } from 'zod';
import type { Identity } from './clone.ts';
import { type Machine, type MachineParts, receiveState, startMachine } from './machine/machine.ts';
import { within } from './machine/within.ts';
import type { Template } from './template.ts';

/** Number of the agent's protocol: a snapshot holds a running agent. 1 wanted whole requests in JSON. */
export const snapshotFormat = 2;

const Record = z.object({
  format: z.union([z.literal(1), z.literal(snapshotFormat)]),
  snapshotId: z.uuid(),
  projectId: z.uuid(),
  userId: z.string(),
  name: z.string(),
  image: z.string(),
  language: z.enum(['python', 'javascript', 'shell']),
  memoryMb: z.int(),
  cpus: z.number(),
  accelerator: z.enum(['tcg', 'kvm']),
  kilohertz: z.int(),
  qemuVersion: z.string(),
  sizeBytes: z.int(),
  createdAt: z.iso.datetime(),
});
export type SnapshotRecord = z.infer<typeof Record>;

const transferTimeoutMs = 300_000;

/** Snapshots on disk, a folder each. They hold links to the files of their image, so they outlive it. */
export function createSnapshotFiles(folder: string) {
  const folderOf = (snapshotId: string) => path.join(folder, snapshotId);

  async function read(snapshotId: string): Promise<SnapshotRecord | null> {
    try {
      return Record.parse(
        JSON.parse(await readFile(path.join(folderOf(snapshotId), 'snapshot.json'), 'utf8')),
      );
    } catch {
      return null;
    }
  }

  async function list(): Promise<SnapshotRecord[]> {
    if (!existsSync(folder)) return [];
    const names = (await readdir(folder)).filter((name) => z.uuid().safeParse(name).success);
    const records = await Promise.all(names.map(read));
    return records
      .filter((record) => record !== null)
      .toSorted((left, right) => (left.createdAt < right.createdAt ? 1 : -1));
  }

  const pathsOf = (snapshotId: string): Template['paths'] => ({
    disk: path.join(folderOf(snapshotId), 'disk'),
    kernel: path.join(folderOf(snapshotId), 'kernel'),
    initialDisk: path.join(folderOf(snapshotId), 'initialDisk'),
  });

  return {
    read,
    list,
    pathsOf,

    /**
     * Keeps the state of a machine, packed. Complete or not there at all: what is written first is renamed last.
     * @throws GuestError, MonitorError
     */
    async save(
      machine: Machine,
      template: Pick<Template, 'paths'>,
      facts: Omit<SnapshotRecord, 'format' | 'sizeBytes'>,
    ): Promise<SnapshotRecord> {
      const making = path.join(folder, `.${facts.snapshotId}.making`);
      await mkdir(making, { recursive: true, mode: 0o700 });
      try {
        const file = path.join(making, 'state.zst');
        const pack = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } });
        await within(
          transferTimeoutMs,
          machine.saveState(
            (stream) => pipeline(stream, pack, createWriteStream(file, { mode: 0o600 })),
            'goesOn',
          ),
        );
        await syncFile(file);
        for (const [name, source] of Object.entries(template.paths))
          await link(source, path.join(making, name));
        const { size } = await stat(file);
        const record: SnapshotRecord = { ...facts, format: snapshotFormat, sizeBytes: size };
        await writeFile(path.join(making, 'snapshot.json'), JSON.stringify(record));
        await rename(making, folderOf(facts.snapshotId));
        return record;
      } finally {
        await rm(making, { recursive: true, force: true });
      }
    },

    /** A machine that goes on from the snapshot, with an identity of its own. @throws GuestError, MonitorError */
    async restore(parts: MachineParts, record: SnapshotRecord, own: Identity): Promise<Machine> {
      const place = folderOf(record.snapshotId);
      const paths = pathsOf(record.snapshotId);
      const unpacked = path.join(folder, `.${record.snapshotId}.${process.pid}.${performance.now()}.state`);
      const opened: number[] = [];
      const openFile = (file: string) => {
        const fd = openSync(file, 'r');
        opened.push(fd);
        return fd;
      };
      try {
        await pipeline(
          createReadStream(path.join(place, 'state.zst')),
          createZstdDecompress(),
          createWriteStream(unpacked, { mode: 0o600 }),
        );
        const { accelerator, memoryMb, kilohertz } = record;
        const machine = await startMachine(parts, {
          shape: { accelerator, memoryMb, kilohertz, memory: 'fresh' },
          files: {
            memory: null,
            state: openFile(unpacked),
            disk: openFile(paths.disk),
            kernel: openFile(paths.kernel),
            initialDisk: openFile(paths.initialDisk),
          },
          cpuCores: record.cpus,
        });
        try {
          await within(transferTimeoutMs, receiveState(machine.monitor));
          await within(transferTimeoutMs, machine.agent.seed(own));
          return machine;
        } catch (error) {
          await machine[Symbol.asyncDispose]();
          throw error;
        }
      } finally {
        for (const fd of opened) closeSync(fd);
        await rm(unpacked, { force: true });
      }
    },

    async remove(snapshotId: string): Promise<void> {
      await rm(folderOf(snapshotId), { recursive: true, force: true });
    },

    async removeWhere(matches: (record: SnapshotRecord) => boolean): Promise<void> {
      for (const record of await list()) {
        if (matches(record)) await rm(folderOf(record.snapshotId), { recursive: true, force: true });
      }
    },

    /** Removes what a server that died left half done. */
    async recover(): Promise<void> {
      if (!existsSync(folder)) return;
      for (const name of await readdir(folder)) {
        if (name.startsWith('.')) await rm(path.join(folder, name), { recursive: true, force: true });
      }
    },
  };
}

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
