import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { deflateSync } from 'node:zlib';
import { isFault } from '#base/fault.ts';
import { createProjectFolders } from './folders.ts';
import { createGit } from './git/git.ts';
import { readCommittedFile } from './git/inspect.ts';
import { readStatus } from './git/status.ts';
import { gitProject } from './testing/git-project.ts';
import { type ProjectWorld, projectWorld } from './testing/project-world.ts';

let shared: ProjectWorld;
before(async () => {
  shared = await projectWorld();
});
after(() => shared[Symbol.asyncDispose]());

const begin = () => gitProject(shared);

/** Every setting of a repository that makes git run a program, with the files they need. */
function plantTraps(workspace: string, mark: string): void {
  const trap = path.join(workspace, 'trap.sh');
  writeFileSync(trap, `#!/bin/sh\necho ran >> ${mark}\ntouch /workspace/ran ${workspace}/ran\ncat\nexit 0\n`);
  chmodSync(trap, 0o755);
  const inside = `sh -c "touch ${mark} /workspace/ran ${workspace}/ran; cat"`;
  const set = (name: string, value: string) =>
    execFileSync('git', ['config', '--file', path.join(workspace, '.git/config'), name, value]);
  for (const name of [
    'core.fsmonitor',
    'core.sshCommand',
    'core.pager',
    'core.editor',
    'core.askPass',
    'core.alternateRefsCommand',
    'diff.external',
    'gpg.program',
    'filter.trap.clean',
    'filter.trap.smudge',
    'filter.trap.process',
    'diff.trap.textconv',
    'diff.trap.command',
    'merge.trap.driver',
    'credential.helper',
    'sequence.editor',
    'alias.status',
  ])
    set(name, inside);
  set('core.hooksPath', path.join(workspace, 'hooks'));
  set('commit.gpgSign', 'true');
  set('filter.trap.required', 'true');
  set('include.path', path.join(workspace, 'included'));
  writeFileSync(path.join(workspace, 'included'), `[core]\n\tfsmonitor = ${inside}\n`);
  mkdirSync(path.join(workspace, 'hooks'), { recursive: true });
  mkdirSync(path.join(workspace, '.git/hooks'), { recursive: true });
  for (const hook of [
    'pre-commit',
    'post-checkout',
    'post-commit',
    'reference-transaction',
    'post-index-change',
    'prepare-commit-msg',
    'commit-msg',
  ]) {
    for (const folder of ['hooks', '.git/hooks']) {
      writeFileSync(
        path.join(workspace, folder, hook),
        `#!/bin/sh\ntouch ${mark} /workspace/ran ${workspace}/ran\n`,
      );
      chmodSync(path.join(workspace, folder, hook), 0o755);
    }
  }
  writeFileSync(path.join(workspace, '.gitattributes'), '* filter=trap diff=trap merge=trap\n');
  mkdirSync(path.join(workspace, '.git/info'), { recursive: true });
  writeFileSync(path.join(workspace, '.git/info/attributes'), '* filter=trap diff=trap\n');
}

test('nothing that a program wrote into the repository’s settings runs', async () => {
  const { workspace, person, projectId, put, commit, status } = await begin();
  const mark = path.join(shared.world.dataDir, 'trap-ran');
  plantTraps(workspace, mark);
  put('file', 'content');
  await status();
  await person.call('project.git.diff', { projectId });
  await commit('With traps set');
  await person.call('project.git.branch', { projectId, create: 'other' });
  put('file', 'changed');
  await person.call('project.git.restore', { projectId, paths: ['file'] });
  await person.call('project.git.checkout', { projectId, revision: 'other' });
  await person.call('project.git.log', { projectId });
  await person.call('project.open', { id: projectId });
  assert.equal(existsSync(mark), false, 'outside');
  assert.equal(existsSync(path.join(workspace, 'ran')), false, 'inside');
  assert.equal((await person.call('project.git.file', { projectId, path: 'file' })).content, 'content');
});

test('where git cannot be confined, a repository with such settings is refused, an ordinary one works', async () => {
  const { workspace, projectId } = await begin();
  const folder = createProjectFolders(shared.world.dataDir).of(projectId);
  const git = createGit({ confinement: { kind: 'none' }, timeoutMs: 10_000, now: Date.now });
  assert.equal((await readStatus(git, folder)).branch, 'main');
  const mark = path.join(shared.world.dataDir, 'unconfined-ran');
  plantTraps(workspace, mark);
  await assert.rejects(readStatus(git, folder), (error) => isFault(error, 'projects.git_isolation_missing'));
  assert.equal(existsSync(mark), false);
});

