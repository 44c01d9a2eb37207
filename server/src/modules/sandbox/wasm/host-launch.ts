import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Engine } from '../engine/engine.ts';
import { nodeFolder } from '../engine/host-view.ts';
import { confinedByLandlock, type Landlock } from '../engine/landlock.ts';
import { prepareConfinedLaunch } from '../engine/launcher.ts';
import type { LimitGroup } from '../limits/group.ts';
import type { Limits } from '../run/contract-shapes.ts';
import { type HostCode, hostSource } from './host-code.ts';

/** A host process that runs, with the group that holds it. */
export interface LaunchedHost {
  readonly child: ChildProcess;
  readonly group: LimitGroup;
  /** Forgets what only the start needed. */
  readonly started: () => void;
}

export interface HostLauncher {
  /** What stands around a host here, in words. */
  readonly driver: string;
  /** False where only Node's permission model stands around it. */
  readonly walled: boolean;
  /** Without an owner it is a spare, started before anybody needed it. */
  readonly launch: (hostId: string, owner?: string) => LaunchedHost;
}

const insideFolder = '/opt/wasm';
const shimName = '@bjorn3/browser_wasi_shim';
/** Threads of Node, of its compiler and of one worker; no program can make one. */
const threads = 48;
const megabyte = 1024 * 1024;

/** What a host takes beside the memory of the program: Node itself, its heap, what was compiled. */
export const hostOverheadBytes = 160 * megabyte;

/**
 * Starts hosts of WebAssembly programs. Where bubblewrap works they stand behind the same wall as the programs of run.*, but
 * see no project, no program and no shell: only Node, their own few files and the libraries below /usr. Elsewhere a host is a
 * process of its own under Node's permission model, which holds mistakes, not an escape from V8.
 */
export function createHostLauncher(deps: {
  readonly engine: Pick<Engine, 'bubblewrap' | 'driver' | 'parts' | 'runFolder'>;
  /** The most that a program of a host may ask for. */
  readonly memoryBytes: number;
  readonly cpuCores: number;
  /** A second fence inside of the first; null where the kernel has none. */
  readonly landlock: Landlock | null;
  /** Where the host's code lies at the moment. */
  readonly code: () => HostCode;
}): HostLauncher {
  const { engine } = deps;
  const limits: Limits = {
    timeMs: 0,
    memoryBytes: deps.memoryBytes + hostOverheadBytes,
    cpuCores: deps.cpuCores,
    cpuMs: null,
    processes: threads,
    outputBytes: 0,
    diskBytes: 0,
    diskFiles: 0,
    openFiles: 64,
  };
  const packageFile = path.join(engine.runFolder, 'wasm-package.json');
  writeFileSync(packageFile, '{"type":"module"}', { mode: 0o644 });
  const shimFolder = path.dirname(path.dirname(fileURLToPath(import.meta.resolve(shimName))));
  const walled = engine.bubblewrap.kind === 'works';
  const { landlock } = deps;
  const fenced = (command: string[]) => (landlock === null ? command : confinedByLandlock(landlock, command));

  function launchWalled(hostId: string, owner?: string): LaunchedHost {
    const { installation, driver, shield } = engine.parts('en');
    const group = driver.create(hostId, limits, owner);
    const code = deps.code();
    const prepared = prepareConfinedLaunch(installation, {
      runId: hostId,
      command: fenced(
        nodeCommand(`${nodeFolder}/node`, `${insideFolder}/host/main${code.extension}`, [insideFolder]),
      ),
      options: wallOptions(installation.view.arguments, { packageFile, shimFolder, codeFolder: code.folder }),
      limits,
      group,
      status: false,
    });
    const child = spawn(prepared.file, prepared.args, {
      cwd: '/',
      env: {},
      stdio: ['pipe', 'pipe', 'pipe', 'ignore', ...shield.stdio],
    });
    return { child, group, started: prepared.cleanUp };
  }

  function launchBare(hostId: string, owner?: string): LaunchedHost {
    const group = engine.driver.create(hostId, limits, owner);
    const { folder, extension } = hostSource;
    const serverFolder = fileURLToPath(new URL('../../../../', import.meta.url));
    const command = nodeCommand(process.execPath, `${folder}main${extension}`, [
      folder,
      shimFolder,
      serverFolder,
    ]);
    const child = spawn(
      '/bin/sh',
      ['-c', `${group.joinScript}\nexec "$@"`, 'sh', ...group.prefix, ...command],
      {
        cwd: '/',
        env: {},
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    );
    return { child, group, started: () => undefined };
  }

  const version =
    engine.bubblewrap.kind === 'works'
      ? `bubblewrap ${engine.bubblewrap.version}${landlock === null ? '' : ', Landlock'}`
      : 'no wall';
  return {
    driver: `V8 ${process.versions.v8.split('.').slice(0, 2).join('.')}, ${version}, ${engine.driver.name}`,
    walled,
    launch: walled ? launchWalled : launchBare,
  };
}

function nodeCommand(node: string, main: string, readable: readonly string[]): string[] {
  return [
    node,
    '--permission',
    '--allow-worker',
    ...readable.map((allowed) => `--allow-fs-read=${allowed}`),
    '--no-warnings',
    `--max-old-space-size=${(hostOverheadBytes / megabyte) * 0.75}`,
    main,
  ];
}

function wallOptions(
  view: readonly string[],
  files: { readonly packageFile: string; readonly shimFolder: string; readonly codeFolder: string },
): string[] {
  return [
    ...['--unshare-user', '--unshare-all', '--disable-userns', '--die-with-parent', '--new-session'],
    ...['--uid', '1000', '--gid', '1000', '--cap-drop', 'ALL', '--hostname', 'wasm'],
    ...view,
    ...['--size', String(megabyte), '--tmpfs', '/dev/shm', '--size', String(megabyte), '--tmpfs', '/tmp'],
    ...['--ro-bind', files.codeFolder, `${insideFolder}/host`],
    ...['--ro-bind', files.packageFile, `${insideFolder}/package.json`],
    ...['--ro-bind', files.shimFolder, `${insideFolder}/node_modules/${shimName}`],
    ...['--chdir', '/', '--remount-ro', '/dev', '--remount-ro', '/tmp', '--remount-ro', '/', '--clearenv'],
  ];
}
