import { existsSync } from 'node:fs';
import { link, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { fault } from '#base/fault.ts';
import { connectDatabase } from '../database/connect.ts';
import { type MigrationSource, migrate } from '../database/migrate.ts';
import { type BackupArchive, openBackup, verifyBackup } from './archive.ts';
import { listMigrations, listTables, quoted } from './catalogue.ts';
import { clearDataFiles } from './data-files.ts';
import type { Manifest } from './manifest.ts';

export interface RestoreInput {
  readonly file: string;
  readonly connectionString: string;
  readonly dataDir: string;
  /** Every module, so that the tables exist before their rows come. */
  readonly modules: readonly MigrationSource[];
  /** Replace what is there. */
  readonly force: boolean;
}

/**
 * Brings a backup into a database and a data folder. The whole file is verified first; the database is filled in
 * one transaction, so that a failure leaves it as it was. No server may run on the target.
 * @throws backup.unreadable, backup.damaged, backup.newer, backup.target_not_empty
 */
export async function restoreBackup(input: RestoreInput): Promise<Manifest> {
  const manifest = await verifyBackup(input.file);
  await checkFolder(input);
  await prepareDatabase(input);
  const archive = await openBackup(input.file);
  const client = new pg.Client({ connectionString: input.connectionString });
  await client.connect();
  try {
    await checkVersion(client, manifest);
    await client.query('begin');
    await fillTables(client, archive);
    await fillFiles(archive, input.dataDir);
    await client.query('commit');
    return manifest;
  } finally {
    archive.close();
    await client.end();
  }
}

/** Makes the tables. A database that has been migrated before belongs to somebody, unless they say otherwise. */
async function prepareDatabase({ connectionString, modules, force }: RestoreInput): Promise<void> {
  await using database = await connectDatabase({ connectionString, maxConnections: 2 });
  const [found] = await database.query<{ used: boolean }>({
    text: `select to_regclass('kernel.migration') is not null as used`,
  });
  if (found?.used === true && !force) throw fault('backup.target_not_empty', { what: 'database' });
  await migrate(database, modules);
}

async function checkFolder({ dataDir, force }: RestoreInput): Promise<void> {
  const projects = path.join(dataDir, 'projects');
  if (!force && existsSync(projects) && (await readdir(projects)).length > 0) {
    throw fault('backup.target_not_empty', { what: 'projects' });
  }
}

async function checkVersion(client: pg.Client, manifest: Manifest): Promise<void> {
  const known = new Set(await listMigrations(client));
  const newer = manifest.migrations.find((file) => !known.has(file));
  if (newer !== undefined) throw fault('backup.newer', { file: newer });
}

async function fillTables(client: pg.Client, archive: BackupArchive): Promise<void> {
  const { tables, sequences } = archive.manifest;
  // Foreign keys and append-only triggers hold for the copied rows already; here they would only forbid the order.
  await client.query('set local session_replication_role = replica');
  const present = await listTables(client);
  const names = present.map(({ schema, table }) => quoted(client, schema, table));
  if (names.length > 0) await client.query(`truncate ${names.join(', ')}`);
  for (const { schema, table, columns, entry } of tables) {
    const list = columns.map((column) => client.escapeIdentifier(column)).join(', ');
    const sink = client.query(copyFrom(`copy ${quoted(client, schema, table)} (${list}) from stdin`));
    await pipeline(Readable.from(archive.read(entry)), sink);
  }
  for (const { schema, sequence, value, called } of sequences) {
    await client.query('select setval($1::regclass, $2::bigint, $3)', [
      quoted(client, schema, sequence),
      value,
      called,
    ]);
  }
}

async function fillFiles(archive: BackupArchive, dataDir: string): Promise<void> {
  const names = Object.keys(archive.manifest.entries).filter((name) => name.startsWith('files/'));
  refuseBehindLinks(archive.manifest);
  const tops = new Set(names.map((name) => name.split('/')[1] ?? ''));
  for (const top of tops) {
    inside(dataDir, top);
    await clearDataFiles(dataDir, top);
  }
  for (const name of names) {
    const target = inside(dataDir, name.slice('files/'.length));
    await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
    await writeFile(target, archive.read(name), { mode: archive.manifest.modes[name] ?? 0o600 });
  }
  for (const folder of archive.manifest.emptyFolders) {
    await mkdir(inside(dataDir, folder), { recursive: true, mode: 0o700 });
  }
  for (const { path: copy, of } of archive.manifest.copies) {
    const full = inside(dataDir, copy);
    await mkdir(path.dirname(full), { recursive: true, mode: 0o700 });
    await link(inside(dataDir, of), full);
  }
  for (const { path: name, target } of archive.manifest.links) {
    const full = inside(dataDir, name);
    await mkdir(path.dirname(full), { recursive: true, mode: 0o700 });
    await symlink(target, full);
  }
}

/** What lies behind a link lies wherever the link leads; no backup of ours has anything there. */
function refuseBehindLinks({ entries, emptyFolders, copies, links }: Manifest): void {
  const linked = new Set(links.map((link) => path.posix.normalize(link.path)));
  const places = [
    ...Object.keys(entries).map((name) => name.replace(/^files\//, '')),
    ...emptyFolders,
    ...copies.flatMap((copy) => [copy.path, copy.of]),
    ...links.map((link) => link.path),
  ];
  for (const place of places) {
    const parts = path.posix.normalize(place).split('/');
    for (let count = 1; count < parts.length; count += 1) {
      if (linked.has(parts.slice(0, count).join('/')))
        throw fault('backup.damaged', { entry: place, reason: 'it lies behind a link' });
    }
  }
}

/** The place of an entry in the data folder; a backup that points out of it is refused. */
function inside(dataDir: string, relative: string): string {
  const full = path.resolve(dataDir, relative);
  if (!full.startsWith(`${path.resolve(dataDir)}${path.sep}`)) {
    throw fault('backup.damaged', { entry: relative, reason: 'it leads out of the data folder' });
  }
  return full;
}
