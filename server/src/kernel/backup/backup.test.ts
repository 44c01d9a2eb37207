import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  createWriteStream,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import test from 'node:test';
import { ZipFile } from 'yazl';
import { isFault } from '#base/fault.ts';
import { testDatabase } from '../testing/database.ts';
import { verifyBackup } from './archive.ts';
import { dataFileOpener, listDataFiles } from './data-files.ts';
import { type Manifest, manifestName } from './manifest.ts';
import { restoreBackup } from './restore.ts';
import { installation } from './testing/installation.ts';

const addPair = `with made as (insert into bank.entry (amount, note) values (3, e'tab\\t nul-like \\\\N ü') returning id, amount)
                 insert into bank.total select id, amount from made`;

test('a backup taken while the platform writes is consistent, and a restore brings every row and file back', async () => {
  await using world = await installation();
  const { database } = world.source;
  await database.execute({ text: addPair });
  let writing = true;
  const writer = (async () => {
    while (writing) await database.execute({ text: addPair });
  })();
  await world.create();
  writing = false;
  await writer;
  assert.equal(statSync(world.target).mode & 0o777, 0o600);

  await using fresh = await testDatabase();
  const dataDir = path.join(world.folder, 'restored');
  await restoreBackup({
    file: world.target,
    connectionString: fresh.connectionString,
    dataDir,
    modules: world.modules,
    force: false,
  });
  const [counts] = await fresh.database.query<{ entries: number; totals: number; wrong: number }>({
    text: `select (select count(*)::int from bank.entry) as entries, (select count(*)::int from bank.total) as totals,
                  (select count(*)::int from bank.entry where doubled <> 6 or note <> e'tab\\t nul-like \\\\N ü') as wrong`,
  });
  assert.ok((counts?.entries ?? 0) >= 1);
  assert.equal(counts?.entries, counts?.totals);
  assert.equal(counts?.wrong, 0);
  await fresh.database.execute({ text: addPair });
  await assert.rejects(fresh.database.execute({ text: 'delete from bank.entry' }), /append only/);

  const workspace = path.join(dataDir, 'projects', 'p1', 'workspace');
  assert.equal(readFileSync(path.join(workspace, 'ä b.sh'), 'utf8'), '#!/bin/sh\n');
  assert.equal(statSync(path.join(workspace, 'ä b.sh')).mode & 0o777, 0o755);
  assert.equal(readlinkSync(path.join(workspace, 'link')), 'ä b.sh');
  assert.equal(statSync(path.join(dataDir, 'secrets', 'master.key')).mode & 0o777, 0o600);
  assert.throws(() => statSync(path.join(dataDir, 'logs')));
});

test('a target that holds data is refused, and replaced only when asked to', async () => {
  await using world = await installation();
  await world.source.database.execute({ text: addPair });
  await world.create();
  await world.source.database.execute({ text: addPair });
  const into = {
    file: world.target,
    connectionString: world.source.connectionString,
    dataDir: world.dataDir,
    modules: world.modules,
  };
  await assert.rejects(restoreBackup({ ...into, force: false }), (error) =>
    isFault(error, 'backup.target_not_empty'),
  );
  await restoreBackup({ ...into, force: true });
  assert.deepEqual(await world.source.database.query({ text: 'select count(*)::int as n from bank.entry' }), [
    { n: 1 },
  ]);
});

