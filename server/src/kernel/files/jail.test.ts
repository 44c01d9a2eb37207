import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { isFault } from '#base/fault.ts';
import { deleteWorkspacePath, makeWorkspaceFolder, moveWorkspacePath } from './change.ts';
import { copyWorkspacePath } from './copy.ts';
import { statWorkspacePath } from './entry.ts';
import { measureTree } from './measure.ts';
import { fixture, list, read, write } from './testing/workspace-fixture.ts';
import type { Workspace } from './workspace.ts';
import { writeWorkspaceFile } from './write.ts';

/** Every operation that takes a path, on that path. */
function everyOperation(workspace: Workspace, name: string): [string, () => Promise<unknown>][] {
  return [
    ['read', () => read(workspace, name)],
    ['write', () => write(workspace, name, 'changed')],
    ['stat', () => statWorkspacePath(workspace, name)],
    ['list', () => list(workspace, name)],
    ['delete', () => deleteWorkspacePath(workspace, name, { recursive: true })],
    ['mkdir', () => makeWorkspaceFolder(workspace, name, { parents: true })],
    ['move from', () => moveWorkspacePath(workspace, { src: name, dest: 'taken' }, { overwrite: true })],
    ['move to', () => moveWorkspacePath(workspace, { src: 'own', dest: name }, { overwrite: true })],
    ['copy from', () => copyWorkspacePath(workspace, { src: name, dest: 'taken' }, { overwrite: true })],
    ['copy to', () => copyWorkspacePath(workspace, { src: 'own', dest: name }, { overwrite: true })],
  ];
}

const refusedPaths = [
  '..',
  '../outside/secret',
  'a/../../outside/secret',
  'a/..',
  './../outside/secret',
  '.',
  './own',
  '/etc/passwd',
  '//etc/passwd',
  'C:/Windows',
  'c:secret',
  '..\\outside\\secret',
  'a\\b',
  '%2e%2e/outside/secret',
  '%2e%2e%2foutside',
  '%252e%252e/x',
  '..%2foutside',
  'a%00b',
  '\uff0e\uff0e/outside/secret',
  '\u2025/outside',
  '\u2024\u2024/outside',
  '..\uff0foutside',
  'a//b',
  'a/',
  'own\0',
  '\0',
  'line\nbreak',
  'esc\u001b[31m',
  'right\u202eleft',
  '\ud800',
  'x'.repeat(256),
  `${'ä'.repeat(128)}`,
  `${'a/'.repeat(2100)}a`,
  'a/b/c/d/e/f/g/h/i',
];

for (const name of refusedPaths) {
  test(`refuses ${JSON.stringify(name.slice(0, 30))} in every operation, outside untouched`, async () => {
    using workspace = fixture();
    await write(workspace, 'own', 'own');
    for (const [operation, run] of everyOperation(workspace, name)) {
      await assert.rejects(run, (error) => isFault(error) && error.code.startsWith('files.'), operation);
    }
    assert.deepEqual(fs.readdirSync(workspace.outside), ['secret']);
    assert.equal(fs.readFileSync(path.join(workspace.outside, 'secret'), 'utf8'), 'secret');
    assert.deepEqual(await list(workspace), ['own']);
    assert.deepEqual(fs.readdirSync(workspace.stagingPath), []);
  });
}

test('names with dots, spaces, umlauts and percent signs that lead nowhere are ordinary', async () => {
  using workspace = fixture();
  for (const name of ['...', '..a', 'a..', '.env', 'ä ö.txt', '100%', '%41', 'ab:c', '-rf', '~', '日本']) {
    await write(workspace, name, name);
    assert.equal(await read(workspace, name), name);
  }
});

for (const [what, target] of [
  ['relative', '../outside'],
  ['absolute', null],
  ['detouring', './x/../../outside'],
] as const) {
  test(`refuses a ${what} symlink out of the workspace in every operation`, async () => {
    using workspace = fixture();
    await write(workspace, 'own', 'own');
    fs.mkdirSync(path.join(workspace.workspacePath, 'x'));
    fs.symlinkSync(target ?? workspace.outside, path.join(workspace.workspacePath, 'link'));
    fs.symlinkSync(`${target ?? workspace.outside}/secret`, path.join(workspace.workspacePath, 'file'));
    for (const [operation, run] of everyOperation(workspace, 'link/secret')) {
      await assert.rejects(run, (error) => isFault(error, 'files.path_escapes'), operation);
    }
    await assert.rejects(read(workspace, 'file'), (error) => isFault(error, 'files.path_escapes'));
    await assert.rejects(write(workspace, 'file', 'x'), (error) => isFault(error, 'files.path_escapes'));
    await assert.rejects(list(workspace, 'link'), (error) => isFault(error, 'files.path_escapes'));
    assert.equal(fs.readFileSync(path.join(workspace.outside, 'secret'), 'utf8'), 'secret');
  });
}

