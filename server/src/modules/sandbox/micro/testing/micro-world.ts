import { mkdir, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Call, ParamsOf, ResultOf } from '#base/contract.ts';
import { isFault } from '#base/fault.ts';
import { lockDataFolder } from '#kernel/supervise/data-folder-lock.ts';
import { sandboxContract } from '../../contract.ts';
import { findProgram } from '../../engine/probe.ts';
import { type SandboxWorld, sandboxWorld } from '../../testing/world.ts';
import { buildImage, standardPackages } from '../images/build.ts';
import { imagesFolder, readImage, standardImage } from '../images/layout.ts';
import { missingForBuilding } from '../images/programs.ts';

/** Images that tests share; building one takes minutes, and so it is kept between runs. */
export const testImages = path.join(tmpdir(), 'cyberdevstudio-test-images');

/** Why machines can't be tested here, or false. For `skip` of node:test. */
export function microSkip(): string | false {
  const missing = [
    ...(findProgram('qemu-system-x86_64') === null ? ['qemu-system-x86'] : []),
    ...(findProgram('bwrap') === null ? ['bubblewrap'] : []),
    ...missingForBuilding(),
  ];
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'guests are for Linux on x86-64';
  return missing.length === 0 ? false : `needs ${missing.join(', ')}`;
}

/** The standard image, built unless an earlier test did. Test files that run at the same time wait for one another. */
export async function ensureTestImage(): Promise<void> {
  await mkdir(testImages, { recursive: true });
  for (;;) {
    try {
      using _lock = lockDataFolder(testImages);
      if ((await readImage(path.join(testImages, standardImage))) !== null) return;
      await buildImage(
        { name: standardImage, suite: 'bookworm', packages: standardPackages, mirror: null },
        { folder: testImages, now: Date.now, onProgress: () => undefined },
      );
      return;
    } catch (error) {
      if (!isFault(error, 'database.folder_in_use')) throw error;
      await delay(500);
    }
  }
}

type Params<Method extends `micro.${string}` & keyof typeof sandboxContract.methods> = ParamsOf<
  typeof sandboxContract,
  Method
>;

/** A platform with images, and short ways to machines. */
export interface MicroWorld extends SandboxWorld {
  start(
    request?: Partial<Params<'micro.start'>>,
    call?: Call,
  ): Promise<ResultOf<typeof sandboxContract, 'micro.start'>>;
  execute(
    vmId: string,
    code: string,
    request?: Partial<Params<'micro.execute'>>,
  ): Promise<ResultOf<typeof sandboxContract, 'micro.execute'>>;
  /** All machines and snapshots of the project's owner. */
  list(): Promise<ResultOf<typeof sandboxContract, 'micro.list'>>;
}

export async function microWorld(environment: Readonly<Record<string, string>> = {}): Promise<MicroWorld> {
  await ensureTestImage();
  const base = await sandboxWorld({ CDS_SANDBOX_MICRO_POOL: '0', ...environment });
  const images = imagesFolder(base.world.dataDir);
  await mkdir(path.dirname(images), { recursive: true });
  await symlink(testImages, images);
  const client = base.world.client(sandboxContract);
  return {
    ...base,
    start: (request = {}, call = base.call()) =>
      client.call('micro.start', { projectId: base.projectId, ...request }, call),
    execute: (vmId, code, request = {}) =>
      client.call('micro.execute', { vmId, code, timeoutMs: 120_000, ...request }, base.call()),
    list: () => client.call('micro.list', { projectId: base.projectId }, base.call()),
  };
}
