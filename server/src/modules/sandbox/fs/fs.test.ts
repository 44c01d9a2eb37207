import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import test, { after, before } from 'node:test';
import type { ParamsOf, ResultOf, UnaryMethodName } from '#base/contract.ts';
import { isFault } from '#base/fault.ts';
import type { Principal, Role } from '#base/principal.ts';
import { type TestWorld, testWorld } from '#kernel/testing/world.ts';
import { auth } from '#modules/auth/module.ts';
import { ledger } from '#modules/ledger/module.ts';
import { projectsContract } from '#modules/projects/contract.ts';
import { projects } from '#modules/projects/module.ts';
import { sandboxContract } from '../contract.ts';
import { sandbox } from '../module.ts';

type S = typeof sandboxContract;
type FsMethod = Extract<UnaryMethodName<S>, `fs.${string}`>;

let world: TestWorld;
before(async () => {
  world = await testWorld([ledger, auth, projects, sandbox], {
    environment: { CDS_PROJECTS_QUOTA_BYTES: String(8 * 2 ** 20), CDS_PROJECTS_QUOTA_FILES: '400' },
  });
});
after(() => world[Symbol.asyncDispose]());

function personOf(role: Role = 'developer'): Principal {
  const credential = { kind: 'session', sessionId: randomUUID() } as const;
  return { userId: randomUUID(), username: 'somebody', role, credential };
}

async function begin() {
  const principal = personOf();
  const call = world.call(principal);
  const projectsClient = world.client(projectsContract);
  const { id: projectId } = await projectsClient.call('project.create', { name: 'fs' }, call);
  const workspace = path.join(world.dataDir, 'projects', projectId, 'workspace');
  const client = world.client(sandboxContract);
  return {
    principal,
    projectId,
    workspace,
    projects: projectsClient,
    call,
    fs: <K extends FsMethod>(method: K, params: Omit<ParamsOf<S, K>, 'projectId'>): Promise<ResultOf<S, K>> =>
      client.call(method, { ...params, projectId } as ParamsOf<S, K>, call),
    /** Watches until `done` says so; ends the stream as a client does that goes away. */
    async watch(
      params: { path?: string; skip?: string[] },
      act: () => void | Promise<void>,
      wanted: (seen: Set<string>) => boolean,
    ) {
      const stream = client.stream('fs.watch', { projectId, ...params }, call);
      const first = await stream.next();
      assert.deepEqual(first.value, { changes: [], overflow: false });
      await act();
      const seen = new Set<string>();
      const deadline = AbortSignal.timeout(60_000);
      while (!wanted(seen)) {
        const step = await Promise.race([
          stream.next(),
          new Promise<never>((_, reject) => {
            deadline.addEventListener('abort', () => reject(new Error(`only saw ${[...seen].join(', ')}`)), {
              once: true,
            });
          }),
        ]);
        if (step.done) break;
        for (const { change, path: name } of step.value.changes) seen.add(`${change} ${name}`);
        if (step.value.overflow) seen.add('overflow');
      }
      await stream.return({ reason: 'stopped' });
      return seen;
    },
  };
}

test('reads what was written, as text or base64, whole or in ranges', async () => {
  const { fs } = await begin();
  const text = 'Grüße, 世界\n';
  const written = await fs('fs.write', { path: 'a/b/text', content: text });
  assert.equal(written.size, Buffer.byteLength(text));
  const read = await fs('fs.read', { path: 'a/b/text' });
  assert.deepEqual([read.content, read.encoding, read.etag], [text, 'utf8', written.etag]);
  const bytes = Buffer.from([0, 255, 1, 254]).toString('base64');
  await fs('fs.write', { path: 'binary', content: bytes, encoding: 'base64' });
  const binary = await fs('fs.read', { path: 'binary' });
  assert.deepEqual([binary.content, binary.encoding], [bytes, 'base64']);
  await assert.rejects(fs('fs.read', { path: 'binary', encoding: 'utf8' }), (error) =>
    isFault(error, 'files.not_text'),
  );
  const range = await fs('fs.read', { path: 'a/b/text', offset: 0, length: 3 });
  assert.deepEqual(
    [Buffer.from(range.content, 'base64'), range.encoding, range.size, range.etag],
    [Buffer.from(text).subarray(0, 3), 'base64', written.size, null],
  );
  const beyond = await fs('fs.read', { path: 'a/b/text', offset: 10_000, length: 5 });
  assert.equal(beyond.content, '');
});

