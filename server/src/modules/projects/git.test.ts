import assert from 'node:assert/strict';
import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { isFault } from '#base/fault.ts';
import { gitProject } from './testing/git-project.ts';
import { type ProjectWorld, projectWorld } from './testing/project-world.ts';

let shared: ProjectWorld;
before(async () => {
  shared = await projectWorld();
});
after(() => shared[Symbol.asyncDispose]());

const begin = () => gitProject(shared);

test('status tells what is new, changed, renamed and deleted, with names of any kind', async () => {
  const { put, status, git, workspace } = await begin();
  put('ä ö\t"quoted".txt', 'new');
  put('src/main.ts', 'changed');
  rmSync(path.join(workspace, 'tsconfig.json'));
  git('mv', 'src/words.ts', 'src/terms.ts');
  const { files, branch, clean } = await status();
  assert.equal(branch, 'main');
  assert.equal(clean, false);
  const byPath = Object.fromEntries(files.map((file) => [file.path, [file.index, file.worktree, file.from]]));
  assert.deepEqual(byPath, {
    'ä ö\t"quoted".txt': ['?', '?', null],
    'src/main.ts': ['.', 'M', null],
    'tsconfig.json': ['.', 'D', null],
    'src/terms.ts': ['R', '.', 'src/words.ts'],
  });
});

test('commits everything or the named files, in the name of the caller', async () => {
  const { put, commit, person, projectId, status } = await begin();
  put('one', '1');
  put('two', '2');
  const first = await commit('Only one', ['one']);
  assert.equal(first.changedFiles, 1);
  assert.equal(first.branch, 'main');
  assert.deepEqual(
    (await status()).files.map((file) => file.path),
    ['two'],
  );
  await commit('# a heading\n\nand a body');
  const { commits } = await person.call('project.git.log', { projectId });
  assert.deepEqual(
    commits.map((entry) => entry.message),
    ['# a heading\n\nand a body', 'Only one', 'Begin'],
  );
  assert.equal(commits[0]?.authorName, person.principal.username);
  await assert.rejects(commit('nothing'), (error) => isFault(error, 'projects.git_nothing_to_commit'));
  assert.equal((await person.call('project.git.file', { projectId, path: 'two' })).content, '2');
});

test('diffs working files and revisions, and pages through the log', async () => {
  const { put, commit, person, projectId } = await begin();
  for (const content of ['a\n', 'a\nb\n', 'a\nb\nc\n']) {
    put('file', content);
    await commit(`file is ${content.length} long`);
  }
  put('file', 'a\nc\n');
  const working = await person.call('project.git.diff', { projectId });
  assert.match(working.diff, /^-b$/m);
  assert.deepEqual(working.files, [{ path: 'file', addedLines: 0, removedLines: 1 }]);
  const between = await person.call('project.git.diff', { projectId, from: 'HEAD~2', to: 'HEAD' });
  assert.deepEqual(between.files, [{ path: 'file', addedLines: 2, removedLines: 0 }]);
  const page = await person.call('project.git.log', { projectId, limit: 3 });
  put('file', 'later');
  await commit('later');
  const rest = await person.call('project.git.log', { projectId, limit: 3, cursor: page.nextCursor ?? '' });
  assert.deepEqual(
    rest.commits.map((entry) => entry.message),
    ['Begin'],
  );
  assert.equal(rest.nextCursor, null);
});

test('creates, switches and deletes branches, and loses no commit by that', async () => {
  const { put, commit, person, projectId, get, status } = await begin();
  const branch = (params: object) => person.call('project.git.branch', { projectId, ...params });
  await branch({ create: 'feature/one' });
  await person.call('project.git.checkout', { projectId, revision: 'feature/one' });
  put('new', 'on the branch');
  await commit('on the branch');
  await assert.rejects(branch({ delete: 'feature/one' }), (error) =>
    isFault(error, 'projects.git_branch_in_use'),
  );
  await person.call('project.git.checkout', { projectId, revision: 'main' });
  await assert.rejects(branch({ delete: 'feature/one' }), (error) =>
    isFault(error, 'projects.git_branch_in_use'),
  );
  await assert.rejects(branch({ create: 'main' }), (error) => isFault(error, 'projects.git_branch_exists'));
  put('new', 'not committed');
  await assert.rejects(
    person.call('project.git.checkout', { projectId, revision: 'feature/one' }),
    (error) => isFault(error, 'projects.git_would_overwrite') && error.data.paths === 'new',
  );
  assert.equal(get('new'), 'not committed');
  assert.equal((await status()).branch, 'main');
  assert.deepEqual(
    (await branch({ delete: 'feature/one', force: true })).branches.map((entry) => entry.name),
    ['main'],
  );
});

