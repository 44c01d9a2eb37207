import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { isFault } from '#base/fault.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import { authContract } from '#modules/auth/contract.ts';
import { projectsContract } from './contract.ts';
import { type ProjectWorld, projectWorld } from './testing/project-world.ts';

const dayMs = 86_400_000;
const unknown = (error: unknown) => isFault(error, 'projects.unknown');

let shared: ProjectWorld;
before(async () => {
  shared = await projectWorld();
});
after(() => shared[Symbol.asyncDispose]());

for (const name of ['empty', 'node-ts', 'python', 'static-site'] as const) {
  test(`the template ${name} is a git repository whose program runs and whose tests pass`, async () => {
    const person = shared.person();
    const project = await person.call('project.create', { name: `Café & <b>"${name}"`, template: name });
    const opened = await person.call('project.open', { id: project.id });
    assert.equal(opened.git?.branch, 'main');
    assert.equal(opened.git?.clean, true);
    assert.ok(opened.files.some((file) => file.path === '.gitignore'));
    const { templates } = await person.call('project.templates', {});
    const template = templates.find((entry) => entry.name === name);
    assert.ok(opened.files.some((file) => file.path === template?.openFile));
    const cwd = shared.workspaceOf(project.id);
    for (const file of opened.files) {
      assert.doesNotMatch(readFileSync(path.join(cwd, file.path), 'utf8'), /\{(name|packageName|htmlName)\}/);
    }
    const env = {
      PATH: `${path.dirname(process.execPath)}:${process.env.PATH}`,
      PYTHONDONTWRITEBYTECODE: '1',
    };
    if (template?.run) execFileSync(template.run.command, template.run.args, { cwd, env });
    if (name === 'node-ts') execFileSync('node', ['--test'], { cwd, env, stdio: 'pipe' });
    if (name === 'python') execFileSync('python3', ['-m', 'unittest'], { cwd, env, stdio: 'pipe' });
    if (name === 'static-site')
      assert.match(readFileSync(path.join(cwd, 'index.html'), 'utf8'), /Café &#38; &#60;b/);
  });
}

test('whoever is no member gets 404 from every method, an administrator too', async () => {
  const owner = shared.person();
  const { id } = await owner.call('project.create', { name: 'secret' });
  const saved = await owner.call('project.file.save', { projectId: id, path: 'a.txt', content: 'x' });
  assert.ok(saved.etag);
  for (const stranger of [shared.person(), shared.person('admin'), shared.person('viewer')]) {
    const projectId = id;
    const path = 'a.txt';
    const attempts: (() => Promise<unknown>)[] = [
      () => stranger.call('project.open', { id }),
      () => stranger.call('project.rename', { id, name: 'mine' }),
      () => stranger.call('project.delete', { id }),
      () => stranger.call('project.delete', { id, permanently: true }),
      () => stranger.call('project.restore', { id }),
      () => stranger.call('project.export', { id }),
      () => stranger.call('project.file.save', { projectId, path, content: 'y' }),
      () => stranger.call('project.file.history', { projectId, path }),
      () => stranger.call('project.file.version', { projectId, versionId: '1' }),
      () => stranger.call('project.file.revert', { projectId, versionId: '1' }),
      () => stranger.call('project.file.deleted', { projectId }),
      () => stranger.call('project.git.status', { projectId }),
      () => stranger.call('project.git.diff', { projectId }),
      () => stranger.call('project.git.log', { projectId }),
      () => stranger.call('project.git.file', { projectId, path }),
      () => stranger.call('project.git.commit', { projectId, message: 'm' }),
      () => stranger.call('project.git.branch', { projectId }),
      () => stranger.call('project.git.branch', { projectId, create: 'b' }),
      () => stranger.call('project.git.checkout', { projectId, revision: 'main' }),
      () => stranger.call('project.git.restore', { projectId, paths: [path] }),
      () => stranger.call('project.member.list', { projectId }),
      () => stranger.call('project.member.add', { projectId, username: 'admin' }),
      () => stranger.call('project.member.remove', { projectId, userId: owner.principal.userId }),
      () => stranger.call('project.member.setRole', { projectId, userId: 'x', role: 'owner' }),
      () => stranger.call('project.access', { projectId, userId: stranger.principal.userId, need: 'read' }),
    ];
    for (const attempt of attempts) await assert.rejects(attempt, unknown, String(attempt));
    assert.deepEqual((await stranger.call('project.list', {})).projects, []);
  }
  assert.equal(readFileSync(path.join(shared.workspaceOf(id), 'a.txt'), 'utf8'), 'x');
});

test('a viewer of a project reads, an editor writes, an owner also manages', async () => {
  const [owner, editor, viewer] = await Promise.all([shared.account(), shared.account(), shared.account()]);
  const { id: projectId } = await owner.call('project.create', { name: 'team' });
  await owner.call('project.member.add', { projectId, username: editor.principal.username, role: 'editor' });
  await owner.call('project.member.add', { projectId, username: viewer.principal.username, role: 'viewer' });
  const insufficient = (error: unknown) => isFault(error, 'projects.role_insufficient');

  await editor.call('project.file.save', { projectId, path: 'a', content: 'by editor' });
  await viewer.call('project.open', { id: projectId });
  await assert.rejects(
    viewer.call('project.file.save', { projectId, path: 'a', content: 'x' }),
    insufficient,
  );
  await assert.rejects(viewer.call('project.git.commit', { projectId, message: 'm' }), insufficient);
  await assert.rejects(editor.call('project.rename', { id: projectId, name: 'x' }), insufficient);
  await assert.rejects(editor.call('project.delete', { id: projectId }), insufficient);
  await assert.rejects(
    editor.call('project.member.setRole', { projectId, userId: editor.principal.userId, role: 'owner' }),
    insufficient,
  );

  const { members } = await viewer.call('project.member.list', { projectId });
  assert.deepEqual(
    members.map((member) => [member.username, member.role]).sort(),
    [
      [owner.principal.username, 'owner'],
      [editor.principal.username, 'editor'],
      [viewer.principal.username, 'viewer'],
    ].sort(),
  );

  await viewer.call('project.member.remove', { projectId, userId: viewer.principal.userId });
  await assert.rejects(viewer.call('project.open', { id: projectId }), unknown);
  await owner.call('project.member.remove', { projectId, userId: editor.principal.userId });
  await assert.rejects(editor.call('project.file.save', { projectId, path: 'a', content: 'x' }), unknown);
});

test('a member with the platform role viewer reads only, whatever the role in the project', async () => {
  const [owner, guest] = await Promise.all([shared.account(), shared.account('viewer')]);
  const { id: projectId } = await owner.call('project.create', { name: 'guests' });
  const username = guest.principal.username;
  await owner.call('project.member.add', { projectId, username, role: 'editor' });
  await guest.call('project.open', { id: projectId });
  const { userId } = guest.principal;
  await guest.call('project.access', { projectId, userId, need: 'read' });
  await assert.rejects(guest.call('project.access', { projectId, userId, need: 'write' }), (error) =>
    isFault(error, 'common.forbidden'),
  );
});

test('the last owner neither leaves nor steps down, also when two do so at once', async () => {
  const [first, second] = await Promise.all([shared.account(), shared.account()]);
  const { id: projectId } = await first.call('project.create', { name: 'owners' });
  const lastOwner = (error: unknown) => isFault(error, 'projects.last_owner');
  const leave = (person: typeof first) =>
    person.call('project.member.remove', { projectId, userId: person.principal.userId });
  await assert.rejects(leave(first), lastOwner);
  const { username } = second.principal;
  await first.call('project.member.add', { projectId, username, role: 'owner' });
  const outcomes = await Promise.allSettled([leave(first), leave(second)]);
  assert.deepEqual(outcomes.map((outcome) => outcome.status).sort(), ['fulfilled', 'rejected']);
  const stayed = outcomes[0]?.status === 'rejected' ? first : second;
  const { project } = await stayed.call('project.open', { id: projectId });
  assert.equal(project.ownerId, stayed.principal.userId);
});

test('as many owners as there are database connections step down at once, and none waits for another', async () => {
  await using small = await projectWorld({ CDS_DATABASE_CONNECTIONS: '2' });
  const [first, second] = [await small.account(), await small.account()];
  const projectIds: string[] = [];
  for (let count = 0; count < 4; count += 1) {
    const { id: projectId } = await first.call('project.create', { name: 'shared' });
    await first.call('project.member.add', { projectId, username: second.principal.username, role: 'owner' });
    projectIds.push(projectId);
  }
  const { userId } = first.principal;
  const changes = projectIds.map((projectId) =>
    first.call('project.member.setRole', { projectId, userId, role: 'editor' }),
  );
  assert.equal((await Promise.all(changes)).length, 4);
});

test('an unknown user name is told to the owner', async () => {
  const owner = await shared.account();
  const { id: projectId } = await owner.call('project.create', { name: 'x' });
  await assert.rejects(owner.call('project.member.add', { projectId, username: 'nobody-here' }), (error) =>
    isFault(error, 'projects.user_unknown'),
  );
});

test('lists projects page by page, newest first', async () => {
  const person = shared.person();
  for (let index = 0; index < 5; index += 1) {
    shared.world.clock.advance(5);
    await person.call('project.create', { name: `p${index}` });
  }
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await person.call('project.list', { limit: 2, ...(cursor === undefined ? {} : { cursor }) });
    names.push(...page.projects.map((project) => project.name));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  assert.deepEqual(names, ['p4', 'p3', 'p2', 'p1', 'p0']);
});

test('a deleted project is gone for everybody, comes back whole, and is purged after its time', async () => {
  await using own = await projectWorld();
  const person = own.person();
  const { id } = await person.call('project.create', { name: 'phoenix' });
  await person.call('project.file.save', { projectId: id, path: 'a', content: 'ashes' });
  const deleted = await person.call('project.delete', { id });
  assert.equal(Date.parse(deleted.restorableUntil) - Date.parse(deleted.deletedAt), 30 * dayMs);
  await assert.rejects(person.call('project.open', { id }), unknown);
  assert.deepEqual((await person.call('project.list', {})).projects, []);
  assert.equal((await person.call('project.deleted', {})).projects[0]?.id, id);
  await assert.rejects(own.person().call('project.restore', { id }), unknown);
  await person.call('project.restore', { id });
  assert.ok((await person.call('project.open', { id })).files.some((file) => file.path === 'a'));

  await person.call('project.delete', { id });
  own.world.clock.advance(31 * dayMs);
  await assert.rejects(person.call('project.restore', { id }), unknown);
  await own.world.platform.composition.runtimes.get('projects')?.recover?.();
  assert.equal(existsSync(own.workspaceOf(id)), false);
  assert.deepEqual((await person.call('project.deleted', {})).projects, []);
});

test('a permanent deletion frees everything at once, also of a project deleted before', async () => {
  const person = shared.person();
  const first = await person.call('project.create', { name: 'first' });
  const second = await person.call('project.create', { name: 'second' });
  await person.call('project.delete', { id: first.id });
  await person.call('project.delete', { id: first.id, permanently: true });
  await person.call('project.delete', { id: second.id, permanently: true });
  assert.equal(existsSync(shared.workspaceOf(first.id)), false);
  assert.equal(existsSync(shared.workspaceOf(second.id)), false);
  assert.deepEqual((await person.call('project.deleted', {})).projects, []);
});

test('folders that a crash left behind without a project are removed at the next start', async () => {
  await using own = await projectWorld();
  const person = own.person();
  const kept = await person.call('project.create', { name: 'kept' });
  const orphan = path.join(own.world.dataDir, 'projects', '01900000-0000-7000-8000-000000000000');
  mkdirSync(path.join(orphan, 'workspace'), { recursive: true });
  own.world.clock.advance(2 * 3_600_000);
  await own.world.platform.composition.runtimes.get('projects')?.recover?.();
  assert.equal(existsSync(orphan), false);
  assert.ok(existsSync(own.workspaceOf(kept.id)));
});

test('a deleted account leaves its projects to the longest-standing editor, else they are deleted', async () => {
  const [owner, heir] = await Promise.all([shared.account(), shared.account()]);
  const left = await owner.call('project.create', { name: 'left' });
  const lonely = await owner.call('project.create', { name: 'lonely' });
  await owner.call('project.member.add', { projectId: left.id, username: heir.principal.username });
  const admin = shared.world.call({ role: 'admin' });
  const { userId } = owner.principal;
  await shared.world.client(authContract).call('admin.users.delete', { id: userId }, admin);
  await eventually(async () => {
    const { project } = await heir.call('project.open', { id: left.id });
    assert.equal(project.role, 'owner');
    assert.equal(project.ownerId, heir.principal.userId);
    const rows = await shared.world.database.query<{ deleted: boolean }>({
      text: 'select deleted_at is not null as deleted from projects.project where id = $1',
      values: [lonely.id],
    });
    assert.equal(rows[0]?.deleted, true);
  });
});

test('opening tells languages and sizes, shows generated folders without entering them', async () => {
  const person = shared.person();
  const { id } = await person.call('project.create', { name: 'open', template: 'node-ts' });
  const workspace = shared.workspaceOf(id);
  mkdirSync(path.join(workspace, 'node_modules/left/pad'), { recursive: true });
  writeFileSync(path.join(workspace, 'node_modules/left/index.js'), '');
  mkdirSync(path.join(workspace, 'hollow/inner'), { recursive: true });
  const opened = await person.call('project.open', { id });
  const main = opened.files.find((file) => file.path === 'src/main.ts');
  assert.equal(main?.language, 'typescript');
  assert.equal(main?.size, readFileSync(path.join(workspace, 'src/main.ts')).length);
  assert.deepEqual(opened.folders, ['hollow', 'hollow/inner', 'node_modules']);
  assert.ok(
    !opened.files.some((file) => file.path.startsWith('.git/') || file.path.startsWith('node_modules/')),
  );
});

test('the quota of bytes counts over all projects of a user, what programs wrote included', async () => {
  await using own = await projectWorld({
    CDS_PROJECTS_QUOTA_BYTES: String(2 ** 20),
    CDS_PROJECTS_FILE_BYTES: String(2 ** 20),
    CDS_PROJECTS_COUNT_SECONDS: '1',
  });
  const person = own.person();
  const first = await person.call('project.create', { name: 'first' });
  const second = await person.call('project.create', { name: 'second' });
  const save = (projectId: string, name: string, bytes: number) =>
    person.call('project.file.save', { projectId, path: name, content: 'x'.repeat(bytes) });
  const full = (error: unknown) => isFault(error, 'files.quota_bytes');
  await save(first.id, 'big', 600_000);
  await assert.rejects(save(second.id, 'big', 600_000), full);
  assert.ok(!existsSync(path.join(own.workspaceOf(second.id), 'big')));
  await save(first.id, 'big', 10);
  await save(second.id, 'big', 600_000);

  // A program in the sandbox writes without asking: the exact count notices.
  writeFileSync(path.join(own.workspaceOf(first.id), 'dump'), Buffer.alloc(500_000));
  const { userId } = person.principal;
  await person.call('project.access', { projectId: first.id, userId, need: 'write' });
  let attempt = 0;
  await eventually(() => {
    attempt += 1;
    return assert.rejects(save(first.id, `more${attempt}`, 10), full);
  });
});

test('the number of projects is limited', async () => {
  await using own = await projectWorld({ CDS_PROJECTS_PROJECTS_PER_USER: '1' });
  const person = own.person();
  await person.call('project.create', { name: 'one' });
  await assert.rejects(person.call('project.create', { name: 'two' }), (error) =>
    isFault(error, 'projects.too_many'),
  );
  assert.equal(
    readdirSync(path.join(own.world.dataDir, 'projects')).filter((name) => name !== '.trash').length,
    1,
  );
});

test('names that would mislead are refused', async () => {
  const person = shared.person();
  for (const name of ['', '   ', 'a\nb', 'a\u202eb', '\0', 'x'.repeat(101)]) {
    await assert.rejects(person.call('project.create', { name }), (error) =>
      isFault(error, 'common.invalid_params'),
    );
  }
});

test('methods for other modules do not exist for clients', () => {
  const internal = Object.entries(projectsContract.methods)
    .filter(([, method]) => method.access === 'service')
    .map(([name]) => name);
  assert.deepEqual(internal, ['project.access', 'project.usage.add', 'project.file.preserve']);
});
