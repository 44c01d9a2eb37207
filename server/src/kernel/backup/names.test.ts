import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  createWriteStream,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import test from 'node:test';
import { ZipFile } from 'yazl';
import { isFault } from '#base/fault.ts';
import { nameText } from '../files/name-text.ts';
import { verifyBackup } from './archive.ts';
import { clearDataFiles } from './data-files.ts';
import { type Manifest, manifestName } from './manifest.ts';
import { restoreBackup } from './restore.ts';
import { installation } from './testing/installation.ts';

/** `grün` as an old archive or a program brings it: in Latin-1. */
const latin = Buffer.from([0x67, 0x72, 0xfc, 0x6e]);
const join = (...parts: (string | Buffer)[]) =>
  Buffer.concat(parts.flatMap((part, index) => [Buffer.from(index === 0 ? '' : '/'), Buffer.from(part)]));

test('files, folders and links whose names are not UTF-8 are in a backup, and come back byte for byte', async () => {
  await using world = await installation();
  const workspace = path.join(world.dataDir, 'projects/p1/workspace');
  mkdirSync(join(workspace, latin));
  writeFileSync(join(workspace, latin, latin), 'inside', { mode: 0o640 });
  writeFileSync(join(workspace, 'gr\ufffdn'), 'what it looks like');
  mkdirSync(join(workspace, latin, Buffer.from([0xff])));
  symlinkSync(latin, join(workspace, Buffer.from([0x80, 0x6c])));
  linkSync(join(workspace, latin, latin), join(workspace, Buffer.from([0xfe, 0x32])));
  await world.create();
  assert.equal((await verifyBackup(world.target)).formatVersion, 3);

  const restored = path.join(await world.restore(), 'projects/p1/workspace');
  const names = (folder: string | Buffer) =>
    readdirSync(folder, { encoding: 'buffer' })
      .map((name) => name.toString('latin1'))
      .toSorted();
  assert.deepEqual(names(restored), names(workspace));
  assert.deepEqual(names(join(restored, latin)), names(join(workspace, latin)));
  assert.equal(readFileSync(join(restored, latin, latin), 'utf8'), 'inside');
  assert.equal(lstatSync(join(restored, latin, latin)).mode & 0o777, 0o640);
  assert.equal(lstatSync(join(restored, latin, latin)).nlink, 2);
  assert.equal(readFileSync(join(restored, 'gr\ufffdn'), 'utf8'), 'what it looks like');
  assert.deepEqual(readlinkSync(join(restored, Buffer.from([0x80, 0x6c])), { encoding: 'buffer' }), latin);
});

test('names that a zip cannot hold do not end a backup, and stay themselves', async () => {
  await using world = await installation();
  const workspace = path.join(world.dataDir, 'projects/p1/workspace');
  for (const name of ['..\\..\\..\\out', 'a\\b', 'C:', '\\', 'new\nline'])
    writeFileSync(path.join(workspace, name), `it is ${name}`);
  mkdirSync(path.join(workspace, 'a'));
  writeFileSync(path.join(workspace, 'a/b'), 'another');
  await world.create();
  const restored = path.join(await world.restore(), 'projects/p1/workspace');
  assert.deepEqual(readdirSync(restored).toSorted(), readdirSync(workspace).toSorted());
  assert.equal(readFileSync(path.join(restored, 'a\\b'), 'utf8'), 'it is a\\b');
  assert.equal(readFileSync(path.join(restored, 'a/b'), 'utf8'), 'another');
});

test('folders nested deeper than any path may be long do not end a backup, and come back', async () => {
  await using world = await installation();
  const workspace = path.join(world.dataDir, 'projects/p1/workspace');
  const nest = (count: number) =>
    execFileSync(
      'python3',
      [
        '-c',
        `import os
for _ in range(${count}):
    os.mkdir('n' * 200); os.chdir('n' * 200)
open('bottom', 'w').write('reached')`,
      ],
      { cwd: workspace },
    );
  nest(60);
  await world.create();
  const restored = path.join(await world.restore(), 'projects/p1/workspace');
  const descend = `import os
while os.path.isdir('n' * 200): os.chdir('n' * 200)
print(open('bottom').read(), end='')`;
  const bottom = execFileSync('python3', ['-c', descend], { cwd: restored });
  assert.equal(String(bottom), 'reached');

  await clearDataFiles(world.dataDir, 'projects');
  mkdirSync(workspace, { recursive: true });
  nest(1_010);
  const { tooDeep } = await world.create();
  assert.equal(tooDeep.length, 1);
  await clearDataFiles(world.dataDir, 'projects');
  assert.equal(existsSync(path.join(world.dataDir, 'projects')), false);
});

async function hostile(folder: string, part: Partial<Manifest>): Promise<string> {
  const manifest: Manifest = {
    format: 'cyberdevstudio-backup',
    formatVersion: 3,
    platformVersion: '1',
    createdAt: new Date(0).toISOString(),
    migrations: [],
    tables: [],
    sequences: [],
    links: [],
    copies: [],
    names: {},
    emptyFolders: [],
    modes: {},
    entries: {},
    ...part,
  };
  const zip = new ZipFile();
  for (const entry of Object.keys(manifest.entries)) zip.addBuffer(Buffer.alloc(0), entry);
  zip.addBuffer(Buffer.from(JSON.stringify(manifest)), manifestName);
  zip.end();
  const file = path.join(folder, 'hostile.zip');
  await pipeline(Readable.from(zip.outputStream), createWriteStream(file));
  return file;
}

test('no spelling of a path in a backup leads out of the data folder', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cds-hostile-'));
  // Refused before the database is asked for anything.
  const into = {
    connectionString: 'postgres://127.0.0.1:1/none',
    dataDir: path.join(folder, 'data'),
    modules: [],
  };
  const restoring = async (part: Partial<Manifest>) =>
    restoreBackup({ ...into, file: await hostile(folder, part), force: true });
  try {
    const empty = {
      sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      sizeBytes: 0,
    };
    const escaped = nameText(Buffer.from([0x2e, 0x2e, 0xff]));
    const outside = path.join(folder, 'out');
    for (const place of [
      '../out',
      'a/../../out',
      outside,
      'a//b',
      './a',
      'a/.',
      'nul\0byte',
      `${escaped}/../../../out`,
    ]) {
      const parts: Partial<Manifest>[] = [
        { entries: { 'names/1': empty }, names: { 'names/1': place } },
        { emptyFolders: [place] },
        { links: [{ path: place, target: 'x' }] },
        { entries: { 'files/a': empty }, copies: [{ path: place, of: 'a' }] },
        { entries: { 'files/a': empty }, copies: [{ path: 'b', of: place }] },
      ];
      for (const part of parts)
        await assert.rejects(restoring(part), (error) => isFault(error, 'backup.damaged'));
    }
    const behind = restoring({
      entries: { 'names/1': empty },
      names: { 'names/1': `projects/${escaped}/planted` },
      links: [{ path: `projects/${escaped}`, target: folder }],
    });
    await assert.rejects(behind, (error) => isFault(error, 'backup.damaged'));
    assert.equal(existsSync(outside), false);
    assert.equal(existsSync(path.join(folder, 'planted')), false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
