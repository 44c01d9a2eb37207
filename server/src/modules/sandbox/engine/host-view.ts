import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { ownSettings } from './own-settings.ts';

/** What of the host a sandbox sees, as arguments of bubblewrap, worked out once at start. */
export interface HostView {
  readonly arguments: readonly string[];
  /** Value of PATH inside. */
  readonly searchPath: string;
}

/** Where Node lies inside of every sandbox. */
export const nodeFolder = '/opt/node/bin';

/** Folders of programs and libraries; on most systems links into /usr. */
const systemFolders = ['bin', 'sbin', 'lib', 'lib64', 'lib32', 'libx32'];

/**
 * Files of /proc that tell about the whole machine. Ordinary accounts cannot read most of them, but in a server
 * that runs as root the sandbox's user stands for root in the eyes of /proc.
 */
const maskedProcFiles = [
  ...['kcore', 'keys', 'key-users', 'kmsg', 'kpagecount', 'kpageflags', 'kpagecgroup', 'kallsyms'],
  ...['timer_list', 'timer_stats', 'sched_debug', 'latency_stats', 'slabinfo', 'vmallocinfo'],
  ...['pagetypeinfo', 'sysrq-trigger', 'iomem', 'ioports', 'mtrr', 'modules'],
];

/**
 * Prepares the own /etc in `folder` and works out the mounts: /usr read-only, links such as /bin as the host has
 * them, Node, an own /etc, /dev and /proc. /proc as a whole is read-only: were it not, a sandbox of a server that
 * runs as root could write /proc/sys/kernel/core_pattern and so have the host run a program (seen with bubblewrap 0.8).
 */
export function prepareHostView(options: {
  folder: string;
  nodeBinary: string;
  /** Folder of the native TypeScript compiler; null when the platform has none. */
  typescript: string | null;
}): HostView {
  const settings = ownSettings(path.join(options.folder, 'settings'));
  const masked = maskedProcFiles
    .filter((name) => existsSync(`/proc/${name}`))
    .flatMap((name) => ['--ro-bind', '/dev/null', `/proc/${name}`]);
  return {
    searchPath: `${nodeFolder}:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin`,
    arguments: [
      ...['--ro-bind', '/usr', '/usr'],
      ...systemFolders.flatMap(systemFolder),
      ...['--ro-bind', settings, '/etc'],
      ...['--ro-bind', options.nodeBinary, `${nodeFolder}/node`],
      ...(options.typescript === null ? [] : ['--ro-bind', options.typescript, '/opt/typescript']),
      ...['--proc', '/proc', ...masked, '--remount-ro', '/proc'],
      ...['--dev', '/dev'],
    ],
  };
}

function systemFolder(name: string): string[] {
  try {
    const stats = lstatSync(`/${name}`);
    if (stats.isSymbolicLink()) return ['--symlink', readlinkSync(`/${name}`), `/${name}`];
    return stats.isDirectory() ? ['--ro-bind', `/${name}`, `/${name}`] : [];
  } catch {
    return [];
  }
}
