import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { connectDatabase } from '../database/connect.ts';
import type { Database } from '../database/database.ts';
import { type MigrationSource, migrate } from '../database/migrate.ts';

export interface TestDatabase extends AsyncDisposable {
  readonly database: Database;
  readonly connectionString: string;
  /** Applies the kernel's migrations and the given modules'. */
  migrate(modules?: readonly MigrationSource[]): Promise<void>;
}

let ownServer: Promise<string> | undefined;

/** One server for a test process that nobody gave one; it ends with the process, whose end closes its stdin. */
function startOwnServer(): Promise<string> {
  const script = fileURLToPath(new URL('./database-server.ts', import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const end = text.indexOf('\n');
      if (end < 0) return;
      child.unref();
      for (const stream of [child.stdin, child.stdout]) (stream as unknown as { unref(): void }).unref();
      resolve(text.slice(0, end));
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the test database ended with ${code}`)));
  });
}

async function asAdministrator<T>(serverUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** A fresh, empty database on the run's server (CDS_TEST_DATABASE_URL), dropped on disposal. */
export async function testDatabase(): Promise<TestDatabase> {
  const given = process.env.CDS_TEST_DATABASE_URL;
  ownServer ??= given === undefined ? startOwnServer() : Promise.resolve(given);
  const serverUrl = await ownServer;
  const name = `test_${process.pid}_${randomBytes(4).toString('hex')}`;
  await asAdministrator(serverUrl, (client) => client.query(`create database ${name} template template0`));
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const connectionString = url.href;
  const database = await connectDatabase({ connectionString, maxConnections: 8 });
  return {
    database,
    connectionString,
    async migrate(modules = []) {
      await migrate(database, modules);
    },
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await asAdministrator(serverUrl, (client) =>
        client.query(`drop database if exists ${name} with (force)`),
      );
    },
  };
}
