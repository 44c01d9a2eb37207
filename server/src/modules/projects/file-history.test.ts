import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { isFault } from '#base/fault.ts';
import { type ProjectWorld, projectWorld } from './testing/project-world.ts';

let shared: ProjectWorld;
before(async () => {
  shared = await projectWorld({ CDS_PROJECTS_HISTORY_BYTES: String(2 ** 20) });
});
after(() => shared[Symbol.asyncDispose]());

async function begin() {
  const person = shared.person();
  const { id: projectId } = await person.call('project.create', { name: 'history' });
  const file = path.join(shared.workspaceOf(projectId), 'a.txt');
  return {
    person,
    projectId,
    onDisk: () => readFileSync(file, 'utf8'),
    file,
    save: (content: string, ifMatch?: string | null, name = 'a.txt') =>
      person.call('project.file.save', { projectId, path: name, content, ifMatch }),
    async contents() {
      const { versions } = await person.call('project.file.history', { projectId, path: 'a.txt' });
      const read = versions.map(({ versionId }) =>
        person.call('project.file.version', { projectId, versionId }),
      );
      return (await Promise.all(read)).map((version) => version.content);
    },
  };
}

test('keeps every state that was saved, newest first, and takes the file back to any', async () => {
  const { save, contents, onDisk, person, projectId } = await begin();
  let etag: string | null = null;
  for (const content of ['one', 'two', 'three']) ({ etag } = await save(content, etag));
  assert.deepEqual(await contents(), ['three', 'two', 'one']);
  const { versions } = await person.call('project.file.history', { projectId, path: 'a.txt' });
  const oldest = versions.at(-1);
  assert.ok(oldest);
  await person.call('project.file.revert', { projectId, versionId: oldest.versionId, ifMatch: etag });
  assert.equal(onDisk(), 'one');
  assert.deepEqual(await contents(), ['one', 'three', 'two', 'one']);
});

test('a stale etag answers 409 with the present one, and overwrites nothing', async () => {
  const { save, onDisk, contents } = await begin();
  const first = await save('one');
  const second = await save('two', first.etag);
  await assert.rejects(
    save('lost?', first.etag),
    (error) => isFault(error, 'files.conflict') && error.data.currentEtag === second.etag,
  );
  assert.equal(onDisk(), 'two');
  assert.deepEqual(await contents(), ['two', 'one']);
});

test('of ten savers with one etag exactly one wins, and every loser learns of it', async () => {
  const { save, onDisk, contents } = await begin();
  const { etag } = await save('start');
  const outcomes = await Promise.allSettled(
    Array.from({ length: 10 }, (_, index) => save(`saver ${index}`, etag)),
  );
  const won = outcomes.filter((outcome) => outcome.status === 'fulfilled');
  assert.equal(won.length, 1);
  assert.equal((await contents())[0], onDisk());
});

test('what a program wrote meanwhile is kept before it is replaced', async () => {
  const { save, contents, file } = await begin();
  await save('mine');
  writeFileSync(file, 'by a program');
  await save('mine again');
  assert.deepEqual(await contents(), ['mine again', 'by a program', 'mine']);
});

test('saving the same content again adds no version', async () => {
  const { save, contents } = await begin();
  await save('same');
  await save('same');
  assert.deepEqual(await contents(), ['same']);
});

test('a file that was deleted is listed and can be taken back', async () => {
  const { save, file, person, projectId, onDisk } = await begin();
  await save('precious');
  rmSync(file);
  const { files } = await person.call('project.file.deleted', { projectId });
  assert.deepEqual(
    files.map((entry) => entry.path),
    ['a.txt'],
  );
  await person.call('project.file.revert', { projectId, versionId: files[0]?.versionId ?? '' });
  assert.equal(onDisk(), 'precious');
});

