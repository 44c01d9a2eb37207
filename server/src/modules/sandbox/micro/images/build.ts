import { createReadStream, existsSync } from 'node:fs';
import { copyFile, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fault } from '#base/fault.ts';
import { findProgram, installCommand } from '../../engine/probe.ts';
import { readModules } from './initial-disk.ts';
import { unpackKernel } from './kernel.ts';
import { type Image, type ImageManifest, imageFiles, readImage, sha256 } from './layout.ts';
import { forgetSystem, noteSystem, removeLeftSystem } from './left-system.ts';
import { buildMode, missingForBuilding, runProgram } from './programs.ts';

/** What an image is made of. */
export interface Recipe {
  readonly name: string;
  readonly suite: string;
  /** Debian packages beside the minimal system; Python is always among them, the agent is written in it. */
  readonly packages: readonly string[];
  readonly mirror: string | null;
}

export type BuildStep = 'packages' | 'kernel' | 'disk';

export interface BuildOptions {
  /** Folder of all images. */
  readonly folder: string;
  readonly now: () => number;
  readonly signal?: AbortSignal;
  /** Told when a step begins (line null), and what the programs say. `done`: it had been done before. */
  readonly onProgress: (
    step: BuildStep,
    state: { readonly line: string | null; readonly done: boolean },
  ) => void;
}

export const standardPackages = ['python3', 'nodejs', 'ca-certificates'] as const;
/** Every file in an image is dated so, whenever it was built: 14 November 2023. */
const epochSeconds = 1_700_000_000;
const excluded = ['man', 'doc', 'locale', 'info'].map((name) => `path-exclude=/usr/share/${name}/*`);
/** What differs between two builds of the same packages, or belongs to the machine that built. */
const swept = [
  ...['var/log/*', 'var/cache/*', 'var/lib/apt/lists/*', 'etc/machine-id', 'etc/hostname', 'etc/resolv.conf'],
  ...['usr/share/doc', 'usr/share/man', 'usr/share/locale', 'usr/share/info', 'cds-kernel'],
];

/**
 * Builds a guest image from Debian packages. An interrupted build goes on where it stopped: each step leaves its result,
 * and packages that were fetched once are kept. The same packages make the same bytes.
 * @throws sandbox.image_tools_missing, sandbox.image_build_failed
 */
export async function buildImage(recipe: Recipe, options: BuildOptions): Promise<Image> {
  const missing = missingForBuilding();
  if (process.arch !== 'x64')
    throw fault('sandbox.image_build_failed', { program: 'cds', reason: process.arch });
  if (missing.length > 0) {
    const command = installCommand(missing.join(' '));
    throw fault('sandbox.image_tools_missing', { packages: missing.join(', '), command });
  }
  const work = path.join(options.folder, `.building-${recipe.name}`);
  await startOrResume(work, recipe);
  const build = { work, recipe, options };
  await step(build, 'packages', () => fetchPackages(build));
  await step(build, 'kernel', () => takeKernel(build));
  await step(build, 'disk', () => packDisk(build));
  return finish(build);
}

interface Build {
  readonly work: string;
  readonly recipe: Recipe;
  readonly options: BuildOptions;
}

/** A build with another recipe than the one that was interrupted starts anew. */
async function startOrResume(work: string, recipe: Recipe): Promise<void> {
  const file = path.join(work, 'recipe.json');
  const text = JSON.stringify({ version: 1, ...recipe });
  const before = await readFile(file, 'utf8').catch(() => null);
  if (before !== text) await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true, mode: 0o755 });
  await writeFile(file, text);
}

async function step({ work, options }: Build, name: BuildStep, make: () => Promise<void>): Promise<void> {
  const stamp = path.join(work, `${name}.done`);
  const done = existsSync(stamp);
  options.onProgress(name, { line: null, done });
  if (done) return;
  options.signal?.throwIfAborted();
  await make();
  await writeFile(stamp, '');
}

async function fetchPackages({ work, recipe, options }: Build): Promise<void> {
  const cache = path.join(options.folder, '.packages');
  const outgoing = path.join(work, 'kernel-package');
  await rm(outgoing, { recursive: true, force: true });
  await mkdir(cache, { recursive: true });
  await mkdir(outgoing, { recursive: true });
  const archives = '/var/cache/apt/archives';
  const packages = [...new Set(['python3', ...recipe.packages])];
  await removeLeftSystem(work);
  await runProgram({
    file: 'mmdebstrap',
    args: [
      ...[`--mode=${buildMode()}`, '--variant=minbase', `--include=${packages.join(',')}`],
      ...excluded.map((option) => `--dpkgopt=${option}`),
      ...['--aptopt=Acquire::Retries "3"', '--skip=essential/unlink'],
      ...[`--setup-hook=mkdir -p "$1"${archives}`, `--setup-hook=sync-in ${quoted(cache)} ${archives}`],
      // Kept as soon as they are there, so that an interrupted build fetches nothing twice.
      ...[`--extract-hook=sync-out ${archives} ${quoted(cache)}`],
      ...[`--essential-hook=sync-out ${archives} ${quoted(cache)}`],
      ...[`--customize-hook=sync-out ${archives} ${quoted(cache)}`],
      `--customize-hook=${kernelHook}`,
      `--customize-hook=sync-out /cds-kernel ${quoted(outgoing)}`,
      `--customize-hook=chroot "$1" dpkg-query -W -f '\${Package} \${Version}\\n' > "$1"/cds-kernel/installed`,
      `--customize-hook=copy-out /cds-kernel/installed ${quoted(work)}`,
      `--customize-hook=${swept.map((place) => `rm -rf "$1"/${place}`).join('; ')}`,
      ...[recipe.suite, path.join(work, 'root.tar')],
      ...(recipe.mirror === null ? [] : [recipe.mirror]),
    ],
    env: { SOURCE_DATE_EPOCH: String(epochSeconds) },
    signal: options.signal,
    onLine(line) {
      noteSystem(work, line);
      options.onProgress('packages', { line, done: false });
    },
  });
  await forgetSystem(work);
}

