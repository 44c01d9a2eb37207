import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { newId } from '#base/ids.ts';
import { unlimitedRoom } from '#kernel/files/workspace.ts';
import { createSyntax } from '#kernel/syntax/syntax.ts';
import { testDatabase } from '#kernel/testing/database.ts';
import { agents } from '../module.ts';
import { insertTask } from '../queue/task-store.ts';
import { createBlobs } from './blobs.ts';
import { appliedFiles, beginOperation, unfinishedOperations } from './change-store.ts';
import { createIntegration, type Proposal } from './integration.ts';

/** Whenever an operation was begun. */
const always = new Date('9999-01-01');

async function place() {
  await using stack = new AsyncDisposableStack();
  const { database, migrate } = stack.use(await testDatabase());
  await migrate([agents]);
  const root = mkdtempSync(path.join(tmpdir(), 'cds-integration-'));
  stack.defer(() => rmSync(root, { recursive: true, force: true }));
  const workspacePath = path.join(root, 'workspace');
  const stagingPath = path.join(root, 'staging');
  mkdirSync(workspacePath);
  mkdirSync(stagingPath);
  const blobs = createBlobs(root);
  const projectId = newId(Date.now());
  const taskId = newId(Date.now());
  const principal = {
    userId: 'u',
    username: 'u',
    role: 'developer',
    credential: { kind: 'session', sessionId: 's' },
  };
  await insertTask(database, {
    taskId,
    projectId,
    userId: 'u',
    principal,
    agent: 'code',
    task: 'x',
    model: 'm',
    files: [],
    mode: 'auto',
    command: null,
    priority: 5,
    after: [],
    budget: { tokens: 1, seconds: 1, cost: null },
    escalateTo: null,
    language: 'en',
    createdAt: new Date(),
  });
  const file = (name: string) => path.join(workspacePath, name);
  const held = stack.move();
  return {
    database,
    taskId,
    target: {
      workspace: { workspacePath, stagingPath, limits: { fileBytes: 1e7, depth: 20 }, room: unlimitedRoom },
      blobs,
      preserve: async (): Promise<void> => {},
    },
    integration: createIntegration({ database, syntax: createSyntax() }),
    operation: (kind: 'apply' | 'rollback') => ({
      operationId: newId(Date.now()),
      taskId,
      projectId,
      userId: 'u',
      kind,
      at: new Date(),
    }),
    async proposal(name: string, before: string | null, after: string | null): Promise<Proposal> {
      const put = async (text: string | null) => (text === null ? null : blobs.put(Buffer.from(text)));
      return { path: name, baseHash: await put(before), afterHash: await put(after), executable: false };
    },
    write: (name: string, text: string) => writeFileSync(file(name), text),
    read: (name: string) => readFileSync(file(name), 'utf8'),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

test('a crash between the plan and the files is finished at the next start; what the user wrote meanwhile stays', async () => {
  await using at = await place();
  at.write('a.txt', 'a\n');
  at.write('b.txt', 'b\n');
  const blob = async (text: string) => at.target.blobs.put(Buffer.from(text));
  const files = await Promise.all(
    ['a', 'b'].map(async (name) => ({
      path: `${name}.txt`,
      beforeHash: await blob(`${name}\n`),
      afterHash: await blob(`${name.toUpperCase()}\n`),
      executable: false,
    })),
  );
  // As far as it came when the process ended.
  await at.database.transaction((transaction) => beginOperation(transaction, at.operation('apply'), files));
  at.write('b.txt', 'mine\n');
  const [left] = await unfinishedOperations(at.database, always);
  assert.ok(left !== undefined);
  const run = { target: at.target, onDone: async () => {} };
  await at.integration.finish(left, left.files, run);
  await at.integration.finish(left, left.files, run);
  assert.deepEqual([at.read('a.txt'), at.read('b.txt')], ['A\n', 'mine\n']);
  assert.deepEqual(await unfinishedOperations(at.database, always), []);
});

test('merges that fit line by line but break the file together are a conflict', async () => {
  await using at = await place();
  const base = 'function a() {\n  one();\n\n  two();\n}\n';
  at.write(
    'a.js',
    base.replace('  one();\n', '  if (x) {\n  one();\n').replace('  two();\n}', '  two();\n}}'),
  );
  const proposal = await at.proposal(
    'a.js',
    base,
    base.replace('function a() {\n', 'function a() {\n  zero();\n'),
  );
  const fine = await at.integration.integrate(at.operation('apply'), [proposal], {
    target: at.target,
    preview: true,
  });
  assert.equal(fine.conflicts.length, 1);
  at.write('b.js', 'let a = [\n  1,\n];\n\nlet b = 2;\n');
  const other = await at.proposal(
    'b.js',
    'let a = [\n  1,\n];\n\nlet b = 1;\n',
    'let a = [\n  2,\n];\n\nlet b = 1;\n',
  );
  assert.deepEqual(
    (await at.integration.integrate(at.operation('apply'), [other], { target: at.target })).written,
    ['b.js'],
  );
  assert.equal(at.read('b.js'), 'let a = [\n  2,\n];\n\nlet b = 2;\n');
});

test('a rollback of one path leaves the others applied; binary and deleted files conflict instead of being overwritten', async () => {
  await using at = await place();
  for (const name of ['a.txt', 'b.txt', 'c.bin', 'd.txt']) at.write(name, `${name}\n`);
  const proposals = await Promise.all([
    at.proposal('a.txt', 'a.txt\n', 'A\n'),
    at.proposal('b.txt', 'b.txt\n', null),
  ]);
  const run = { target: at.target };
  assert.deepEqual((await at.integration.integrate(at.operation('apply'), proposals, run)).written, [
    'a.txt',
    'b.txt',
  ]);
  const back = await at.proposal('b.txt', null, 'b.txt\n');
  await at.integration.integrate(at.operation('rollback'), [back], run);
  assert.deepEqual([at.read('a.txt'), at.read('b.txt')], ['A\n', 'b.txt\n']);
  assert.deepEqual(
    (await appliedFiles(at.database, at.taskId)).map((file) => file.path),
    ['a.txt'],
  );
  at.write('c.bin', 'x\0y');
  rmSync(path.join(at.target.workspace.workspacePath, 'd.txt'));
  const clash = [
    await at.proposal('c.bin', 'c.bin\n', 'new\n'),
    await at.proposal('d.txt', 'd.txt\n', 'new\n'),
  ];
  const { conflicts, written } = await at.integration.integrate(at.operation('apply'), clash, run);
  assert.deepEqual(
    conflicts.map(({ reason }) => reason),
    ['binary', 'deleted'],
  );
  assert.deepEqual(written, []);
});

test('what fails in the middle, as on a full disk, is taken back, and no later start goes on with it', async () => {
  await using at = await place();
  at.write('a.txt', 'a\n');
  at.write('b.txt', 'b\n');
  const proposals = [await at.proposal('a.txt', 'a\n', 'A\n'), await at.proposal('b.txt', 'b\n', 'B\n')];
  const { blobs } = at.target;
  const full = {
    ...blobs,
    get: async (hash: string) => {
      const content = await blobs.get(hash);
      if (content.toString() === 'B\n') throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      return content;
    },
  };
  const target = { ...at.target, blobs: full };
  await assert.rejects(at.integration.integrate(at.operation('apply'), proposals, { target }), /no space/);
  assert.deepEqual([at.read('a.txt'), at.read('b.txt')], ['a\n', 'b\n']);
  assert.deepEqual(await unfinishedOperations(at.database, always), []);
  await at.integration.integrate(at.operation('apply'), proposals, { target: at.target });
  assert.deepEqual([at.read('a.txt'), at.read('b.txt')], ['A\n', 'B\n']);
});