test('a folder is kept whole before it is deleted', async () => {
  const { save, person, projectId } = await begin();
  await save('one', null, 'folder/one');
  await save('two', null, 'folder/sub/two');
  writeFileSync(path.join(shared.workspaceOf(projectId), 'folder/unsaved'), 'never saved');
  const { userId } = person.principal;
  const kept = await person.call('project.file.preserve', {
    projectId,
    userId,
    paths: ['folder', 'missing'],
  });
  assert.deepEqual(kept, { preserved: 3, skipped: 0 });
  rmSync(path.join(shared.workspaceOf(projectId), 'folder'), { recursive: true });
  const { files } = await person.call('project.file.deleted', { projectId });
  assert.deepEqual(files.map((entry) => entry.path).sort(), [
    'folder/one',
    'folder/sub/two',
    'folder/unsaved',
  ]);
});

test('one project’s versions cannot be read through another', async () => {
  const mine = await begin();
  const theirs = await begin();
  await theirs.save('private');
  const { versions } = await theirs.person.call('project.file.history', {
    projectId: theirs.projectId,
    path: 'a.txt',
  });
  const versionId = versions[0]?.versionId ?? '';
  const unknown = (error: unknown) => isFault(error, 'projects.version_unknown');
  const { person, projectId } = mine;
  await assert.rejects(person.call('project.file.version', { projectId, versionId }), unknown);
  await assert.rejects(person.call('project.file.revert', { projectId, versionId }), unknown);
});

test('a save through a link out of the workspace is refused and leaves no version', async () => {
  const { projectId, save, contents } = await begin();
  const outside = path.join(shared.world.dataDir, 'outside');
  writeFileSync(outside, 'secret');
  symlinkSync('../../../outside', path.join(shared.workspaceOf(projectId), 'a.txt'));
  await assert.rejects(save('x'), (error) => isFault(error, 'files.path_escapes'));
  assert.equal(readFileSync(outside, 'utf8'), 'secret');
  assert.deepEqual(await contents(), []);
});

test('beyond its budget the history drops the oldest states, never a file’s newest', async () => {
  const { save, person, projectId } = await begin();
  await save('old but the only one', null, 'rare.txt');
  const block = 'x'.repeat(300_000);
  for (let index = 0; index < 6; index += 1) await save(`${index}${block}`);
  await shared.world.platform.composition.runtimes.get('projects')?.recover?.();
  const { versions } = await person.call('project.file.history', { projectId, path: 'a.txt' });
  assert.equal(versions.length, 3);
  const rare = await person.call('project.file.history', { projectId, path: 'rare.txt' });
  assert.equal(rare.versions.length, 1);
  assert.ok(existsSync(path.join(shared.workspaceOf(projectId), 'a.txt')));
});

test('files that come and go do not let the history grow beyond its budget', async () => {
  const { save, person, projectId } = await begin();
  for (let index = 0; index < 6; index += 1) {
    const name = `${index}.txt`;
    await save(`${index}${'x'.repeat(300_000)}`, null, name);
    rmSync(path.join(shared.workspaceOf(projectId), name));
  }
  await shared.world.platform.composition.runtimes.get('projects')?.recover?.();
  const { files } = await person.call('project.file.deleted', { projectId });
  assert.deepEqual(
    files.map((file) => file.path),
    ['5.txt', '4.txt', '3.txt'],
  );
});

test('states that repeat, and so take no room for contents, do not let the history grow without end', async () => {
  const { save, projectId } = await begin();
  const { etag } = await save('x');
  await shared.world.database.execute({
    text: `insert into projects.file_version (project_id, path, etag, size_bytes, saved_at, origin)
      select $1, 'a.txt', $2, 1, now(), 'save' from generate_series(1, 5000)`,
    values: [projectId, etag],
  });
  await shared.world.platform.composition.runtimes.get('projects')?.recover?.();
  const [row] = await shared.world.database.query<{ count: number }>({
    text: 'select count(*)::int as count from projects.file_version where project_id = $1',
    values: [projectId],
  });
  assert.ok((row?.count ?? 0) > 1_000 && (row?.count ?? 0) < 5_000, `${row?.count} versions`);
});
