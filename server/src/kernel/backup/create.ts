import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { ZipFile } from 'yazl';
import { listMigrations, listSequences, listTables, quoted } from './catalogue.ts';
import { listDataFiles, openDataFile } from './data-files.ts';
import { type Manifest, manifestName } from './manifest.ts';

export interface BackupInput {
  readonly connectionString: string;
  readonly dataDir: string;
  /** The file to write; it appears when it is complete. */
  readonly target: string;
  readonly platformVersion: string;
  readonly now: () => number;
}

type Entries = Manifest['entries'];

/**
 * Writes one file with the database, as it was at one moment, and the data folder's files. The platform may run on
 * meanwhile: tables are copied inside one REPEATABLE READ snapshot. The master key is in it: keep it like a password.
 */
export async function createBackup(input: BackupInput): Promise<{ sizeBytes: number; entries: number }> {
  const client = new pg.Client({ connectionString: input.connectionString });
  await client.connect();
  const draft = `${input.target}.partial`;
  try {
    await client.query('begin isolation level repeatable read read only');
    await mkdir(path.dirname(path.resolve(input.target)), { recursive: true });
    const entries = await writeArchive(client, input, draft);
    await client.query('commit');
    const file = await open(draft, 'r');
    await file.sync();
    await file.close();
    await rename(draft, input.target);
    const { size } = await stat(input.target);
    return { sizeBytes: size, entries: Object.keys(entries).length };
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  } finally {
    await client.end();
  }
}

async function writeArchive(client: pg.Client, input: BackupInput, draft: string): Promise<Entries> {
  const zip = new ZipFile();
  const written = pipeline(Readable.from(zip.outputStream), createWriteStream(draft, { mode: 0o600 }));
  const entries: Entries = {};
  const modes: Manifest['modes'] = {};
  const tables = await listTables(client);
  const sequences = await listSequences(client);
  const migrations = await listMigrations(client);
  const { files, copies, links, emptyFolders } = await listDataFiles(input.dataDir);

  const failed = Promise.withResolvers<never>();
  zip.on('error', failed.reject);
  // As when the disk is full: nothing more flows then, and what waits for its entry would wait for ever.
  written.catch(failed.reject);
  const add = (name: string, source: () => Readable) =>
    new Promise<void>((resolve, reject) => {
      const sum = hashing(name, entries);
      zip.addReadStreamLazy(name, { compress: true, mode: 0o100600, forceZip64Format: false }, (give) => {
        const stream = source();
        stream.once('error', reject);
        sum.once('end', resolve);
        give(null, stream.pipe(sum));
      });
    });

  const work = async () => {
    for (const { schema, table, columns, entry } of tables) {
      const list = columns.map((column) => client.escapeIdentifier(column)).join(', ');
      const sql = `copy (select ${list} from ${quoted(client, schema, table)}) to stdout`;
      await add(entry, () => client.query(copyTo(sql)));
    }
    for (const file of files) await addFile(file);
    const manifest: Manifest = {
      format: 'cyberdevstudio-backup',
      formatVersion: copies.length > 0 ? 2 : 1,
      platformVersion: input.platformVersion,
      createdAt: new Date(input.now()).toISOString(),
      migrations,
      tables,
      sequences,
      links: [...links],
      emptyFolders: [...emptyFolders],
      // One whose file has gone meanwhile is not part of the backup either.
      copies: copies.filter(({ of }) => `files/${of}` in entries),
      modes,
      entries,
    };
    zip.addBuffer(Buffer.from(JSON.stringify(manifest, null, 1)), manifestName, { compress: true });
    zip.end();
    await written;
  };

  async function addFile(file: string): Promise<void> {
    const opened = openDataFile(input.dataDir, file);
    // Deleted between listing and reading: a running platform may do that; it is then not part of the backup.
    if (opened === undefined) return;
    modes[`files/${file}`] = opened.mode;
    await add(`files/${file}`, () => createReadStream('', { fd: opened.fd }));
  }

  await Promise.race([work(), failed.promise]);
  return entries;
}

/** Passes bytes through and enters their hash and count under the name when they end. */
function hashing(name: string, entries: Entries): Transform {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      done(null, chunk);
    },
    flush(done) {
      entries[name] = { sha256: hash.digest('hex'), sizeBytes };
      done();
    },
  });
}