/** Fetches the kernel's package, which is not installed: only its kernel and seven drivers are used. */
const kernelHook = [
  'export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"',
  'mkdir -p "$1"/cds-kernel',
  'cd "$1"/cds-kernel',
  `apt-get download -o APT::Sandbox::User=root $(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \\(linux-image-[0-9].*\\)/\\1/p' | head -n 1)`,
].join(' && ');

/** For mmdebstrap's own hooks, which split at spaces. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

async function takeKernel({ work, options }: Build): Promise<void> {
  const incoming = path.join(work, 'kernel-package');
  const archive = (await readdir(incoming)).find((name) => name.endsWith('.deb'));
  if (archive === undefined)
    throw fault('sandbox.image_build_failed', { program: 'apt-get', reason: 'no kernel' });
  const unpacked = path.join(work, 'kernel-files');
  await rm(unpacked, { recursive: true, force: true });
  await runProgram({
    file: 'dpkg-deb',
    args: ['-x', path.join(incoming, archive), unpacked],
    signal: options.signal,
  });
  const boot = path.join(unpacked, 'boot');
  const image = (await readdir(boot)).find((name) => name.startsWith('vmlinuz-'));
  if (image === undefined)
    throw fault('sandbox.image_build_failed', { program: 'dpkg-deb', reason: 'no kernel' });
  await writeFile(path.join(work, imageFiles.kernel), unpackKernel(await readFile(path.join(boot, image))));
  const drivers = path.join(work, imageFiles.drivers);
  await mkdir(drivers, { recursive: true });
  const modules = await readModules(unpacked);
  for (const [name, content] of modules) await writeFile(path.join(drivers, name), content);
  await writeFile(path.join(drivers, 'order'), [...modules.keys()].join('\n'));
  await writeFile(path.join(work, 'kernel-version'), image.slice('vmlinuz-'.length));
  await copyFile(findProgram('busybox') ?? '/bin/busybox', path.join(work, imageFiles.busybox));
  await rm(unpacked, { recursive: true, force: true });
}

async function packDisk({ work, options }: Build): Promise<void> {
  const target = path.join(work, imageFiles.root);
  await rm(target, { force: true });
  await runProgram({
    file: 'mksquashfs',
    args: [
      ...[
        '-',
        target,
        '-tar',
        '-comp',
        'zstd',
        '-Xcompression-level',
        '6',
        '-no-progress',
        '-noappend',
        '-quiet',
      ],
      ...['-mkfs-time', String(epochSeconds), '-all-time', String(epochSeconds)],
    ],
    input: createReadStream(path.join(work, 'root.tar')),
    signal: options.signal,
    onLine: (line) => options.onProgress('disk', { line, done: false }),
  });
}

async function finish({ work, recipe, options }: Build): Promise<Image> {
  const read = (name: string) => readFile(path.join(work, name));
  const [root, kernel, installed, version] = await Promise.all([
    read(imageFiles.root),
    read(imageFiles.kernel),
    read('installed'),
    read('kernel-version'),
  ]);
  const order = (await read(`${imageFiles.drivers}/order`)).toString().split('\n');
  const drivers = await Promise.all(order.map((name) => read(`${imageFiles.drivers}/${name}`)));
  const manifest: ImageManifest = {
    format: 1,
    name: recipe.name,
    suite: recipe.suite,
    packages: [...recipe.packages],
    installed: installed.toString().trim().split('\n'),
    kernel: version.toString(),
    digests: { root: sha256(root), kernel: sha256(kernel), drivers: sha256(Buffer.concat(drivers)) },
    sizeBytes: root.length + kernel.length + drivers.reduce((sum, driver) => sum + driver.length, 0),
    createdAt: new Date(options.now()).toISOString(),
  };
  const target = path.join(options.folder, recipe.name);
  for (const name of ['root.tar', 'kernel-package', 'installed', 'kernel-version'])
    await rm(path.join(work, name), { recursive: true, force: true });
  await writeFile(path.join(work, imageFiles.manifest), `${JSON.stringify(manifest, null, 2)}\n`);
  await syncFile(path.join(work, imageFiles.root));
  // Machines that run from the old image keep its files open.
  await rm(target, { recursive: true, force: true });
  await rename(work, target);
  const image = await readImage(target);
  if (image === null)
    throw fault('sandbox.image_build_failed', { program: 'cds', reason: (await stat(target)).dev });
  return image;
}

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
