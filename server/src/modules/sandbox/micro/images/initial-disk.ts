import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CpioEntry, cpioArchive } from './cpio.ts';

/** In the order in which they need each other. */
const modules = [
  'drivers/virtio/virtio_ring.ko',
  'drivers/virtio/virtio.ko',
  'drivers/virtio/virtio_mmio.ko',
  'drivers/block/virtio_blk.ko',
  'drivers/char/virtio_console.ko',
  'fs/squashfs/squashfs.ko',
  'fs/overlayfs/overlay.ko',
];

const folder = 0o040755;
const file = 0o100644;
const program = 0o100755;

/** Our own files that a guest runs: its first script, the agent, what waits for JavaScript. */
export async function guestFiles(): Promise<{ init: Buffer; agent: Buffer; nodeRunner: Buffer }> {
  const read = (name: string) => readFile(fileURLToPath(new URL(`../guest/${name}`, import.meta.url)));
  const [init, agent, nodeRunner] = await Promise.all([
    read('init.sh'),
    read('agent.py'),
    read('node-runner.cjs'),
  ]);
  return { init, agent, nodeRunner };
}

/** The drivers of an unpacked kernel package, by file name. @throws Error when one is missing */
export async function readModules(packageFolder: string): Promise<Map<string, Buffer>> {
  const releases = path.join(packageFolder, 'lib/modules');
  const [release] = await readdir(releases);
  if (release === undefined) throw new Error('the kernel package holds no drivers');
  const found = new Map<string, Buffer>();
  for (const name of modules) {
    found.set(path.basename(name), await readFile(path.join(releases, release, 'kernel', name)));
  }
  return found;
}

/** The initial RAM disk of a guest. The same parts always make the same bytes. */
export function initialDisk(parts: {
  readonly busybox: Buffer;
  readonly drivers: ReadonlyMap<string, Buffer>;
  readonly init: Buffer;
  readonly agent: Buffer;
  readonly nodeRunner: Buffer;
}): Buffer {
  const entries: CpioEntry[] = [
    ...['bin', 'dev', 'proc', 'sys', 'modules', 'agent'].map((path) => ({ path, mode: folder })),
    { path: 'init', mode: program, content: parts.init },
    { path: 'bin/busybox', mode: program, content: parts.busybox },
    { path: 'modules/order', mode: file, content: Buffer.from(`${[...parts.drivers.keys()].join('\n')}\n`) },
    ...[...parts.drivers].map(([name, content]) => ({ path: `modules/${name}`, mode: file, content })),
    { path: 'agent/agent.py', mode: file, content: parts.agent },
    { path: 'agent/node-runner.cjs', mode: file, content: parts.nodeRunner },
  ];
  return cpioArchive(entries);
}
