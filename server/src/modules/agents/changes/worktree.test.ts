import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { isFault } from '#base/fault.ts';
import { createBlobs } from './blobs.ts';
import { createWorktrees } from './worktree.ts';

const signal = new AbortController().signal;
const limits = { files: 1_000, bytes: 1024 ** 3, depth: 20 };

const clock = { ms: Date.now() };

function place(files: Readonly<Record<string, string>>, options: { spareCopies?: number } = {}) {
  const root = mkdtempSync(path.join(tmpdir(), 'cds-worktree-'));
  const workspacePath = path.join(root, 'workspace');
  const areaPath = path.join(root, 'area');
  mkdirSync(workspacePath);
  mkdirSync(areaPath);
  const blobs = createBlobs(areaPath);
  const write = (name: string, content: string) => {
    mkdirSync(path.dirname(path.join(workspacePath, name)), { recursive: true });
    writeFileSync(path.join(workspacePath, name), content);
  };
  for (const [name, content] of Object.entries(files)) write(name, content);
  const worktreesFor = (namedFiles: readonly string[] = [], own: Partial<typeof limits> = {}) =>
    createWorktrees({
      workspacePath,
      areaPath,
      blobs,
      namedFiles,
      limits: { ...limits, ...own },
      spareCopies: options.spareCopies ?? 1,
      now: () => clock.ms,
    });
  return {
    workspacePath,
    areaPath,
    blobs,
    write,
    worktreesFor,
    worktrees: worktreesFor(),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Everything below a folder: links with their targets, files with their contents and rights. */
function treeOf(folder: string): Record<string, string> {
  const tree: Record<string, string> = {};
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()) {
    const at = path.join(folder, name);
    const stats = lstatSync(at);
    if (stats.isSymbolicLink()) tree[name] = 'link';
    else if (stats.isDirectory()) tree[name] = 'folder';
    else tree[name] = `${(stats.mode & 0o100) === 0 ? '' : 'x '}${readFileSync(at, 'utf8')}`;
  }
  return tree;
}

test('a copy holds the files, no secret and no link that leads out, and tells what was changed in it', async () => {
  using at = place({ 'a.txt': 'a', 'src/b.txt': 'b', '.env': 'SECRET=1', 'run.sh': '#!/bin/sh\n' });
  chmodSync(path.join(at.workspacePath, 'run.sh'), 0o755);
  symlinkSync('a.txt', path.join(at.workspacePath, 'inside'));
  symlinkSync('/etc/passwd', path.join(at.workspacePath, 'outside'));
  const copy = await at.worktrees.create('one', signal);
  assert.deepEqual(treeOf(copy.path), {
    'a.txt': 'a',
    inside: 'link',
    'run.sh': 'x #!/bin/sh\n',
    src: 'folder',
    'src/b.txt': 'b',
  });
  assert.deepEqual(await copy.changes(), []);
  writeFileSync(path.join(copy.path, 'src/b.txt'), 'B');
  rmSync(path.join(copy.path, 'a.txt'));
  writeFileSync(path.join(copy.path, 'new.txt'), 'n');
  copy.wrote(null);
  const changes = await copy.changes();
  const told = [];
  for (const { path: name, baseHash, afterHash } of changes) {
    const text = async (hash: string | null) =>
      hash === null ? null : (await at.blobs.get(hash)).toString();
    told.push([name, await text(baseHash), await text(afterHash)]);
  }
  assert.deepEqual(told, [
    ['a.txt', 'a', null],
    ['new.txt', null, 'n'],
    ['src/b.txt', 'b', 'B'],
  ]);
});

test('only what was said to be written is looked at; a program may have written anything', async () => {
  using at = place({ 'a.txt': 'a', 'b.txt': 'b' });
  const copy = await at.worktrees.create('one', signal);
  const names = async () => (await copy.changes()).map((change) => change.path);
  writeFileSync(path.join(copy.path, 'a.txt'), 'A');
  writeFileSync(path.join(copy.path, 'b.txt'), 'B');
  assert.deepEqual(await names(), []);
  copy.wrote('a.txt');
  assert.deepEqual(await names(), ['a.txt']);
  copy.wrote(null);
  assert.deepEqual(await names(), ['a.txt', 'b.txt']);
  writeFileSync(path.join(copy.path, 'a.txt'), 'a');
  copy.wrote('a.txt');
  assert.deepEqual(await names(), ['b.txt']);
  copy.othersWrite();
  writeFileSync(path.join(copy.path, 'c.txt'), 'c');
  assert.deepEqual(await names(), ['b.txt', 'c.txt']);
});

test('the list of files is what is there now, without folders that programs make', async () => {
  using at = place({ 'a.txt': 'a', 'src/b.txt': 'b', 'node_modules/x/index.js': 'x', 'c.txt': 'c' });
  const copy = await at.worktrees.create('one', signal);
  assert.deepEqual(await copy.list(), ['a.txt', 'c.txt', 'src/b.txt']);
  rmSync(path.join(copy.path, 'a.txt'));
  writeFileSync(path.join(copy.path, 'src/a.txt'), 'new');
  writeFileSync(path.join(copy.path, 'c.txt'), 'C');
  copy.wrote(null);
  assert.deepEqual(await copy.list(), ['c.txt', 'src/a.txt', 'src/b.txt']);
});

test('a file that is written through a link is found under its own name', async () => {
  using at = place({ 'real/a.txt': 'a' });
  symlinkSync('real', path.join(at.workspacePath, 'linked'));
  const copy = await at.worktrees.create('one', signal);
  copy.wrote('linked/a.txt');
  writeFileSync(path.join(copy.path, 'linked/a.txt'), 'A');
  copy.wrote('linked/a.txt');
  assert.deepEqual(
    (await copy.changes()).map((change) => change.path),
    ['real/a.txt'],
  );
});

test('a program that keeps size and time of a file does not hide its change', async () => {
  using at = place({ 'a.txt': 'aaaa' });
  const copy = await at.worktrees.create('one', signal);
  const file = path.join(copy.path, 'a.txt');
  const { atime, mtime } = statSync(file);
  writeFileSync(file, 'bbbb');
  utimesSync(file, atime, mtime);
  copy.wrote(null);
  assert.deepEqual(
    (await copy.changes()).map((change) => change.path),
    ['a.txt'],
  );
});

test('what the user changes meanwhile does not touch what the copy began with', async () => {
  using at = place({ 'a.txt': 'a' });
  const copy = await at.worktrees.create('one', signal);
  at.write('a.txt', 'the user');
  assert.equal((await copy.base('a.txt'))?.toString(), 'a');
  assert.equal(await copy.base('none.txt'), null);
  const again = await at.worktrees.open('one');
  assert.equal((await again?.base('a.txt'))?.toString(), 'a');
  assert.deepEqual(await again?.changes(), []);
});

test('a copy that waited is made exactly what the project is now', async () => {
  using at = place({
    'same.txt': 'same',
    'changed.txt': 'old',
    'gone/deep/file.txt': 'gone',
    'becomes-folder': 'file',
    'becomes-file/inside.txt': 'x',
    'spoilt.txt': 'good',
    'node_modules/pack/index.js': 'good',
  });
  const first = await at.worktrees.create('one', signal);
  const inodeOf = (copy: { path: string }) => lstatSync(copy.path).ino;
  const inode = inodeOf(first);
  // What a task and its programs leave behind.
  appendFileSync(path.join(first.path, 'spoilt.txt'), 'bad');
  writeFileSync(path.join(first.path, 'node_modules/pack/index.js'), 'evil');
  mkdirSync(path.join(first.path, 'left/over'), { recursive: true });
  writeFileSync(path.join(first.path, 'left/over/file'), 'x');
  symlinkSync('/etc', path.join(first.path, 'way-out'));
  rmSync(path.join(first.path, 'gone'), { recursive: true });
  chmodSync(path.join(first.path, 'node_modules'), 0o777);
  await at.worktrees.release('one');
  // What the user does meanwhile.
  at.write('changed.txt', 'new');
  rmSync(path.join(at.workspacePath, 'gone'), { recursive: true });
  rmSync(path.join(at.workspacePath, 'becomes-folder'));
  at.write('becomes-folder/inside.txt', 'now');
  rmSync(path.join(at.workspacePath, 'becomes-file'), { recursive: true });
  at.write('becomes-file', 'now');
  at.write('added/file.txt', 'added');
  const second = await at.worktrees.create('two', signal);
  assert.deepEqual(treeOf(second.path), treeOf(at.workspacePath));
  assert.equal(inodeOf(second), inode, 'it is the same copy');
  assert.deepEqual(await second.changes(), []);
  second.wrote(null);
  assert.deepEqual(await second.changes(), []);
  for (const name of ['changed.txt', 'spoilt.txt', 'becomes-file', 'added/file.txt', 'same.txt']) {
    const expected = readFileSync(path.join(at.workspacePath, name), 'utf8');
    assert.equal((await second.base(name))?.toString(), expected, name);
  }
  assert.equal(lstatSync(path.join(second.path, 'node_modules')).mode & 0o777, 0o755);
});

test('a secret that one task was given is not in the copy of the next', async () => {
  using at = place({ '.env': 'SECRET=1', 'a.txt': 'a' });
  const first = await at.worktreesFor(['.env']).create('one', signal);
  assert.equal(readFileSync(path.join(first.path, '.env'), 'utf8'), 'SECRET=1');
  await at.worktrees.release('one');
  const second = await at.worktrees.create('two', signal);
  assert.deepEqual(treeOf(second.path), { 'a.txt': 'a' });
});

test('a task that begins again gets a folder of its own: the process that lost it may still write to the old one', async () => {
  using at = place({ 'a.txt': 'a' });
  const first = await at.worktrees.create('one', signal);
  const before = lstatSync(first.path).ino;
  const moved = path.join(at.areaPath, 'trash');
  const second = await at.worktrees.create('one', signal);
  assert.notEqual(lstatSync(second.path).ino, before);
  assert.equal(readdirSync(moved).length, 1);
  await at.worktrees.keepOnly(async () => new Set(['one']), signal);
  assert.equal(readdirSync(moved).length, 0);
  assert.ok(existsSync(second.path));
});

test('no more copies wait than the settings say, and what is abandoned goes', async () => {
  using at = place({ 'a.txt': 'a' });
  for (const name of ['one', 'two', 'three']) await at.worktrees.create(name, signal);
  await at.worktrees.release('one');
  await at.worktrees.release('two');
  await at.worktrees.keepOnly(async () => new Set(), signal);
  assert.deepEqual(readdirSync(path.join(at.areaPath, 'worktrees')), []);
  assert.deepEqual(readdirSync(path.join(at.areaPath, 'spare')), ['one']);
  assert.deepEqual(readdirSync(path.join(at.areaPath, 'trash')), []);
  assert.deepEqual(readdirSync(path.join(at.areaPath, 'manifests')).toSorted(), ['one.json', 'one.pack']);
});

test('a copy whose list is gone or was written by another version is not used again', async () => {
  using at = place({ 'a.txt': 'a' });
  for (const [name, spoil] of [
    ['gone', (file: string) => rmSync(file)],
    ['old', (file: string) => writeFileSync(file, '[["a.txt",{"hash":"x"}]]')],
  ] as const) {
    await at.worktrees.create(name, signal);
    await at.worktrees.release(name);
    spoil(path.join(at.areaPath, 'manifests', `${name}.json`));
    const next = await at.worktrees.create('next', signal);
    assert.deepEqual(treeOf(next.path), { 'a.txt': 'a' });
    assert.equal(await at.worktrees.open(name), null);
    await at.worktrees.discard('next');
  }
});

test('a project that is too large is refused with the limits, and leaves nothing in the way', async () => {
  using at = place(Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`f${index}`, 'x'])));
  await assert.rejects(at.worktreesFor([], { files: 20 }).create('one', signal), (error) => {
    assert.ok(isFault(error, 'agents.project_too_large'));
    assert.equal(error.data.limitFiles, 20);
    return true;
  });
  const copy = await at.worktreesFor([], { files: 30 }).create('one', signal);
  assert.equal(Object.keys(treeOf(copy.path)).length, 30);
});

