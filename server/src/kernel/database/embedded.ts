import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from 'pino';
import { fault } from '#base/fault.ts';
import { findPostgres } from './binaries.ts';
import {
  clearOrphan,
  initialize,
  launch,
  logTail,
  type PostgresPlace,
  socketPort,
} from './embedded-process.ts';

export interface EmbeddedPostgres extends AsyncDisposable {
  /** Reaches the server over its socket in the data folder. */
  readonly connectionString: string;
  /** Process id of the server that runs now. */
  pid(): number | undefined;
}

export interface EmbeddedOptions {
  /** The data folder; its lock (supervise/data-folder-lock.ts) is held by the caller. */
  readonly dataDir: string;
  readonly log?: Logger;
  readonly databaseName?: string;
  /** Trades durability for speed: for test servers only, whose data nobody keeps. */
  readonly throwaway?: boolean;
}

const longestSocketPath = 100;
const readyWithinMs = 60_000;

/**
 * Starts the embedded PostgreSQL on the data folder, making its database on first start. A server that ends
 * unasked is started again; clients reconnect by themselves.
 * @throws database.binaries_missing, database.root_needs_namespaces, database.start_failed
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const { dataDir, log, databaseName = 'cyberdevstudio' } = options;
  const folder = path.join(path.resolve(dataDir), 'postgres');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const password = ownPassword(path.join(folder, 'password'));
  const sockets = socketFolder(folder);
  const place: PostgresPlace = {
    native: findPostgres(),
    dataFolder: path.join(folder, 'data'),
    socketFolder: sockets.folder,
    logFile: path.join(folder, 'postgres.log'),
  };
  if (existsSync(place.dataFolder)) await clearOrphan(place.dataFolder);
  else initialize(place, path.join(folder, 'password'));

  const address = (database: string) => addressOf({ password, sockets: place.socketFolder, database });
  writeFileSync(path.join(folder, 'address'), address(databaseName), { mode: 0o600 });
  let child = launch(place);
  let stopping = false;

  async function restart(): Promise<void> {
    for (let delayMs = 100; !stopping; delayMs = Math.min(delayMs * 2, 5_000)) {
      await sleep(delayMs);
      if (stopping) return;
      await clearOrphan(place.dataFolder);
      child = launch(place);
      try {
        await untilReady(address('postgres'), child, place.logFile);
        watch();
        log?.warn({ pid: child.pid }, 'the database server ended and was started again');
        return;
      } catch (error) {
        log?.error({ err: error }, 'the database server could not be started again');
        child.kill('SIGKILL');
      }
    }
  }

  function watch(): void {
    child.once('exit', () => {
      if (!stopping) void restart();
    });
  }

  try {
    await untilReady(address('postgres'), child, place.logFile);
    await ensureDatabase(address('postgres'), databaseName);
  } catch (error) {
    child.kill('SIGKILL');
    sockets.remove();
    throw error;
  }
  watch();

  return {
    connectionString: address(databaseName),
    pid: () => child.pid,
    async [Symbol.asyncDispose]() {
      stopping = true;
      await stop(child, options.throwaway === true);
      sockets.remove();
    },
  };
}

function addressOf(parts: { password: string; sockets: string; database: string }): string {
  const host = encodeURIComponent(parts.sockets);
  return `postgresql://cds:${parts.password}@localhost:${socketPort}/${parts.database}?host=${host}`;
}

/** The address of the server that a running platform has on this data folder, for commands beside it. */
export function embeddedAddress(dataDir: string): string {
  return readFileSync(path.join(path.resolve(dataDir), 'postgres', 'address'), 'utf8');
}

function ownPassword(file: string): string {
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('hex'), { mode: 0o600 });
  return readFileSync(file, 'utf8').trim();
}

/** Sockets live in the data folder, or in a private temporary one where that path is too long for a socket. */
function socketFolder(folder: string): { folder: string; remove: () => void } {
  const own = path.join(folder, 'socket');
  if (Buffer.byteLength(path.join(own, `.s.PGSQL.${socketPort}`)) <= longestSocketPath) {
    mkdirSync(own, { recursive: true, mode: 0o700 });
    return { folder: own, remove: () => undefined };
  }
  const short = mkdtempSync(path.join(tmpdir(), 'cds-pg-'));
  return { folder: short, remove: () => rmSync(short, { recursive: true, force: true }) };
}

async function tryConnect(connectionString: string): Promise<pg.Client | undefined> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch {
    await client.end().catch(() => undefined);
    return undefined;
  }
}

async function untilReady(connectionString: string, child: ChildProcess, logFile: string): Promise<void> {
  const failure: { reason?: string } = {};
  child.once('error', (error) => {
    failure.reason = error.message;
  });
  for (let waitedMs = 0; waitedMs < readyWithinMs; waitedMs += 25) {
    const client = await tryConnect(connectionString);
    if (client !== undefined) {
      await client.end();
      return;
    }
    if (child.exitCode !== null || child.signalCode !== null) failure.reason ??= logTail(logFile);
    if (failure.reason !== undefined) throw fault('database.start_failed', { reason: failure.reason });
    await sleep(25);
  }
  throw fault('database.start_failed', { reason: logTail(logFile) });
}

async function ensureDatabase(connectionString: string, name: string): Promise<void> {
  const client = await tryConnect(connectionString);
  if (client === undefined) throw fault('database.start_failed', { reason: 'it answers no more' });
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

async function stop(child: ChildProcess, atOnce: boolean): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill(atOnce ? 'SIGQUIT' : 'SIGINT');
  const timers = [
    setTimeout(() => child.kill('SIGQUIT'), 10_000),
    setTimeout(() => child.kill('SIGKILL'), 15_000),
  ];
  await ended;
  for (const timer of timers) clearTimeout(timer);
}
