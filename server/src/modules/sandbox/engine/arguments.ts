import type { HostView } from './host-view.ts';

/** A folder or file of the host shown inside of the sandbox. */
export interface Mount {
  readonly source: string;
  readonly target: string;
}

export interface SandboxShape {
  readonly workspacePath: string;
  /** Relative to the workspace. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly memoryBytes: number;
  /** A terminal needs job control, so it keeps the session of its PTY. */
  readonly terminal: boolean;
  /** Shown read-only in addition: the forwarder and its socket when the network is granted. */
  readonly mounts: readonly Mount[];
}

/** Where the project's files lie inside. */
export const workspaceFolder = '/workspace';
const homeFolder = '/tmp/home';

/**
 * Bytes that fit into /tmp and /dev/shm. Both are memory and count against the run's memory limit, so a quarter and an
 * eighth of it leave the program room to fail with "no space left" instead of being ended.
 */
export function memoryFolders(memoryBytes: number): { temporaryBytes: number; sharedBytes: number } {
  return { temporaryBytes: Math.floor(memoryBytes / 4), sharedBytes: Math.floor(memoryBytes / 8) };
}

/**
 * The arguments of bubblewrap up to the program. Own user, mount, pid, network, IPC, UTS and cgroup namespaces, no
 * capability, an environment of its own; only the workspace, /tmp and /dev/shm can be written, the last two bounded.
 */
export function bubblewrapArguments(view: HostView, shape: SandboxShape): string[] {
  const { temporaryBytes, sharedBytes } = memoryFolders(shape.memoryBytes);
  return [
    ...['--unshare-user', '--unshare-all', '--disable-userns', '--die-with-parent'],
    ...(shape.terminal ? [] : ['--new-session']),
    ...['--uid', '1000', '--gid', '1000', '--cap-drop', 'ALL', '--hostname', 'sandbox'],
    ...view.arguments,
    ...['--size', String(sharedBytes), '--tmpfs', '/dev/shm'],
    ...['--size', String(temporaryBytes), '--perms', '1777', '--tmpfs', '/tmp', '--dir', homeFolder],
    ...shape.mounts.flatMap(({ source, target }) => ['--ro-bind', source, target]),
    ...['--bind', shape.workspacePath, workspaceFolder],
    ...['--chdir', shape.cwd === '' ? workspaceFolder : `${workspaceFolder}/${shape.cwd}`],
    ...['--remount-ro', '/dev', '--remount-ro', '/', '--clearenv'],
    ...Object.entries(environmentOf(view, shape)).flatMap(([name, value]) => ['--setenv', name, value]),
  ];
}

function environmentOf(view: HostView, shape: SandboxShape): Readonly<Record<string, string>> {
  return {
    PATH: view.searchPath,
    HOME: homeFolder,
    USER: 'user',
    LOGNAME: 'user',
    SHELL: '/bin/sh',
    TMPDIR: '/tmp',
    LANG: 'C.UTF-8',
    LC_ALL: 'C.UTF-8',
    ...(shape.terminal ? { TERM: 'xterm-256color', COLORTERM: 'truecolor' } : { TERM: 'dumb' }),
    ...shape.env,
  };
}
