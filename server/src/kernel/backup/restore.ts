import {
  constants,
  createWriteStream,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { fault } from '#base/fault.ts';
import { connectDatabase } from '../database/connect.ts';
import { type MigrationSource, migrate } from '../database/migrate.ts';
import type { EntryName } from '../files/descriptor.ts';
import { nameOfText } from '../files/name-text.ts';
import { type BackupArchive, openBackup, verifyBackup } from './archive.ts';
import { listMigrations, listTables, quoted } from './catalogue.ts';
import { clearDataFiles, openFolders } from './data-files.ts';
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
  for (const place of placesOf(manifest)) assertInside(place);
  refuseBehindLinks(manifest);
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
  const { manifest } = archive;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const files = Object.keys(manifest.entries).flatMap((entry) => {
    const place = placeOf(manifest, entry);
    return place === undefined ? [] : [{ entry, place }];
  });
  const filled = [...files.map(({ place }) => place), ...manifest.links.map((link) => link.path)];
  for (const top of new Set(filled.map((place) => place.split('/')[0] ?? ''))) {
    await clearDataFiles(dataDir, top);
  }
  for (const { entry, place } of files) {
    using target = openTarget(dataDir, place);
    // Unlinked, not written over: what an older version kept may have other names.
    if (lstatSync(target.path, { throwIfNoEntry: false }) !== undefined) unlinkSync(target.path);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const fd = openSync(target.path, flags, manifest.modes[entry] ?? 0o600);
    // The stream closes it.
    await pipeline(Readable.from(archive.read(entry)), createWriteStream('', { fd }));
  }
  for (const folder of manifest.emptyFolders) openFolders(dataDir, folder, { make: true }).close();
  for (const { path: copy, of } of manifest.copies) {
    using source = openTarget(dataDir, of);
    using target = openTarget(dataDir, copy);
    linkSync(source.path, target.path);
  }
  for (const { path: name, target: leadsTo } of manifest.links) {
    using target = openTarget(dataDir, name);
    symlinkSync(nameOfText(leadsTo), target.path);
  }
}

/** Where an entry goes, if it is a file of the data folder. */
function placeOf({ names }: Manifest, entry: string): string | undefined {
  if (Object.hasOwn(names, entry)) return names[entry];
  return entry.startsWith('files/') ? entry.slice('files/'.length) : undefined;
}

/** Every path of the data folder that a backup would make. */
function placesOf(manifest: Manifest): string[] {
  return [
    ...Object.keys(manifest.entries).flatMap((entry) => placeOf(manifest, entry) ?? []),
    ...manifest.emptyFolders,
    ...manifest.copies.flatMap((copy) => [copy.path, copy.of]),
    ...manifest.links.map((link) => link.path),
  ];
}

/** A place by its open folder: what lies there is reached through no link, and however long its path is. */
function openTarget(dataDir: string, place: string): Disposable & { readonly path: EntryName } {
  const folder = openFolders(dataDir, path.posix.dirname(place), { make: true });
  return {
    path: folder.at(nameOfText(path.posix.basename(place))),
    [Symbol.dispose]: () => folder.close(),
  };
}

/** What lies behind a link lies wherever the link leads; no backup of ours has anything there. */
function refuseBehindLinks(manifest: Manifest): void {
  const linked = new Set(manifest.links.map((link) => link.path));
  for (const place of placesOf(manifest)) {
    for (let end = place.indexOf('/'); end >= 0; end = place.indexOf('/', end + 1)) {
      if (linked.has(place.slice(0, end)))
        throw fault('backup.damaged', { entry: place, reason: 'it lies behind a link' });
    }
  }
}

/** A backup that points out of the data folder, in whatever spelling, is refused. */
function assertInside(place: string): void {
  const parts = place.split('/');
  if (place.includes('\0') || parts.some((part) => part === '' || part === '.' || part === '..'))
    throw fault('backup.damaged', { entry: place, reason: 'it leads out of the data folder' });
}
