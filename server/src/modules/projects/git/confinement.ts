import { existsSync } from 'node:fs';
import { runProcess } from './process.ts';

/** Where the workspace lies for a confined git. */
export const confinedPath = '/workspace';

const maxFileBytes = 4 * 1024 ** 3;
/** Files are streamed or mapped above `core.bigFileThreshold`; so much memory of its own is what only a trap asks for. */
const maxDataBytes = 2 * 1024 ** 3;

/** How git is kept from the rest of the machine. */
export interface Confinement {
  readonly kind: 'bubblewrap' | 'none';
}

/**
 * Programs in the sandbox may write to the repository and swap its folders for links while git works on it, and git
 * does not guard against that. So git itself runs in a mount namespace of its own, where all there is is the
 * workspace and the system's programs, without network. Tried by really starting it: an installed bubblewrap may
 * still be forbidden by the kernel or a container.
 */
export async function probeConfinement(): Promise<Confinement> {
  const probe = await runProcess({
    command: 'bwrap',
    args: [...confinedArguments({ binds: [] }), 'git', '--version'],
    environment: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    timeoutMs: 15_000,
    outputBytes: 4096,
  });
  return { kind: probe.exitCode === 0 ? 'bubblewrap' : 'none' };
}

export interface Bind {
  readonly from: string;
  readonly to: string;
  readonly writable: boolean;
}

/** bubblewrap's arguments up to the program; shares the network only when asked. */
export function confinedArguments(options: {
  readonly binds: readonly Bind[];
  readonly network?: boolean;
  readonly chdir?: string;
}): string[] {
  const { binds, network = false, chdir = '/' } = options;
  const links = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'].filter((name) =>
    existsSync(`/usr/${name}`),
  );
  return [
    '--unshare-user',
    '--unshare-all',
    ...(network ? ['--share-net'] : []),
    '--die-with-parent',
    '--new-session',
    '--cap-drop',
    'ALL',
    '--uid',
    '1000',
    '--gid',
    '1000',
    '--ro-bind',
    '/usr',
    '/usr',
    ...links.flatMap((name) => ['--symlink', `usr/${name}`, `/${name}`]),
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    '--size',
    String(64 * 1024 ** 2),
    '--tmpfs',
    '/tmp',
    ...binds.flatMap(({ from, to, writable }) => [writable ? '--bind' : '--ro-bind', from, to]),
    '--remount-ro',
    '/',
    '--chdir',
    chdir,
    '--',
  ];
}

/** Limits on what one git command may take: processor time, memory, file size, open files, no core dumps. */
export function limitedCommand(
  args: readonly string[],
  cpuSeconds: number,
): { command: string; args: string[] } {
  return {
    command: 'prlimit',
    args: [
      ...[`--cpu=${cpuSeconds}`, `--data=${maxDataBytes}`, `--fsize=${maxFileBytes}`, '--nofile=1024'],
      ...['--core=0', '--', ...args],
    ],
  };
}