test('a folder that a program has moved away while nobody looked is put back', async () => {
  using at = place({ 'src/a/one.txt': '1', 'src/b/two.txt': '2' });
  const first = await at.worktrees.create('one', signal);
  renameSync(path.join(first.path, 'src/a'), path.join(first.path, 'src/c'));
  await at.worktrees.release('one');
  const second = await at.worktrees.create('two', signal);
  assert.deepEqual(treeOf(second.path), treeOf(at.workspacePath));
});

test('a copy that no task uses waits for some days only, or for as long as there is room', async (t) => {
  t.after(() => {
    clock.ms = Date.now();
  });
  using at = place({ 'a.txt': 'a' });
  const day = 86_400_000;
  const begun = clock.ms;
  const spare = () => readdirSync(path.join(at.areaPath, 'spare'));
  const left = () => readdirSync(path.join(at.areaPath, 'manifests'));
  await at.worktrees.create('one', signal);
  clock.ms = begun + day;
  await at.worktrees.release('one');
  await at.worktrees.expire(begun + day - 1);
  assert.deepEqual(spare(), ['one']);
  await at.worktrees.expire(begun + day + 2_000);
  assert.deepEqual([spare(), left()], [[], []]);
  await at.worktrees.keepOnly(async () => new Set(), signal);
  assert.deepEqual(readdirSync(path.join(at.areaPath, 'trash')), []);
  // One that is used again begins to wait anew.
  await at.worktrees.create('two', signal);
  await at.worktrees.release('two');
  const copy = await at.worktrees.create('three', signal);
  await at.worktrees.expire(Number.POSITIVE_INFINITY);
  assert.deepEqual(treeOf(copy.path), { 'a.txt': 'a' });
  assert.deepEqual(await copy.changes(), []);
});

test('tidying up leaves alone the copy that a task makes meanwhile', async () => {
  using at = place({ 'a.txt': 'a' });
  await at.worktrees.create('ended', signal);
  let made:
    | { changes(): Promise<readonly { path: string }[]>; wrote(path: string): void; path: string }
    | undefined;
  await at.worktrees.keepOnly(async () => {
    // Who is under way was told before this task was taken from the queue.
    made = await at.worktrees.create('next', signal);
    return new Set();
  }, signal);
  assert.deepEqual(readdirSync(path.join(at.areaPath, 'worktrees')), ['next']);
  assert.ok(made !== undefined);
  writeFileSync(path.join(made.path, 'a.txt'), 'A');
  made.wrote('a.txt');
  assert.deepEqual(
    (await made.changes()).map((change) => change.path),
    ['a.txt'],
  );
});