test('guest images are left out and stay where they are; what snapshots share stands in the backup once', async () => {
  await using world = await installation();
  const { dataDir } = world;
  const place = (...names: string[]) => path.join(dataDir, 'sandbox', ...names);
  for (const folder of ['images/standard', 'snapshots/one', 'snapshots/two'])
    mkdirSync(place(folder), { recursive: true });
  const disk = randomBytes(300_000);
  writeFileSync(place('images/standard/root.squashfs'), disk);
  for (const name of ['one', 'two']) {
    linkSync(place('images/standard/root.squashfs'), place('snapshots', name, 'disk'));
    writeFileSync(place('snapshots', name, 'state.zst'), name);
  }
  const { sizeBytes } = await world.create();
  assert.ok(sizeBytes < 450_000, `${sizeBytes} bytes`);
  const { entries, copies, formatVersion } = await verifyBackup(world.target);
  assert.deepEqual(copies, [{ path: 'sandbox/snapshots/two/disk', of: 'sandbox/snapshots/one/disk' }]);
  assert.equal(formatVersion, 2);
  assert.ok(!Object.keys(entries).some((name) => name.includes('sandbox/images')));

  rmSync(place('snapshots'), { recursive: true });
  writeFileSync(place('left-behind'), 'of later');
  const { connectionString } = world.source;
  await restoreBackup({ file: world.target, connectionString, dataDir, modules: world.modules, force: true });
  for (const name of ['one', 'two']) {
    assert.deepEqual(readFileSync(place('snapshots', name, 'disk')), disk);
    assert.equal(readFileSync(place('snapshots', name, 'state.zst'), 'utf8'), name);
  }
  assert.equal(statSync(place('snapshots/one/disk')).nlink, 2);
  assert.deepEqual(readFileSync(place('images/standard/root.squashfs')), disk);
  assert.throws(() => statSync(place('left-behind')), /ENOENT/);
});

test('a flipped byte and a truncated file are found, and nothing is restored from them', async () => {
  await using world = await installation();
  writeFileSync(path.join(world.dataDir, 'projects', 'random.bin'), randomBytes(400_000));
  await world.create();
  await verifyBackup(world.target);
  const bytes = readFileSync(world.target);
  const damaged = path.join(world.folder, 'damaged.zip');
  const undetected: number[] = [];
  for (let offset = 60; offset < bytes.length - 60; offset += Math.ceil(bytes.length / 25)) {
    const copy = Buffer.from(bytes);
    copy[offset] = (copy[offset] ?? 0) ^ 0x40;
    writeFileSync(damaged, copy);
    await verifyBackup(damaged).then(
      () => undetected.push(offset),
      (error) => assert.ok(isFault(error), String(error)),
    );
  }
  // Bytes of the container that carry no content (times, attributes) may change unseen; content may not.
  assert.ok(undetected.length <= 3, `undetected at ${undetected}`);
  writeFileSync(damaged, bytes);
  truncateSync(damaged, bytes.length - 200);
  await assert.rejects(verifyBackup(damaged), (error) => isFault(error, 'backup.unreadable'));
});

test('a backup that would write through a link of its own is refused, and nothing is written', async () => {
  await using world = await installation();
  const elsewhere = path.join(world.folder, 'elsewhere');
  mkdirSync(elsewhere);
  const manifest: Manifest = {
    format: 'cyberdevstudio-backup',
    formatVersion: 1,
    platformVersion: '1',
    createdAt: new Date(0).toISOString(),
    migrations: [],
    tables: [],
    sequences: [],
    links: [
      { path: 'projects/way-out', target: elsewhere },
      { path: 'projects/way-out/planted', target: '/etc/passwd' },
    ],
    copies: [],
    names: {},
    emptyFolders: [],
    modes: {},
    entries: {},
  };
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from(JSON.stringify(manifest)), manifestName);
  zip.end();
  const file = path.join(world.folder, 'hostile.zip');
  await pipeline(Readable.from(zip.outputStream), createWriteStream(file));
  await using fresh = await testDatabase();
  const restoring = restoreBackup({
    file,
    connectionString: fresh.connectionString,
    dataDir: path.join(world.folder, 'restored'),
    modules: world.modules,
    force: false,
  });
  await assert.rejects(restoring, (error) => isFault(error, 'backup.damaged'));
  assert.deepEqual(readdirSync(elsewhere), []);
});

