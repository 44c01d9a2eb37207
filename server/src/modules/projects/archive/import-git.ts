import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fault } from '#base/fault.ts';
import { measureTree } from '#kernel/files/measure.ts';
import type { Growth } from '#kernel/files/workspace.ts';
import type { ProjectFolder } from '../folders.ts';
import {
  type Bind,
  type Confinement,
  confinedArguments,
  confinedPath,
  limitedCommand,
} from '../git/confinement.ts';
import { firstLine } from '../git/git.ts';
import { runProcess } from '../git/process.ts';
import { settingArguments } from '../git/settings.ts';
import { type GitAddress, type GuardOptions, resolvePublic } from './address-guard.ts';
import { startConnectProxy } from './connect-proxy.ts';

const measureEveryMs = 1_000;

export interface CloneOptions extends GuardOptions {
  readonly address: GitAddress;
  readonly branch?: string | undefined;
  readonly confinement: Confinement;
  readonly timeoutMs: number;
  /** PEM file of certificate authorities; the system's when absent. */
  readonly certificates?: string | undefined;
  /** The most that the repository and its files may take. */
  readonly room: Growth;
  readonly signal: AbortSignal;
}

/**
 * Clones a repository into an empty workspace, from public addresses only, within bounds of time and size. Nothing
 * of the repository runs: no hooks, filters or submodules; and git is confined like everywhere else.
 * @throws projects.import_url_refused, projects.import_failed, projects.import_too_large, projects.git_timeout,
 *   projects.git_missing
 */
export async function cloneRepository(folder: ProjectFolder, options: CloneOptions): Promise<void> {
  const { address, confinement, timeoutMs, room } = options;
  await using route = await routeTo(address, options);
  const confined = confinement.kind === 'bubblewrap';
  const accounts = path.join(folder.root, 'passwd');
  // ssh refuses to start for a user id that has no name.
  await writeFile(accounts, 'user:x:1000:1000:user:/tmp:/bin/sh\n');
  const clone = [
    'git',
    ...settingArguments({ ...route.settings, [`protocol.${address.scheme}.allow`]: 'always' }),
    'clone',
    '--quiet',
    '--no-local',
    '--no-recurse-submodules',
    '--template=',
    ...(options.branch === undefined ? [] : [`--branch=${options.branch}`]),
    '--',
    route.url,
    confined ? confinedPath : folder.workspacePath,
  ];
  const binds: Bind[] = [
    { from: folder.workspacePath, to: confinedPath, writable: true },
    { from: accounts, to: '/etc/passwd', writable: false },
    ...trustStores(options).map((file) => ({ from: file, to: file, writable: false })),
  ];
  const args = confined ? ['bwrap', ...confinedArguments({ binds, network: true }), ...clone] : clone;
  using watch = watchSize(folder, options);
  const result = await runProcess({
    ...limitedCommand(args, Math.ceil(timeoutMs / 1000)),
    environment: { ...environment, ...route.environment },
    timeoutMs,
    outputBytes: 64 * 1024,
    signal: watch.signal,
  }).catch((error: unknown) => {
    if (watch.tooLarge()) throw tooLarge(room);
    throw error;
  });
  if (result.missing) throw fault('projects.git_missing');
  if (result.timedOut) throw fault('projects.git_timeout', { timeoutMs });
  if (result.exitCode !== 0) throw fault('projects.import_failed', { reason: firstLine(result.stderr) });
  const size = await measureTree(folder.workspacePath, { enough: room });
  if (size.bytes > room.bytes || size.files > room.files) throw tooLarge(room);
}

const environment: Readonly<Record<string, string>> = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: '/nonexistent',
  LANG: 'C.UTF-8',
  LC_ALL: 'C.UTF-8',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ATTR_NOSYSTEM: '1',
};

/** Where the system and the administrator keep the certificate authorities that are trusted. */
function trustStores({ certificates }: CloneOptions): string[] {
  const named = certificates === undefined ? [] : [certificates];
  return ['/etc/ssl', '/etc/pki', '/etc/ca-certificates', ...named].filter((file) => existsSync(file));
}

interface Route extends AsyncDisposable {
  /** What git is to connect to. */
  readonly url: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
}

/** Https goes through the checking proxy; ssh and git connect to the address that was checked here. */
async function routeTo(address: GitAddress, options: CloneOptions): Promise<Route> {
  const ip = await resolvePublic(address.host, options);
  if (address.scheme === 'https') {
    const proxy = await startConnectProxy(options);
    const { certificates } = options;
    return {
      url: address.url,
      settings: {
        'http.proxy': proxy.url,
        'http.lowSpeedLimit': '1000',
        'http.lowSpeedTime': '60',
        ...(certificates === undefined ? {} : { 'http.sslCAInfo': certificates }),
      },
      environment: {},
      [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
    };
  }
  const none = async () => {};
  if (address.scheme === 'git') {
    const host = ip.includes(':') ? `[${ip}]` : ip;
    const port = address.port === null ? '' : `:${address.port}`;
    return {
      url: `git://${host}${port}${address.path}`,
      settings: {},
      environment: {},
      [Symbol.asyncDispose]: none,
    };
  }
  const alias = address.host.replace(/[[\]]/g, '');
  const ssh = `ssh -F /dev/null -o BatchMode=yes -o ConnectTimeout=20 -o ProxyCommand=none -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile=/dev/null -o HostKeyAlias=${alias} -o HostName=${ip}`;
  return {
    url: address.url,
    settings: { 'core.sshCommand': ssh },
    environment: {},
    [Symbol.asyncDispose]: none,
  };
}

interface SizeWatch extends Disposable {
  readonly signal: AbortSignal;
  tooLarge(): boolean;
}

/** Ends the clone as soon as it is larger than it may be. */
function watchSize(folder: ProjectFolder, { room, signal }: CloneOptions): SizeWatch {
  const controller = new AbortController();
  let large = false;
  let measuring = false;
  const timer = setInterval(() => {
    if (measuring) return;
    measuring = true;
    measureTree(folder.workspacePath, { enough: room })
      .then((size) => {
        large = size.bytes > room.bytes || size.files > room.files;
        if (large) controller.abort(tooLarge(room));
      })
      .catch(() => {
        // Files come and go while git works; the next round counts again.
      })
      .finally(() => {
        measuring = false;
      });
  }, measureEveryMs);
  return {
    signal: AbortSignal.any([signal, controller.signal]),
    tooLarge: () => large,
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function tooLarge(room: Growth): Error {
  return fault('projects.import_too_large', { limitBytes: room.bytes, limitFiles: room.files });
}
