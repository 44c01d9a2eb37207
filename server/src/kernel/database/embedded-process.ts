import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fault } from '#base/fault.ts';
import { endsWithParent } from '../supervise/parent-death.ts';
import { isAlive } from '../supervise/process-state.ts';

/** Where one embedded server lives. */
export interface PostgresPlace {
  /** The folder of the binaries. */
  readonly native: string;
  readonly dataFolder: string;
  readonly socketFolder: string;
  readonly logFile: string;
}

/** The socket's number in its file name; nothing listens on a TCP port. */
export const socketPort = 6472;

const settings: Readonly<Record<string, string>> = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  port: String(socketPort),
  max_connections: '100',
  // Small on purpose: the page cache of the system serves a one-server installation as well.
  shared_buffers: '32MB',
  max_wal_size: '256MB',
  io_method: 'sync',
  max_worker_processes: '4',
  max_parallel_workers: '2',
  jit: 'off',
  max_prepared_transactions: '0',
  log_timezone: 'UTC',
  timezone: 'UTC',
};

let rootPrefix: readonly string[] | undefined;

/**
 * What has to stand before a PostgreSQL program: as root a user namespace in which we are somebody else, since
 * PostgreSQL refuses root. No account is made and nothing changes hands.
 * @throws database.root_needs_namespaces
 */
export function userPrefix(): readonly string[] {
  if (process.getuid?.() !== 0) return [];
  if (rootPrefix === undefined) {
    const prefix = ['unshare', '-U', '--map-user=1000', '--map-group=1000'];
    const trial = spawnSync(prefix[0] ?? '', [...prefix.slice(1), 'true'], { stdio: 'ignore' });
    if (trial.status !== 0) throw fault('database.root_needs_namespaces');
    rootPrefix = prefix;
  }
  return rootPrefix;
}

/** Runs initdb into a folder beside the final one and moves it there: a killed initdb leaves nothing half made. */
export function initialize(place: PostgresPlace, passwordFile: string): void {
  const draft = `${place.dataFolder}.new`;
  rmSync(draft, { recursive: true, force: true });
  const command = [
    ...userPrefix(),
    path.join(place.native, 'bin', 'initdb'),
    ...['-D', draft, '-U', 'cds', '-E', 'UTF8', '--locale=C', '--auth=scram-sha-256', '--data-checksums'],
    ...['--pwfile', passwordFile],
  ];
  const result = spawnSync(command[0] ?? '', command.slice(1), {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  });
  if (result.status !== 0) {
    rmSync(draft, { recursive: true, force: true });
    const reason = (result.stderr || String(result.error ?? 'initdb failed'))
      .trim()
      .split('\n')
      .slice(-3)
      .join(' ');
    throw fault('database.start_failed', { reason: reason.slice(0, 500) }, { cause: result.error });
  }
  renameSync(draft, place.dataFolder);
}

/** Starts the server process; it is not ready yet. */
export function launch(place: PostgresPlace): ChildProcess {
  rotateLog(place.logFile);
  const log = openSync(place.logFile, 'a', 0o600);
  const options = Object.entries({ ...settings, unix_socket_directories: place.socketFolder });
  const command = [
    ...userPrefix(),
    ...endsWithParent('INT'),
    path.join(place.native, 'bin', 'postgres'),
    ...['-D', place.dataFolder],
    ...options.flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  try {
    // A session of its own: Ctrl-C in the terminal must not stop the database before the services that use it.
    return spawn(command[0] ?? '', command.slice(1), {
      stdio: ['ignore', log, log],
      detached: true,
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
    });
  } finally {
    closeSync(log);
  }
}

function rotateLog(file: string): void {
  try {
    if (statSync(file).size > 10 * 1024 * 1024) renameSync(file, `${file}.1`);
  } catch {
    // There is none yet.
  }
}

/** The last lines of the server's log, for an error message. */
export function logTail(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim().split('\n').slice(-3).join(' ').slice(-500);
  } catch {
    return '';
  }
}

/**
 * Ends what an earlier, killed process of ours left running on the folder, and removes its postmaster.pid. The
 * caller holds the data folder's lock, so any server here is an orphan. A zombie counts as ended.
 */
export async function clearOrphan(dataFolder: string): Promise<void> {
  const file = path.join(dataFolder, 'postmaster.pid');
  let pid: number;
  try {
    pid = Number(readFileSync(file, 'utf8').split('\n', 1)[0]);
  } catch {
    return;
  }
  if (Number.isInteger(pid) && pid > 1 && isServerOf(pid, dataFolder)) {
    for (const [signal, waitMs] of [
      ['SIGINT', 5_000],
      ['SIGQUIT', 3_000],
      ['SIGKILL', 2_000],
    ] as const) {
      if (!isAlive(pid)) break;
      process.kill(pid, signal);
      for (let waitedMs = 0; waitedMs < waitMs && isAlive(pid); waitedMs += 50) await sleep(50);
    }
  }
  rmSync(file, { force: true });
}

/** Whether the process is a PostgreSQL server on this very folder, not somebody who got the same pid later. */
function isServerOf(pid: number, dataFolder: string): boolean {
  if (!isAlive(pid)) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(dataFolder);
  } catch {
    return false;
  }
}