test('base64 that is none is refused instead of stored as something else', async () => {
  const { fs, workspace } = await begin();
  for (const content of ['%%%', 'abc d', 'YQ=x', 'a']) {
    await assert.rejects(fs('fs.write', { path: 'x', content, encoding: 'base64' }), (error) =>
      isFault(error, 'common.invalid_params'),
    );
  }
  assert.ok(!readdirSync(workspace).includes('x'));
});

test('every method answers 404 to strangers, and lets a viewer of the platform only read', async () => {
  const { projectId, principal, fs } = await begin();
  await fs('fs.write', { path: 'file', content: 'x' });
  const client = world.client(sandboxContract);
  const calls = (who: Principal): [boolean, () => Promise<unknown>][] => {
    const call = world.call(who);
    return [
      [false, () => client.call('fs.read', { projectId, path: 'file' }, call)],
      [false, () => client.call('fs.list', { projectId }, call)],
      [false, () => client.call('fs.stat', { projectId, path: 'file' }, call)],
      [
        false,
        async () => {
          const stream = client.stream('fs.watch', { projectId }, call);
          await stream.next();
          await stream.return({ reason: 'stopped' });
        },
      ],
      [true, () => client.call('fs.write', { projectId, path: 'file', content: 'y' }, call)],
      [true, () => client.call('fs.delete', { projectId, path: 'file' }, call)],
      [true, () => client.call('fs.move', { projectId, src: 'file', dest: 'b' }, call)],
      [true, () => client.call('fs.copy', { projectId, src: 'file', dest: 'b' }, call)],
      [true, () => client.call('fs.mkdir', { projectId, path: 'b' }, call)],
    ];
  };
  for (const [, attempt] of calls(personOf()))
    await assert.rejects(attempt, (error) => isFault(error, 'projects.unknown'));
  for (const [, attempt] of calls(personOf('admin')))
    await assert.rejects(attempt, (error) => isFault(error, 'projects.unknown'));
  for (const [writes, attempt] of calls({ ...principal, role: 'viewer' })) {
    if (writes) await assert.rejects(attempt, (error) => isFault(error, 'common.forbidden'));
    else await attempt();
  }
  assert.equal((await fs('fs.read', { path: 'file' })).content, 'x');
});

test('moves, copies, makes and deletes; what is lost comes back from the history', async () => {
  const { fs, projects: projectsClient, projectId, call, workspace } = await begin();
  await fs('fs.mkdir', { path: 'src/deep' });
  await fs('fs.write', { path: 'src/deep/one', content: 'one' });
  writeFileSync(path.join(workspace, 'src/by-program'), 'never saved through the platform');
  await fs('fs.copy', { src: 'src', dest: 'copy' });
  await fs('fs.move', { src: 'src', dest: 'moved/src' });
  const listed = await fs('fs.list', { recursive: true, skip: ['.git'] });
  const names = listed.entries.map((entry) => entry.path).filter((name) => !name.startsWith('.'));
  assert.deepEqual(names, [
    'README.md',
    'copy',
    'copy/by-program',
    'copy/deep',
    'copy/deep/one',
    'moved',
    'moved/src',
    'moved/src/by-program',
    'moved/src/deep',
    'moved/src/deep/one',
  ]);
  await assert.rejects(fs('fs.delete', { path: 'moved' }), (error) => isFault(error, 'files.not_empty'));
  assert.equal((await fs('fs.delete', { path: 'moved', recursive: true })).deletedFiles, 5);
  await assert.rejects(fs('fs.stat', { path: 'moved' }), (error) => isFault(error, 'files.not_found'));
  const { files } = await projectsClient.call('project.file.deleted', { projectId }, call);
  const program = files.find((file) => file.path === 'moved/src/by-program');
  assert.ok(program);
  await projectsClient.call('project.file.revert', { projectId, versionId: program.versionId }, call);
  assert.equal(
    readFileSync(path.join(workspace, 'moved/src/by-program'), 'utf8'),
    'never saved through the platform',
  );
});