/** A repository inside of the workspace whose own settings run a program as soon as anybody asks for its state. */
function plantInside(workspace: string, mark: string): void {
  const inside = path.join(workspace, 'inside');
  const git = (...args: string[]) => execFileSync('git', ['-C', inside, '-c', 'safe.directory=*', ...args]);
  mkdirSync(inside);
  git('init', '-q');
  writeFileSync(path.join(inside, 'file'), 'one');
  git('add', '.');
  git('-c', 'user.name=T', '-c', 'user.email=t@example.org', 'commit', '-qm', 'inside');
  const program = `sh -c "touch ${mark} /workspace/ran ${workspace}/ran; cat"`;
  git('config', 'filter.trap.clean', program);
  git('config', 'core.fsmonitor', program);
  mkdirSync(path.join(inside, '.git/info'), { recursive: true });
  writeFileSync(path.join(inside, '.git/info/attributes'), '* filter=trap\n');
}

test('a repository inside of the repository runs nothing when the one around it is committed', async () => {
  const { workspace, person, projectId, put, get, commit, status, git } = await begin();
  const mark = path.join(shared.world.dataDir, 'inside-ran');
  plantInside(workspace, mark);
  put('.gitmodules', '[submodule "inside"]\n\tpath = inside\n\turl = ./inside\n\tignore = none\n');
  await commit('With a repository inside');
  assert.match(git('ls-files', '--stage'), /^160000 .*\tinside$/m);
  put('inside/file', 'two');
  put('file', 'content');
  await status();
  await person.call('project.git.diff', { projectId });
  await commit('Once more');
  put('file', 'changed');
  await commit('A single file', ['file', 'inside']);
  await person.call('project.git.restore', { projectId, paths: ['file'], revision: 'HEAD~1' });
  assert.equal(existsSync(mark), false, 'outside');
  assert.equal(existsSync(path.join(workspace, 'ran')), false, 'inside');
  assert.equal(get('file'), 'content');
});

test('where git cannot be confined, nothing leads it to another project: no alternates, links, or repositories elsewhere', async () => {
  const { projectId, workspace } = await begin();
  const other = await begin();
  const folder = createProjectFolders(shared.world.dataDir).of(projectId);
  const git = createGit({ confinement: { kind: 'none' }, timeoutMs: 10_000, now: Date.now });
  const theirs = path.join(other.workspace, '.git');
  const secret = other.git('rev-parse', 'HEAD:package.json').trim();
  const reads = () => readCommittedFile(git, folder, { revision: 'HEAD', path: 'package.json' });
  const refused = (error: unknown) => isFault(error, 'projects.git_isolation_missing');
  const at = (...names: string[]) => path.join(workspace, ...names);
  const plant: Record<string, () => string> = {
    alternates() {
      mkdirSync(at('.git/objects/info'), { recursive: true });
      writeFileSync(at('.git/objects/info/alternates'), `${theirs}/objects\n`);
      return at('.git/objects/info/alternates');
    },
    'a link in .git'() {
      symlinkSync(`${theirs}/refs/heads`, at('.git/refs/remotes'));
      return at('.git/refs/remotes');
    },
    'a repository inside that is a file'() {
      mkdirSync(at('nested'));
      writeFileSync(at('nested/.git'), `gitdir: ${theirs}\n`);
      return at('nested');
    },
    'a repository inside with other settings'() {
      mkdirSync(at('nested/.git'), { recursive: true });
      writeFileSync(at('nested/.git/commondir'), `${theirs}\n`);
      return at('nested');
    },
    'a pipe in .git'() {
      execFileSync('mkfifo', [at('.git/info-pipe')]);
      return at('.git/info-pipe');
    },
  };
  rmSync(at('.git/refs/remotes'), { recursive: true, force: true });
  for (const [name, make] of Object.entries(plant)) {
    const planted = make();
    await assert.rejects(reads(), refused, name);
    await assert.rejects(git.run(folder, { args: ['cat-file', '-p', secret] }), refused, name);
    rmSync(planted, { recursive: true });
    assert.match((await reads()).content, /"name"/, name);
  }
});

test('no variable of the server’s own environment leads git elsewhere', async () => {
  const { projectId, git: terminal } = await begin();
  const other = await begin();
  other.put('theirs', 'of another project');
  await other.commit('A file that the other project alone has');
  const folder = createProjectFolders(shared.world.dataDir).of(projectId);
  const git = createGit({ confinement: { kind: 'none' }, timeoutMs: 10_000, now: Date.now });
  const blob = other.git('rev-parse', 'HEAD:theirs').trim();
  const theirs = path.join(other.workspace, '.git');
  const planted = {
    GIT_ALTERNATE_OBJECT_DIRECTORIES: `${theirs}/objects`,
    GIT_OBJECT_DIRECTORY: `${theirs}/objects`,
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'user.name',
    GIT_CONFIG_VALUE_0: 'planted',
    GIT_CONFIG_PARAMETERS: "'user.name'='planted'",
  };
  Object.assign(process.env, planted);
  try {
    await assert.rejects(git.run(folder, { args: ['cat-file', '-p', blob] }), (error) =>
      isFault(error, 'projects.git_failed'),
    );
    const { exitCode } = await git.run(folder, { args: ['config', 'user.name'], accepts: [1] });
    assert.equal(exitCode, 1);
  } finally {
    for (const name of Object.keys(planted)) delete process.env[name];
  }
  assert.match(terminal('log', '--format=%s'), /./);
});