test('a backup of a newer version is refused', async () => {
  await using world = await installation();
  await world.create();
  await using fresh = await testDatabase();
  const dataDir = path.join(world.folder, 'restored');
  await assert.rejects(
    restoreBackup({
      file: world.target,
      connectionString: fresh.connectionString,
      dataDir,
      modules: [],
      force: false,
    }),
    (error) => isFault(error, 'backup.newer'),
  );
});

test('a failed backup leaves no file', async () => {
  await using world = await installation();
  await world.source.database.execute({ text: 'drop table kernel.migration' });
  await assert.rejects(world.create());
  assert.throws(() => statSync(world.target));
  assert.throws(() => statSync(`${world.target}.partial`));
});

const noFullDisk = existsSync('/dev/full') ? false : 'there is no /dev/full';
test('a disk that fills up ends a backup with that reason', { skip: noFullDisk }, async () => {
  await using world = await installation();
  // More than what waits in memory between the files and the disk.
  writeFileSync(path.join(world.dataDir, 'projects', 'p1', 'workspace', 'large'), randomBytes(4_000_000));
  mkdirSync(path.dirname(world.target));
  symlinkSync('/dev/full', `${world.target}.partial`);
  await assert.rejects(world.create(), { code: 'ENOSPC' });
  assert.equal(existsSync(world.target), false);
});

test('a repository whose references are packed is one after a restore, too: empty folders are part of a backup', async () => {
  await using world = await installation();
  const refs = path.join('projects', 'p1', 'workspace', '.git', 'refs', 'heads');
  mkdirSync(path.join(world.dataDir, refs), { recursive: true });
  await world.create();
  await using fresh = await testDatabase();
  const dataDir = path.join(world.folder, 'restored');
  await restoreBackup({
    file: world.target,
    connectionString: fresh.connectionString,
    dataDir,
    modules: world.modules,
    force: false,
  });
  assert.ok(statSync(path.join(dataDir, refs)).isDirectory());
});

test('what a program has put in the place of a listed file is not read: no link is followed, no pipe waited for', async () => {
  await using world = await installation();
  const place = (name: string) => path.join(world.dataDir, 'projects', 'p1', name);
  const { files } = await listDataFiles(world.dataDir);
  assert.ok(files.includes('projects/p1/workspace/ä b.sh'));
  const open = () => {
    using opener = dataFileOpener(world.dataDir);
    return opener.open('projects/p1/workspace/ä b.sh');
  };
  rmSync(place('workspace/ä b.sh'));
  assert.equal(open(), undefined);
  symlinkSync('../../../secrets/master.key', place('workspace/ä b.sh'));
  assert.equal(open(), undefined);
  rmSync(place('workspace/ä b.sh'));
  execFileSync('mkfifo', [place('workspace/ä b.sh')]);
  assert.equal(open(), undefined);
  rmSync(place('workspace'), { recursive: true });
  mkdirSync(place('elsewhere'));
  writeFileSync(place('elsewhere/ä b.sh'), 'of another project');
  symlinkSync('elsewhere', place('workspace'));
  assert.equal(open(), undefined);
});

test('files and folders that a program closed to everybody do not stop a backup', {
  skip: process.getuid?.() === 0 ? 'nothing is closed to the superuser' : false,
}, async () => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'cds-closed-'));
  try {
    mkdirSync(path.join(dataDir, 'folder'));
    writeFileSync(path.join(dataDir, 'folder', 'file'), 'x', { mode: 0 });
    chmodSync(path.join(dataDir, 'folder'), 0);
    const { files } = await listDataFiles(dataDir);
    assert.deepEqual(files, ['folder/file']);
    using opener = dataFileOpener(dataDir);
    const opened = opener.open('folder/file');
    assert.equal(readFileSync(opened?.fd ?? -1, 'utf8'), 'x');
    closeSync(opened?.fd ?? -1);
    assert.equal(statSync(path.join(dataDir, 'folder', 'file')).mode & 0o777, 0);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
});