test('a link out of the workspace answers the same whether its target exists or not', async () => {
  using workspace = fixture();
  fs.symlinkSync('../outside/secret', path.join(workspace.workspacePath, 'there'));
  fs.symlinkSync('../outside/nothing', path.join(workspace.workspacePath, 'gone'));
  for (const name of ['there', 'gone']) {
    await assert.rejects(read(workspace, name), (error) => isFault(error, 'files.path_escapes'));
  }
});

test('deleting or moving a link out of the workspace touches the link only', async () => {
  using workspace = fixture();
  fs.symlinkSync('../outside', path.join(workspace.workspacePath, 'link'));
  await moveWorkspacePath(workspace, { src: 'link', dest: 'moved' }, { overwrite: false });
  await deleteWorkspacePath(workspace, 'moved', { recursive: true });
  assert.deepEqual(fs.readdirSync(workspace.outside), ['secret']);
});

test('deleting a folder with links in it leaves what they point to', async () => {
  using workspace = fixture();
  await write(workspace, 'folder/inner/file', 'x');
  fs.symlinkSync('../../outside', path.join(workspace.workspacePath, 'folder/link'));
  assert.equal(await deleteWorkspacePath(workspace, 'folder', { recursive: true }), 4);
  assert.deepEqual(fs.readdirSync(workspace.outside), ['secret']);
  assert.deepEqual(fs.readdirSync(workspace.stagingPath), []);
});

test('links inside the workspace are followed, also upwards and in chains', async () => {
  using workspace = fixture();
  await write(workspace, 'a/b/file', 'inside');
  fs.symlinkSync('a/b', path.join(workspace.workspacePath, 'short'));
  fs.symlinkSync('../a/b/../../short/file', path.join(workspace.workspacePath, 'a/chain'));
  assert.equal(await read(workspace, 'short/file'), 'inside');
  assert.equal(await read(workspace, 'a/chain'), 'inside');
  await write(workspace, 'a/chain', 'through the link');
  assert.equal(fs.readFileSync(path.join(workspace.workspacePath, 'a/b/file'), 'utf8'), 'through the link');
  assert.ok(fs.lstatSync(path.join(workspace.workspacePath, 'a/chain')).isSymbolicLink());
});

test('a circle of links is refused', async () => {
  using workspace = fixture();
  fs.symlinkSync('two', path.join(workspace.workspacePath, 'one'));
  fs.symlinkSync('one', path.join(workspace.workspacePath, 'two'));
  await assert.rejects(read(workspace, 'one'), (error) => isFault(error, 'files.path_invalid'));
  await assert.rejects(read(workspace, 'one/x'), (error) => isFault(error, 'files.path_invalid'));
});

test('refuses to read a hard link whose other name is outside, and breaks it on writing', async () => {
  using workspace = fixture();
  fs.linkSync(path.join(workspace.outside, 'secret'), path.join(workspace.workspacePath, 'hard'));
  await assert.rejects(read(workspace, 'hard'), (error) => isFault(error, 'files.hard_link_escapes'));
  await assert.rejects(
    copyWorkspacePath(workspace, { src: 'hard', dest: 'copy' }, { overwrite: false }),
    (error) => isFault(error, 'files.hard_link_escapes'),
  );
  await write(workspace, 'hard', 'own now');
  assert.equal(fs.readFileSync(path.join(workspace.outside, 'secret'), 'utf8'), 'secret');
  assert.equal(await read(workspace, 'hard'), 'own now');
});

test('a file with two names inside the workspace is read and counted once', async () => {
  using workspace = fixture();
  await write(workspace, 'a/one', 'twelve bytes');
  fs.linkSync(path.join(workspace.workspacePath, 'a/one'), path.join(workspace.workspacePath, 'two'));
  assert.equal(await read(workspace, 'two'), 'twelve bytes');
  assert.deepEqual(await measureTree(workspace.workspacePath), { bytes: 12, files: 3 });
});

