import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { isFault } from '#base/fault.ts';
import { deleteWorkspacePath, moveWorkspacePath } from './change.ts';
import { copyWorkspacePath } from './copy.ts';
import { openFolder } from './descriptor.ts';
import { listWorkspaceFolder, statWorkspacePath } from './entry.ts';
import { measureTree } from './measure.ts';
import { readWorkspaceFile } from './read.ts';
import { scan } from './scan.ts';
import { fixture, limitBytes, list, read, write } from './testing/workspace-fixture.ts';
import type { Workspace } from './workspace.ts';
import { writeWorkspaceFile } from './write.ts';

test('an etag that is stale is a conflict that names the present one and overwrites nothing', async () => {
  using workspace = fixture();
  const first = await write(workspace, 'file', 'one');
  const second = await writeWorkspaceFile(workspace, 'file', {
    content: Buffer.from('two'),
    ifMatch: first.etag,
  });
  await assert.rejects(
    writeWorkspaceFile(workspace, 'file', { content: Buffer.from('three'), ifMatch: first.etag }),
    (error) => isFault(error, 'files.conflict') && error.data.currentEtag === second.etag,
  );
  await assert.rejects(
    writeWorkspaceFile(workspace, 'file', { content: Buffer.from('new'), ifMatch: null }),
    (error) => isFault(error, 'files.conflict') && error.data.currentEtag === second.etag,
  );
  await assert.rejects(
    writeWorkspaceFile(workspace, 'absent', { content: Buffer.from('x'), ifMatch: first.etag }),
    (error) => isFault(error, 'files.conflict') && error.data.currentEtag === null,
  );
  assert.equal(await read(workspace, 'file'), 'two');
});

test('of twenty writers with the same etag exactly one wins', async () => {
  using workspace = fixture();
  const { etag } = await write(workspace, 'file', 'start');
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) =>
      writeWorkspaceFile(workspace, 'file', { content: Buffer.from(`writer ${index}`), ifMatch: etag }),
    ),
  );
  assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 1);
});

test('the quota is asked before a write, and is given back when the write fails', async () => {
  using base = fixture();
  const used = { bytes: 0, files: 0 };
  const workspace: Workspace = {
    ...base,
    room: {
      take({ bytes, files }) {
        if (used.bytes + bytes > 100) throw new Error('full');
        used.bytes += bytes;
        used.files += files;
      },
      give({ bytes, files }) {
        used.bytes -= bytes;
        used.files -= files;
      },
    },
  };
  await write(workspace, 'a/b', 'x'.repeat(60));
  assert.deepEqual(used, { bytes: 60, files: 2 });
  await assert.rejects(write(workspace, 'c', 'x'.repeat(60)), /full/);
  await write(workspace, 'a/b', 'x'.repeat(90));
  assert.deepEqual(used, { bytes: 90, files: 2 });
  await assert.rejects(copyWorkspacePath(workspace, { src: 'a', dest: 'b' }, { overwrite: false }), /full/);
  assert.deepEqual(used, { bytes: 90, files: 2 });
  await deleteWorkspacePath(workspace, 'a', { recursive: true });
  assert.deepEqual(used, { bytes: 0, files: 0 });
  assert.deepEqual(fs.readdirSync(workspace.stagingPath), []);
});

test('a sparse file counts as large as it reads', async () => {
  using workspace = fixture();
  fs.writeFileSync(path.join(workspace.workspacePath, 'sparse'), '');
  fs.truncateSync(path.join(workspace.workspacePath, 'sparse'), 5 * 1024 ** 3);
  assert.deepEqual(await measureTree(workspace.workspacePath), { bytes: 5 * 1024 ** 3, files: 1 });
  await assert.rejects(read(workspace, 'sparse'), (error) => isFault(error, 'files.too_large'));
  const range = { offset: 4 * 1024 ** 3, length: 3 };
  const part = await readWorkspaceFile(workspace, 'sparse', { limitBytes, range });
  assert.deepEqual(part.content, Buffer.alloc(3));
});

test('deletes a tree deeper than any path may be', async () => {
  using workspace = fixture();
  const makeDeep = `const fs = require('node:fs'); process.chdir(process.argv[1]); fs.mkdirSync('deep');
    process.chdir('deep'); for (let i = 0; i < 900; i += 1) { fs.mkdirSync('aaaaaaaa'); process.chdir('aaaaaaaa'); }
    fs.writeFileSync('end', '');`;
  execFileSync(process.execPath, ['-e', makeDeep, workspace.workspacePath]);
  assert.equal(await deleteWorkspacePath(workspace, 'deep', { recursive: true }), 902);
  assert.deepEqual(fs.readdirSync(workspace.workspacePath), []);
});