test('switching branches overwrites no file that is ignored, such as local secrets', async () => {
  const { put, get, git, person, projectId, commit } = await begin();
  git('checkout', '-q', '-b', 'other');
  put('.env', 'committed by mistake');
  git('add', '--force', '.env');
  await commit('Other');
  await person.call('project.git.checkout', { projectId, revision: 'main' });
  put('.gitignore', '.env\n');
  await commit('Ignore');
  put('.env', 'KEY=mine');
  await assert.rejects(
    person.call('project.git.checkout', { projectId, revision: 'other' }),
    (error) => isFault(error, 'projects.git_would_overwrite') && error.data.paths === '.env',
  );
  assert.equal(get('.env'), 'KEY=mine');
});

test('restoring a file keeps what it held in the file history', async () => {
  const { put, person, projectId, get } = await begin();
  const before = get('src/main.ts');
  put('src/main.ts', 'an hour of work');
  const status = await person.call('project.git.restore', { projectId, paths: ['src/main.ts'] });
  assert.equal(status.clean, true);
  assert.equal(get('src/main.ts'), before);
  const { versions } = await person.call('project.file.history', { projectId, path: 'src/main.ts' });
  const version = await person.call('project.file.version', {
    projectId,
    versionId: versions[0]?.versionId ?? '',
  });
  assert.equal(version.content, 'an hour of work');
});

test('refuses revisions that git would take for options, ranges or commands', async () => {
  const { person, projectId } = await begin();
  for (const revision of [
    '--output=/tmp/x',
    '-p',
    'main..other',
    'HEAD:file',
    '@{-1',
    ' ',
    'a b',
    'x\ny',
    '$(id)',
  ]) {
    await assert.rejects(
      person.call('project.git.checkout', { projectId, revision }),
      (error) => isFault(error, 'common.invalid_params') || isFault(error, 'projects.git_unknown_revision'),
      revision,
    );
  }
  for (const create of ['-d', '--all', 'a..b', 'a.lock', 'a//b', '/a', 'a/', 'a b', '@{x}']) {
    await assert.rejects(
      person.call('project.git.branch', { projectId, create }),
      (error) => isFault(error, 'common.invalid_params'),
      create,
    );
  }
  const paths = ['--source=main', ':(top)x'];
  await assert.rejects(person.call('project.git.restore', { projectId, paths }), (error) => isFault(error));
});

test('a lock that a killed git left is removed when it is old, and respected when it is new', async () => {
  const { workspace, put, commit } = await begin();
  const lock = path.join(workspace, '.git/index.lock');
  put('file', 'x');
  writeFileSync(lock, '');
  await assert.rejects(commit('locked'), (error) => isFault(error, 'projects.git_failed'));
  const old = new Date(Date.now() - 3_600_000);
  utimesSync(lock, old, old);
  assert.equal((await commit('unlocked')).changedFiles, 1);
});

test('whoever deletes .git begins a new history with the next commit', async () => {
  const { workspace, commit, person, projectId } = await begin();
  rmSync(path.join(workspace, '.git'), { recursive: true });
  const opened = await person.call('project.open', { id: projectId });
  assert.equal(opened.git, null);
  await commit('Again');
  const { commits } = await person.call('project.git.log', { projectId });
  assert.deepEqual(
    commits.map((entry) => entry.message),
    ['Again'],
  );
});

test('commits made in the terminal appear, and the other way round', async () => {
  const { git, put, commit, person, projectId } = await begin();
  put('one', '1');
  git('add', '.');
  git('-c', 'user.name=T', '-c', 'user.email=t@example.org', 'commit', '-qm', 'terminal');
  put('two', '2');
  await commit('studio');
  const { commits } = await person.call('project.git.log', { projectId, limit: 2 });
  assert.deepEqual(
    commits.map((entry) => entry.message),
    ['studio', 'terminal'],
  );
  assert.match(git('log', '--format=%s'), /^studio\nterminal\n/);
});
