import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { cp, lstat, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** What of the host a sandbox sees, as arguments of bubblewrap, worked out once at start. */
export interface HostView {
  readonly arguments: readonly string[];
  /** Value of PATH inside. */
  readonly searchPath: string;
}

/** Where Node lies inside of every sandbox. */
export const nodeFolder = '/opt/node/bin';

/** Settings of the system that programs look for; copied, so that one mount shows them all and no secret is among them. */
const systemSettings = [
  'alternatives',
  'ca-certificates.conf',
  'fonts',
  'java-11-openjdk',
  'java-17-openjdk',
  'java-21-openjdk',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'ld-musl-x86_64.path',
  'ld-musl-aarch64.path',
  'localtime',
  'mime.types',
  'pki/ca-trust/extracted/pem',
  'pki/tls/certs',
  'protocols',
  'python3',
  'services',
  'ssl/certs',
  'ssl/openssl.cnf',
  'terminfo',
];

/** Files of an own /etc, without a name of a person or machine. */
const generatedSettings: Readonly<Record<string, string>> = {
  passwd: 'user:x:1000:1000:user:/tmp/home:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  group: 'user:x:1000:\nnogroup:x:65534:\n',
  hosts: '127.0.0.1 localhost sandbox\n::1 localhost\n',
  hostname: 'sandbox\n',
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\n',
  'resolv.conf': '# Names are resolved by the proxy, when the project may use the network.\n',
  gitconfig: '[init]\n\tdefaultBranch = main\n[user]\n\tname = user\n\temail = user@sandbox.invalid\n',
  shells: '/bin/sh\n/bin/bash\n',
  profile: 'PS1="\\w $ "\n',
  'bash.bashrc': 'PS1="\\[\\e[36m\\]\\w\\[\\e[0m\\] \\$ "\n',
};

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
export async function prepareHostView(options: { folder: string; nodeBinary: string }): Promise<HostView> {
  const settings = path.join(options.folder, 'etc');
  await makeSettings(settings);
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

async function makeSettings(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o755 });
  for (const name of systemSettings) await copyPublic(`/etc/${name}`, path.join(folder, name));
  for (const [name, content] of Object.entries(generatedSettings)) {
    await writeFile(path.join(folder, name), content, { mode: 0o644 });
  }
}

/** Copies a file or folder, links as links, but only what everybody on the host may read. */
async function copyPublic(source: string, target: string): Promise<void> {
  await mkdir(path.dirname(target), { recursive: true });
  await cp(source, target, {
    recursive: true,
    verbatimSymlinks: true,
    async filter(file) {
      const stats = await lstat(file);
      if (stats.isSymbolicLink()) return true;
      return (
        (stats.isFile() && (stats.mode & 0o004) !== 0) ||
        (stats.isDirectory() && (stats.mode & 0o005) === 0o005)
      );
    },
  }).catch((error: NodeJS.ErrnoException) => {
    // Most systems have only some of them.
    if (error.code !== 'ENOENT') throw error;
  });
}