test('a first overwrite keeps what was there before', async () => {
  const { fs, workspace, projects: projectsClient, projectId, call } = await begin();
  writeFileSync(path.join(workspace, 'notes'), 'by hand');
  await fs('fs.write', { path: 'notes', content: 'by an agent' });
  const { versions } = await projectsClient.call('project.file.history', { projectId, path: 'notes' }, call);
  assert.equal(versions.length, 1);
});

test('an etag protects a write in every direction', async () => {
  const { fs, projects: projectsClient, projectId, call } = await begin();
  const first = await fs('fs.write', { path: 'file', content: 'one', ifMatch: null });
  const saved = await projectsClient.call(
    'project.file.save',
    { projectId, path: 'file', content: 'two', ifMatch: first.etag },
    call,
  );
  const stale = (error: unknown) => isFault(error, 'files.conflict') && error.data.currentEtag === saved.etag;
  await assert.rejects(fs('fs.write', { path: 'file', content: 'three', ifMatch: first.etag }), stale);
  assert.equal((await fs('fs.stat', { path: 'file', etag: true })).etag, saved.etag);
  const outcomes = await Promise.allSettled([
    fs('fs.write', { path: 'file', content: 'a', ifMatch: saved.etag }),
    projectsClient.call(
      'project.file.save',
      { projectId, path: 'file', content: 'b', ifMatch: saved.etag },
      call,
    ),
  ]);
  assert.deepEqual(outcomes.map((outcome) => outcome.status).sort(), ['fulfilled', 'rejected']);
});

test('quotas of bytes and files hold for every way to make a file', async () => {
  const { fs } = await begin();
  await fs('fs.write', { path: 'big', content: 'x'.repeat(5 * 2 ** 20) });
  const full = (error: unknown) => isFault(error, 'files.quota_bytes');
  await assert.rejects(fs('fs.write', { path: 'other', content: 'x'.repeat(5 * 2 ** 20) }), full);
  await assert.rejects(fs('fs.copy', { src: 'big', dest: 'copy' }), full);
  await fs('fs.delete', { path: 'big' });
  await fs('fs.write', { path: 'other', content: 'x'.repeat(5 * 2 ** 20) });
  const many = Array.from({ length: 450 }, (_, index) => fs('fs.mkdir', { path: `f${index}` }));
  const outcomes = await Promise.allSettled(many);
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
  assert.ok(refused.length > 50 && refused.length < 450, `${refused.length} were refused`);
  assert.ok(refused.every((outcome) => isFault(outcome.reason, 'files.quota_files')));
});

test('the quota of files holds for writers that were let in before others’ growth was told', async () => {
  const { fs } = await begin();
  const made = async (from: number, count: number) => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: count }, (_, index) => fs('fs.mkdir', { path: `d${from + index}` })),
    );
    return outcomes.filter(({ status }) => status === 'fulfilled').length;
  };
  let total = 0;
  // Over several of the times at which growth is told, with others always under way.
  const groups: Promise<number>[] = [];
  for (let group = 0; group < 9; group += 1) {
    groups.push(made(group * 60, 60));
    await new Promise((resolve) => setTimeout(resolve, 120));
  }
  for (const count of await Promise.all(groups)) total += count;
  assert.ok(total >= 300 && total <= 400, `${total} folders were made`);
});

