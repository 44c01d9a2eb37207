// A throw-away PostgreSQL for one test run: prints its address, and ends when its standard input closes.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgres } from '../database/embedded.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'cds-test-db-'));
const server = await startEmbeddedPostgres({ dataDir: folder, throwaway: true });
process.stdout.write(`${server.connectionString}\n`);
process.stdin.resume();
process.stdin.once('end', () => {
  void server[Symbol.asyncDispose]().then(() => rmSync(folder, { recursive: true, force: true }));
});
