import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { LocalizedText } from '#base/fault.ts';

/** What was found out about bubblewrap on this machine. */
export type BubblewrapProbe =
  | { readonly kind: 'works'; readonly bubblewrap: string; readonly version: string }
  | { readonly kind: 'missing'; readonly reason: LocalizedText; readonly command: string | null };

/** Finds a program in the folders of PATH and where distributions put it. */
export function findProgram(name: string, searchPath = process.env.PATH ?? ''): string | null {
  for (const folder of [...searchPath.split(':'), '/usr/bin', '/usr/local/bin', '/bin']) {
    if (!path.isAbsolute(folder)) continue;
    const file = path.join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // not here
    }
  }
  return null;
}

interface Attempt {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

function attempt(file: string, args: readonly string[]): Promise<Attempt> {
  return new Promise((resolve) => {
    execFile(file, [...args], { timeout: 10_000, env: { PATH: '/usr/bin:/bin' } }, (error, stdout, stderr) =>
      resolve({ ok: error === null, stdout, stderr }),
    );
  });
}

/**
 * Finds out by doing: starts an empty sandbox. When that fails, tells why in words, and the command that helps: the
 * package, or the kernel setting by which the distribution forbids user namespaces.
 */
export async function probeBubblewrap(options: {
  readonly binary?: string | undefined;
}): Promise<BubblewrapProbe> {
  if (process.platform !== 'linux') return missing.otherSystem;
  const bubblewrap = options.binary ?? findProgram('bwrap');
  if (bubblewrap === null || !existsSync(bubblewrap)) return missing.program();
  const version = await attempt(bubblewrap, ['--version']);
  if (!version.ok) return missing.program();
  const number = /(\d+)\.(\d+)\.(\d+)/.exec(version.stdout);
  if (number === null || (Number(number[1]) === 0 && Number(number[2]) < 8))
    return missing.tooOld(number?.[0] ?? '?');
  const trial = await attempt(bubblewrap, trialArguments());
  if (trial.ok) return { kind: 'works', bubblewrap, version: number[0] };
  return explainRefusal(trial.stderr);
}

function trialArguments(): string[] {
  const namespaces = [
    '--unshare-user',
    '--unshare-all',
    '--disable-userns',
    '--die-with-parent',
    '--new-session',
  ];
  const folders = ['/lib', '/lib64', '/bin'].filter((folder) => existsSync(folder));
  return [
    ...namespaces,
    ...['--uid', '1000', '--gid', '1000', '--cap-drop', 'ALL', '--ro-bind', '/usr', '/usr'],
    ...folders.flatMap((folder) => ['--ro-bind', folder, folder]),
    ...['--proc', '/proc', '--remount-ro', '/proc', '--dev', '/dev', '--remount-ro', '/', '/usr/bin/true'],
  ];
}

function setting(name: string): string | null {
  try {
    return readFileSync(`/proc/sys/${name}`, 'utf8').trim();
  } catch {
    return null;
  }
}

function explainRefusal(stderr: string): BubblewrapProbe {
  if (setting('kernel/apparmor_restrict_unprivileged_userns') === '1' && process.getuid?.() !== 0) {
    return missing.apparmor;
  }
  if (setting('kernel/unprivileged_userns_clone') === '0') return missing.debianSwitch;
  if (setting('user/max_user_namespaces') === '0') return missing.noneAllowed;
  const line = stderr.split('\n')[0]?.slice(0, 200) ?? '';
  return missing.refused(line);
}

/** The package command of the distribution at hand. */
export function installCommand(packageName: string): string {
  const prefix = process.getuid?.() === 0 ? '' : 'sudo ';
  const managers: readonly (readonly [string, string])[] = [
    ['apt-get', `${prefix}apt-get install -y ${packageName}`],
    ['dnf', `${prefix}dnf install -y ${packageName}`],
    ['pacman', `${prefix}pacman -S --noconfirm ${packageName}`],
    ['apk', `${prefix}apk add ${packageName}`],
    ['zypper', `${prefix}zypper install -y ${packageName}`],
  ];
  return (
    managers.find(([program]) => findProgram(program) !== null)?.[1] ??
    `${prefix}apt-get install -y ${packageName}`
  );
}

const missing = {
  otherSystem: {
    kind: 'missing',
    reason: {
      en: 'programs run in Linux namespaces, and this is not Linux',
      de: 'Programme laufen in Linux-Namensräumen, und dies ist kein Linux',
    },
    command: 'docker compose up',
  } satisfies BubblewrapProbe,
  program: (): BubblewrapProbe => ({
    kind: 'missing',
    reason: { en: 'bubblewrap is not installed', de: 'bubblewrap ist nicht installiert' },
    command: installCommand('bubblewrap'),
  }),
  tooOld: (version: string): BubblewrapProbe => ({
    kind: 'missing',
    reason: {
      en: `bubblewrap ${version} is too old, 0.8 is needed`,
      de: `bubblewrap ${version} ist zu alt, nötig ist 0.8`,
    },
    command: installCommand('bubblewrap'),
  }),
  apparmor: {
    kind: 'missing',
    reason: {
      en: 'AppArmor keeps ordinary accounts from making user namespaces (the default of Ubuntu 24.04)',
      de: 'AppArmor verbietet gewöhnlichen Konten eigene Benutzer-Namensräume (Vorgabe von Ubuntu 24.04)',
    },
    command:
      "echo 'kernel.apparmor_restrict_unprivileged_userns=0' | sudo tee /etc/sysctl.d/60-cyberdevstudio.conf && sudo sysctl --system",
  } satisfies BubblewrapProbe,
  debianSwitch: {
    kind: 'missing',
    reason: {
      en: 'the kernel keeps ordinary accounts from making user namespaces',
      de: 'der Kernel verbietet gewöhnlichen Konten eigene Benutzer-Namensräume',
    },
    command:
      "echo 'kernel.unprivileged_userns_clone=1' | sudo tee /etc/sysctl.d/60-cyberdevstudio.conf && sudo sysctl --system",
  } satisfies BubblewrapProbe,
  noneAllowed: {
    kind: 'missing',
    reason: {
      en: 'the kernel allows no user namespaces',
      de: 'der Kernel erlaubt keine Benutzer-Namensräume',
    },
    command:
      "echo 'user.max_user_namespaces=15000' | sudo tee /etc/sysctl.d/60-cyberdevstudio.conf && sudo sysctl --system",
  } satisfies BubblewrapProbe,
  refused: (line: string): BubblewrapProbe => ({
    kind: 'missing',
    reason: {
      en: `bubblewrap cannot make a sandbox here (${line}); in a container the seccomp profile must allow user namespaces`,
      de: `bubblewrap kann hier keine Sandbox anlegen (${line}); in einem Container muss das seccomp-Profil Benutzer-Namensräume erlauben`,
    },
    command: null,
  }),
};
