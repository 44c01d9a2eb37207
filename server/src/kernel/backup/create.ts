import { createHash } from 'node:crypto';
import { closeSync, createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { ZipFile } from 'yazl';
import { listMigrations, listSequences, listTables, quoted } from './catalogue.ts';
import { type DataFiles, dataFileOpener, listDataFiles } from './data-files.ts';
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
 * `tooDeep` names folders, nested a thousand times, whose content is not in it.
 */
export async function createBackup(
  input: BackupInput,
): Promise<{ sizeBytes: number; entries: number; tooDeep: readonly string[] }> {
  const client = new pg.Client({ connectionString: input.connectionString });
  await client.connect();
  const draft = `${input.target}.partial`;
  try {
    await client.query('begin isolation level repeatable read read only');
    await mkdir(path.dirname(path.resolve(input.target)), { recursive: true });
    const dataFiles = await listDataFiles(input.dataDir);
    const entries = await writeArchive(client, { ...input, dataFiles }, draft);
    await client.query('commit');
    const file = await open(draft, 'r');
    await file.sync();
    await file.close();
    await rename(draft, input.target);
    const { size } = await stat(input.target);
    return { sizeBytes: size, entries: Object.keys(entries).length, tooDeep: dataFiles.tooDeep };
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  } finally {
    await client.end();
  }
}

async function writeArchive(
  client: pg.Client,
  input: BackupInput & { dataFiles: DataFiles },
  draft: string,
): Promise<Entries> {
  const zip = new ZipFile();
  const written = pipeline(Readable.from(zip.outputStream), createWriteStream(draft, { mode: 0o600 }));
  const entries: Entries = {};
  const modes: Manifest['modes'] = {};
  const names: Manifest['names'] = {};
  const included = new Set<string>();
  const tables = await listTables(client);
  const sequences = await listSequences(client);
  const migrations = await listMigrations(client);
  const { files, copies, links, emptyFolders } = input.dataFiles;
  using opener = dataFileOpener(input.dataDir);

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
      formatVersion: formatOf(input.dataFiles, names),
      platformVersion: input.platformVersion,
      createdAt: new Date(input.now()).toISOString(),
      migrations,
      tables,
      sequences,
      links: [...links],
      emptyFolders: [...emptyFolders],
      // One whose file has gone meanwhile is not part of the backup either.
      copies: copies.filter(({ of }) => included.has(of)),
      names,
      modes,
      entries,
    };
    zip.addBuffer(Buffer.from(JSON.stringify(manifest, null, 1)), manifestName, { compress: true });
    zip.end();
    await written;
  };

  async function addFile(file: string): Promise<void> {
    const opened = opener.open(file);
    // Deleted between listing and reading: a running platform may do that; it is then not part of the backup.
    if (opened === undefined) return;
    const entry = zipName(file) ?? `names/${Object.keys(names).length + 1}`;
    if (!entry.startsWith('files/')) names[entry] = file;
    included.add(file);
    modes[entry] = opened.mode;
    const { fd, sizeBytes } = opened;
    await add(entry, () =>
      sizeBytes === 0 ? emptyFile(fd) : createReadStream('', { fd, start: 0, end: sizeBytes - 1 }),
    );
  }

  await Promise.race([work(), failed.promise]);
  return entries;
}

function emptyFile(fd: number): Readable {
  closeSync(fd);
  return Readable.from([]);
}

/** The longest that a name in a zip may be, `files/` and some room included. */
const longestName = 60_000;

/** Undefined where a zip can't have the path: it takes a backslash for a slash, and knows UTF-8 only. */
function zipName(file: string): string | undefined {
  const plain = file.isWellFormed() && !file.includes('\\') && Buffer.byteLength(file) <= longestName;
  return plain ? `files/${file}` : undefined;
}

/** The lowest that holds it all: an older version restores what it understands, and refuses the rest. */
function formatOf({ copies, links, emptyFolders }: DataFiles, names: Manifest['names']): 1 | 2 | 3 {
  const texts = [...links.flatMap(({ path: place, target }) => [place, target]), ...emptyFolders];
  const strange =
    texts.some((text) => !text.isWellFormed()) || copies.some((copy) => !copy.path.isWellFormed());
  if (Object.keys(names).length > 0 || strange) return 3;
  return copies.length > 0 ? 2 : 1;
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