test('an object that claims to be three gigabytes takes no memory of the server', async () => {
  const { projectId, workspace } = await begin();
  const folder = createProjectFolders(shared.world.dataDir).of(projectId);
  const git = createGit({ confinement: { kind: 'none' }, timeoutMs: 10_000, now: Date.now });
  const id = 'ab'.repeat(20);
  mkdirSync(path.join(workspace, '.git/objects/ab'), { recursive: true });
  const object = deflateSync(`commit ${3 * 1024 ** 3}\0and then nothing`);
  writeFileSync(path.join(workspace, '.git/objects', 'ab', id.slice(2)), object);
  const { stderr } = await git.run(folder, { args: ['cat-file', '-p', id], accepts: [128] });
  assert.match(stderr, /out of memory/i);
});

test('a .git that leads elsewhere is refused, also through commondir and links', async () => {
  const { workspace, status, projectId } = await begin();
  const elsewhere = path.join(shared.world.dataDir, `elsewhere-${projectId}`);
  const broken = (error: unknown) => isFault(error, 'projects.git_broken');
  renameSync(path.join(workspace, '.git'), elsewhere);
  await assert.rejects(status(), broken);
  symlinkSync(elsewhere, path.join(workspace, '.git'));
  await assert.rejects(status(), broken);
  rmSync(path.join(workspace, '.git'));
  writeFileSync(path.join(workspace, '.git'), `gitdir: ${elsewhere}\n`);
  await assert.rejects(status(), broken);
  rmSync(path.join(workspace, '.git'));
  mkdirSync(path.join(workspace, '.git'));
  writeFileSync(path.join(workspace, '.git/commondir'), elsewhere);
  await assert.rejects(status(), broken);
});

test('git sees no file outside of the workspace, whatever links and alternates say', async () => {
  const { workspace, put, commit, person, projectId } = await begin();
  const secret = path.join(shared.world.dataDir, 'secret.txt');
  writeFileSync(secret, 'a secret of the host');
  mkdirSync(path.join(workspace, '.git/info'), { recursive: true });
  rmSync(path.join(workspace, '.git/logs'), { recursive: true, force: true });
  mkdirSync(path.join(workspace, '.git/logs'));
  // The reflog is appended to through a link by a git that is not confined.
  symlinkSync(secret, path.join(workspace, '.git/logs/HEAD'));
  put('file', 'x');
  await commit('x').catch(() => undefined);
  assert.equal(readFileSync(secret, 'utf8'), 'a secret of the host');
  rmSync(path.join(workspace, '.git/logs'), { recursive: true });
  rmSync(path.join(workspace, '.git/index'));
  symlinkSync(secret, path.join(workspace, '.git/index'));
  await person.call('project.git.commit', { projectId, message: 'y' }).catch(() => undefined);
  assert.equal(readFileSync(secret, 'utf8'), 'a secret of the host');
});

test('a pipe where git expects a file is named at once, instead of keeping git waiting', async () => {
  const { workspace, status, commit, put, person, projectId } = await begin();
  put('file', 'content');
  put('folder/file', 'content');
  const place = (name: string) => path.join(workspace, name);
  for (const name of [
    '.gitignore',
    'folder/.gitattributes',
    '.git/index',
    '.git/HEAD',
    '.git/info/exclude',
  ]) {
    const kept = existsSync(place(name)) ? readFileSync(place(name)) : null;
    rmSync(place(name), { force: true });
    mkdirSync(path.dirname(place(name)), { recursive: true });
    execFileSync('mkfifo', [place(name)]);
    const named = (error: unknown) =>
      isFault(error, 'projects.git_broken') && String(error.data.reason).startsWith(`${name} is no ordinary`);
    await assert.rejects(name === 'folder/.gitattributes' ? commit('x') : status(), named, name);
    const { project } = await person.call('project.open', { id: projectId });
    assert.equal(project.id, projectId, 'the project opens, so that the pipe can be deleted');
    rmSync(place(name));
    if (kept !== null) writeFileSync(place(name), kept);
  }
  assert.equal((await status()).branch, 'main');
});
