import { existsSync, lstatSync, readlinkSync, statSync } from 'node:fs';
import type { LimitGroup } from '../../limits/group.ts';

/** What a guest's QEMU runs behind. */
export interface Confinement {
  /** Absolute paths of the programs. */
  readonly bubblewrap: string;
  readonly qemu: string;
  /** Of util-linux; null where it lacks. */
  readonly setpriv: string | null;
}

const systemFolders = ['bin', 'lib', 'lib64'];
const nobody = 65534;

/**
 * The command that starts QEMU confined: a shell that joins the limit group, then, when the server runs as root, an account
 * without rights, then bubblewrap: own user, mount, process, network and IPC namespaces, no capability, an empty
 * environment, and nothing of the host but /usr, read-only. It reaches the guest's files through descriptors only.
 */
export function confinedCommand(
  confinement: Confinement,
  group: LimitGroup,
  options: { readonly arguments: readonly string[]; readonly kvm: boolean; readonly socketFolder: string },
): string[] {
  const script = ['set -e', group.joinScript, 'ulimit -c 0', 'ulimit -n 256', 'exec "$@"'].join('\n');
  return [
    ...['/bin/sh', '-c', script, 'sh', ...group.prefix, ...withoutRights(confinement, options.kvm)],
    ...[confinement.bubblewrap, ...wall(options), '--', confinement.qemu, ...options.arguments],
  ];
}

function withoutRights({ setpriv }: Confinement, kvm: boolean): string[] {
  if (process.getuid?.() !== 0 || setpriv === null) return [];
  const device = kvm && existsSync('/dev/kvm') ? statSync('/dev/kvm') : null;
  const group = device !== null && (device.mode & 0o060) === 0o060 ? device.gid : nobody;
  return [setpriv, `--reuid=${nobody}`, `--regid=${group}`, '--clear-groups', '--'];
}

function wall({ kvm, socketFolder }: { readonly kvm: boolean; readonly socketFolder: string }): string[] {
  const folders = systemFolders.flatMap((name) => {
    if (!existsSync(`/${name}`)) return [];
    return lstatSync(`/${name}`).isSymbolicLink()
      ? ['--symlink', readlinkSync(`/${name}`), `/${name}`]
      : ['--ro-bind', `/${name}`, `/${name}`];
  });
  return [
    ...['--unshare-user', '--unshare-all', '--disable-userns', '--die-with-parent', '--new-session'],
    ...['--uid', '1000', '--gid', '1000', '--cap-drop', 'ALL', '--hostname', 'machine'],
    ...['--ro-bind', '/usr', '/usr', ...folders, '--proc', '/proc', '--remount-ro', '/proc', '--dev', '/dev'],
    ...(kvm ? ['--dev-bind', '/dev/kvm', '/dev/kvm'] : []),
    ...['--size', '1048576', '--tmpfs', '/dev/shm', '--size', '1048576', '--tmpfs', '/tmp'],
    ...['--ro-bind', socketFolder, '/run/machine'],
    ...['--remount-ro', '/dev', '--remount-ro', '/', '--clearenv', '--chdir', '/'],
  ];
}