test('a watch tells who made, changed, moved and deleted what, in folders that are new, too', async () => {
  const { watch, workspace, fs } = await begin();
  await fs('fs.write', { path: 'old', content: 'x' });
  await fs('fs.write', { path: 'edited', content: 'x' });
  const wanted = [
    'created new',
    'created new/inner',
    'created new/inner/file',
    'changed edited',
    'deleted old',
    'created renamed',
  ];
  const seen = await watch(
    {},
    () => {
      mkdirSync(path.join(workspace, 'new/inner'), { recursive: true });
      writeFileSync(path.join(workspace, 'new/inner/file'), 'x');
      appendFileSync(path.join(workspace, 'edited'), 'more');
      renameSync(path.join(workspace, 'old'), path.join(workspace, 'renamed'));
    },
    (all) => wanted.every((entry) => all.has(entry)),
  );
  assert.deepEqual(
    [...seen].filter((entry) => !wanted.includes(entry)),
    [],
  );
});

test('a watch tells an atomic save as a change, and hides what it was asked to skip', async () => {
  const { watch, workspace, fs } = await begin();
  await fs('fs.write', { path: 'file', content: 'x' });
  mkdirSync(path.join(workspace, 'node_modules'));
  const seen = await watch(
    {},
    async () => {
      writeFileSync(path.join(workspace, 'node_modules/ignored'), 'x');
      writeFileSync(path.join(workspace, '.git/ignored'), 'x');
      await fs('fs.write', { path: 'file', content: 'y' });
    },
    (all) => all.has('changed file'),
  );
  assert.deepEqual([...seen], ['changed file']);
});

test('a watch goes on in a folder that was deleted and made again, and below one path only', async () => {
  const { watch, workspace, fs } = await begin();
  await fs('fs.write', { path: 'dir/a', content: 'x' });
  const seen = await watch(
    { path: 'dir' },
    async () => {
      rmSync(path.join(workspace, 'dir'), { recursive: true });
      await new Promise((resolve) => setTimeout(resolve, 300));
      mkdirSync(path.join(workspace, 'dir'));
      writeFileSync(path.join(workspace, 'elsewhere'), 'x');
      await new Promise((resolve) => setTimeout(resolve, 300));
      writeFileSync(path.join(workspace, 'dir/b'), 'x');
    },
    (all) => all.has('created dir/b'),
  );
  assert.ok(!seen.has('created elsewhere'));
});

test('a watch never follows a link out of the workspace', async () => {
  const { watch, workspace } = await begin();
  const outside = path.join(world.dataDir, `outside-${randomUUID()}`);
  mkdirSync(outside);
  const seen = await watch(
    {},
    async () => {
      symlinkSync(outside, path.join(workspace, 'link'));
      await new Promise((resolve) => setTimeout(resolve, 300));
      writeFileSync(path.join(outside, 'secret'), 'x');
      await new Promise((resolve) => setTimeout(resolve, 300));
      writeFileSync(path.join(workspace, 'end'), 'x');
    },
    (all) => all.has('created end'),
  );
  assert.deepEqual([...seen].sort(), ['created end', 'created link']);
});

test('thousands of changes become an overflow, not memory', async () => {
  const { watch, workspace } = await begin();
  const seen = await watch(
    {},
    () => {
      for (let index = 0; index < 3000; index += 1) writeFileSync(path.join(workspace, `f${index}`), '');
    },
    (all) => all.has('overflow'),
  );
  assert.ok(seen.size < 2500);
});

test('a watch ends when its reader is no longer a member, and when the project goes', async () => {
  const { call, projectId, projects: projectsClient } = await begin();
  const stream = world.client(sandboxContract).stream('fs.watch', { projectId }, call);
  await stream.next();
  await projectsClient.call('project.delete', { id: projectId }, call);
  world.clock.advance(2_000);
  const step = await stream.next();
  assert.deepEqual(step, { done: true, value: { reason: 'access_lost' } });
});