test('pipes and sockets are refused without waiting on them, and can be deleted', async () => {
  using workspace = fixture();
  execFileSync('mkfifo', [path.join(workspace.workspacePath, 'pipe')]);
  const server = createServer().listen(path.join(workspace.workspacePath, 'socket'));
  try {
    for (const name of ['pipe', 'socket']) {
      const refused = (error: unknown) => isFault(error, 'files.special_file');
      await assert.rejects(read(workspace, name), refused);
      await assert.rejects(write(workspace, name, 'x'), refused);
      await assert.rejects(
        copyWorkspacePath(workspace, { src: name, dest: 'copy' }, { overwrite: false }),
        refused,
      );
      assert.equal((await statWorkspacePath(workspace, name)).kind, 'special');
    }
    assert.equal(await deleteWorkspacePath(workspace, 'pipe', { recursive: false }), 1);
  } finally {
    server.close();
  }
});

test('.git is protected from every change in every spelling, also through a link, and readable', async () => {
  using workspace = fixture();
  await write(workspace, 'own', 'own');
  fs.mkdirSync(path.join(workspace.workspacePath, '.git/hooks'), { recursive: true });
  fs.writeFileSync(path.join(workspace.workspacePath, '.git/config'), '[core]');
  fs.symlinkSync('.git', path.join(workspace.workspacePath, 'link'));
  const refused = (error: unknown) => isFault(error, 'files.protected');
  for (const name of [
    '.git/config',
    '.git/new/file',
    '.GIT/config',
    '.git ',
    'link/config',
    'link/x/y',
    'sub/.git/config',
    'GIT~1/config',
    '.g\u200cit/config',
  ]) {
    await assert.rejects(write(workspace, name, 'x'), refused, name);
    await assert.rejects(makeWorkspaceFolder(workspace, name, { parents: true }), refused, name);
    await assert.rejects(deleteWorkspacePath(workspace, name, { recursive: true }), refused, name);
    await assert.rejects(
      moveWorkspacePath(workspace, { src: 'own', dest: name }, { overwrite: true }),
      refused,
    );
    await assert.rejects(
      copyWorkspacePath(workspace, { src: 'own', dest: name }, { overwrite: true }),
      refused,
    );
  }
  await assert.rejects(deleteWorkspacePath(workspace, '.git', { recursive: true }), refused);
  await assert.rejects(
    moveWorkspacePath(workspace, { src: '.git', dest: 'stolen' }, { overwrite: false }),
    refused,
  );
  assert.equal(await read(workspace, '.git/config'), '[core]');
  assert.deepEqual(fs.readdirSync(path.join(workspace.workspacePath, '.git')), ['config', 'hooks']);
});

test('a folder that is swapped for a link again and again never lets an operation out', async () => {
  using workspace = fixture();
  const root = workspace.workspacePath;
  fs.mkdirSync(path.join(root, 'real/inner'), { recursive: true });
  fs.writeFileSync(path.join(root, 'real/secret'), 'inside');
  fs.symlinkSync('../outside', path.join(root, 'evil'));
  // Another process, as a program in the sandbox would: exchange the folder and the link as fast as it can.
  const swapper = spawn(
    process.execPath,
    [
      '-e',
      `const fs = require('node:fs'); process.chdir(process.argv[1]);
       fs.renameSync('real', 'd');
       for (;;) { fs.renameSync('d', 'real'); fs.renameSync('evil', 'd');
         fs.renameSync('d', 'evil'); fs.renameSync('real', 'd'); }`,
      root,
    ],
    { stdio: 'ignore' },
  );
  using _swapping = { [Symbol.dispose]: () => swapper.kill('SIGKILL') };
  let inside = 0;
  let refused = 0;
  // As long as it takes until both have happened often, however the two processes get their turns.
  for (let round = 0; inside < 20 || refused < 100 || round < 300; round += 1) {
    const outcomes = await Promise.allSettled([
      read(workspace, 'd/secret'),
      writeWorkspaceFile(workspace, `d/new${round % 5}`, { content: Buffer.from('x'), parents: false }),
      deleteWorkspacePath(workspace, `d/new${(round + 1) % 5}`, { recursive: true }),
      makeWorkspaceFolder(workspace, `d/inner/${round % 3}`, { parents: false }),
      list(workspace, 'd'),
    ]);
    const [first] = outcomes;
    if (first.status === 'fulfilled') {
      assert.equal(first.value, 'inside');
      inside += 1;
    }
    if (inside > 0) refused += outcomes.filter((outcome) => outcome.status === 'rejected').length;
    assert.equal(swapper.exitCode, null, 'the other process swaps on');
    await new Promise(setImmediate);
  }
  const ended = once(swapper, 'exit');
  swapper.kill('SIGKILL');
  await ended;
  assert.deepEqual(fs.readdirSync(workspace.outside), ['secret']);
  assert.equal(fs.readFileSync(path.join(workspace.outside, 'secret'), 'utf8'), 'secret');
});
