import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fault } from '#base/fault.ts';
import type { LoadedReport } from './host-messages.ts';

export interface StoredModule {
  readonly moduleId: string;
  readonly projectId: string;
  /** SHA-256 of the bytes. */
  readonly hash: string;
  readonly sizeBytes: number;
  readonly imports: LoadedReport['imports'];
  readonly exports: LoadedReport['exports'];
  readonly memoryPages: number;
  /** What calls get that ask for nothing; null: the server's default. */
  memoryLimitBytes: number | null;
}

export interface RegistryOptions {
  /** An own folder that goes with the process. */
  readonly folder: string;
  readonly modulesPerProject: number;
  /** Bytes of all modules together. */
  readonly totalBytes: number;
}

/**
 * Modules that were loaded since the server's start, by project and hash: the same bytes have the same id, before and after a
 * restart. The bytes lie in files; what is used least goes first when there are too many.
 */
export function createModuleRegistry(options: RegistryOptions) {
  const modules = new Map<string, StoredModule>();
  const fileOf = (hash: string) => path.join(options.folder, `${hash}.wasm`);
  const ready = mkdir(options.folder, { recursive: true, mode: 0o700 });

  async function forget(module: StoredModule): Promise<void> {
    modules.delete(module.moduleId);
    if (modules.values().some(({ hash }) => hash === module.hash)) return;
    await rm(fileOf(module.hash), { force: true });
  }

  async function makeRoom(projectId: string): Promise<void> {
    const ofProject = modules
      .values()
      .filter((module) => module.projectId === projectId)
      .toArray();
    const surplus = ofProject.slice(0, Math.max(0, ofProject.length - options.modulesPerProject));
    for (const module of surplus) await forget(module);
    let bytes = modules.values().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    for (const module of modules.values().toArray()) {
      if (bytes <= options.totalBytes || modules.size === 1) return;
      bytes -= module.sizeBytes;
      await forget(module);
    }
  }

  return {
    hashOf: (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex'),

    find(projectId: string, hash: string): StoredModule | null {
      return modules.get(idOf(projectId, hash)) ?? null;
    },

    /** @throws sandbox.module_unknown */
    get(moduleId: string): StoredModule {
      const module = modules.get(moduleId);
      if (module === undefined) throw fault('sandbox.module_unknown');
      // The order of the map is that of use.
      modules.delete(moduleId);
      modules.set(moduleId, module);
      return module;
    },

    async add(
      module: Omit<StoredModule, 'moduleId' | 'sizeBytes' | 'memoryLimitBytes'>,
      bytes: Uint8Array,
    ): Promise<StoredModule> {
      await ready;
      const moduleId = idOf(module.projectId, module.hash);
      const stored: StoredModule = { ...module, moduleId, sizeBytes: bytes.length, memoryLimitBytes: null };
      await writeFile(fileOf(module.hash), bytes, { mode: 0o600 });
      modules.set(moduleId, stored);
      await makeRoom(module.projectId);
      return stored;
    },

    /** @throws sandbox.module_unknown */
    async bytesOf({ hash }: StoredModule): Promise<Buffer> {
      try {
        return await readFile(fileOf(hash));
      } catch (error) {
        throw fault('sandbox.module_unknown', {}, { cause: error });
      }
    },

    async forgetProject(projectId: string): Promise<void> {
      for (const module of modules.values().toArray()) {
        if (module.projectId === projectId) await forget(module);
      }
    },
  };
}

export type ModuleRegistry = ReturnType<typeof createModuleRegistry>;

function idOf(projectId: string, hash: string): string {
  return createHash('sha256').update(`${projectId}:${hash}`).digest('hex').slice(0, 32);
}