test('pages through a tree without missing or repeating an entry', async () => {
  using workspace = fixture();
  for (const name of ['a/x', 'a/y/z', 'a-b', 'a.txt', 'b/1', 'b/2', 'c']) await write(workspace, name, name);
  const seen: string[] = [];
  let cursor: string | undefined;
  for (;;) {
    const options = { recursive: true, limit: 2, skip: [], cursor };
    const page = await listWorkspaceFolder(workspace, '', options);
    seen.push(...page.entries.map((entry) => entry.path));
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  assert.deepEqual(seen, ['a', 'a/x', 'a/y', 'a/y/z', 'a-b', 'a.txt', 'b', 'b/1', 'b/2', 'c']);
});

test('copies a folder whole, links and .git left out', async () => {
  using workspace = fixture();
  await write(workspace, 'a/b/file', 'content');
  fs.chmodSync(path.join(workspace.workspacePath, 'a/b/file'), 0o755);
  fs.symlinkSync('../../outside', path.join(workspace.workspacePath, 'a/link'));
  fs.mkdirSync(path.join(workspace.workspacePath, 'a/.git'));
  const result = await copyWorkspacePath(workspace, { src: 'a', dest: 'copies/a' }, { overwrite: false });
  assert.deepEqual(result, { copiedFiles: 1, copiedBytes: 7, skipped: 2 });
  assert.deepEqual(await list(workspace, 'copies'), ['copies/a', 'copies/a/b', 'copies/a/b/file']);
  assert.ok((await statWorkspacePath(workspace, 'copies/a/b/file')).executable);
});

test('a folder is neither moved nor copied into itself, nor over one that holds something', async () => {
  using workspace = fixture();
  await write(workspace, 'a/file', 'a');
  await write(workspace, 'b/file', 'b');
  fs.symlinkSync('a', path.join(workspace.workspacePath, 'alias'));
  const move = (src: string, dest: string) =>
    moveWorkspacePath(workspace, { src, dest }, { overwrite: true });
  await assert.rejects(move('a', 'a/inner'), (error) => isFault(error, 'files.path_invalid'));
  await assert.rejects(move('a', 'alias/inner'), (error) => isFault(error, 'files.path_invalid'));
  await assert.rejects(move('a', 'b'), (error) => isFault(error, 'files.not_empty'));
  assert.equal(await read(workspace, 'a/file'), 'a');
});

test('counts and lists a tree of any depth with one folder open at a time', async () => {
  using workspace = fixture();
  const makeDeep = `const fs = require('node:fs'); process.chdir(process.argv[1]);
    for (let i = 0; i < 3000; i += 1) { fs.mkdirSync('d'); process.chdir('d'); }
    fs.writeFileSync('end', 'deep');`;
  execFileSync(process.execPath, ['-e', makeDeep, workspace.workspacePath]);
  await write(workspace, 'z', 'last');
  const openBefore = fs.readdirSync('/proc/self/fd').length;
  let mostOpen = 0;
  const observer = setInterval(() => {
    mostOpen = Math.max(mostOpen, fs.readdirSync('/proc/self/fd').length);
  }, 1);
  assert.deepEqual(await measureTree(workspace.workspacePath), { bytes: 8, files: 3002 });
  clearInterval(observer);
  assert.ok(mostOpen <= openBefore + 10, `${mostOpen - openBefore} more open`);
  const page = await listWorkspaceFolder(workspace, '', { recursive: true, limit: 100, skip: [] });
  assert.equal(page.entries.length, 9);
  assert.equal(page.entries.at(-1)?.path, 'z');
  await deleteWorkspacePath(workspace, 'd', { recursive: true });
});

test('a scan goes on when the folder it is in is moved away', async () => {
  using workspace = fixture();
  for (const name of ['a/b/1', 'a/b/2', 'a/c', 'e/f']) await write(workspace, name, name);
  using root = openFolder(workspace.workspacePath);
  const seen: string[] = [];
  for await (const entry of scan(root, { maxDepth: 8 })) {
    seen.push(entry.path);
    if (entry.path === 'a/b/1')
      fs.renameSync(path.join(workspace.workspacePath, 'a/b'), path.join(workspace.workspacePath, 'moved'));
  }
  assert.deepEqual(seen, ['a', 'a/b', 'a/b/1', 'a/b/2', 'a/c', 'e', 'e/f']);
});

test('descriptors are closed after every outcome', async () => {
  using workspace = fixture();
  await write(workspace, 'a/b/c', 'x');
  const count = () => fs.readdirSync('/proc/self/fd').length;
  const before = count();
  for (let round = 0; round < 50; round += 1) {
    await read(workspace, 'a/b/c');
    await write(workspace, 'a/b/c', `${round}`);
    await list(workspace);
    await read(workspace, 'a/b/missing').catch(() => undefined);
    await write(workspace, 'a/b/c/d', 'x').catch(() => undefined);
    await listWorkspaceFolder(workspace, '', { recursive: true, limit: 1, skip: [] });
    await copyWorkspacePath(workspace, { src: 'a', dest: `copy${round}` }, { overwrite: false });
  }
  assert.ok(count() <= before + 1);
});

test('folders that a program closed to everybody count, and can be deleted', async () => {
  using workspace = fixture();
  await write(workspace, 'closed/inner/file', 'seven b');
  fs.chmodSync(path.join(workspace.workspacePath, 'closed/inner'), 0);
  fs.chmodSync(path.join(workspace.workspacePath, 'closed'), 0);
  assert.deepEqual(await measureTree(workspace.workspacePath), { bytes: 7, files: 3 });
  fs.chmodSync(path.join(workspace.workspacePath, 'closed/inner'), 0);
  fs.chmodSync(path.join(workspace.workspacePath, 'closed'), 0);
  assert.equal(await deleteWorkspacePath(workspace, 'closed', { recursive: true }), 3);
});
