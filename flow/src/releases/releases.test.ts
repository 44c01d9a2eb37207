import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import type { FlowConfigInput } from '../core/config.ts';
import { isFlowFault } from '../core/fault.ts';
import { deployStep } from '../deploy/deploy.ts';
import { readHistory, readLastDeploy } from '../deploy/history.ts';
import { flowContext } from '../testing/context.ts';
import { temporaryFolder, writeRelease } from '../testing/release.ts';
import { diffReleases, listReleases, rollbackRelease } from './releases.ts';

const TWO: FlowConfigInput = {
  deploy: {
    targets: [
      { kind: 'local', name: 'one', path: 'one' },
      { kind: 'local', name: 'two', path: 'two' },
      { kind: 'local', name: 'preview', path: 'preview', environments: ['staging'] },
    ],
  },
};

async function world(t: TestContext) {
  const root = await temporaryFolder(t);
  const context = flowContext(root, TWO);
  const deploy = async (id: string, files: Record<string, string>) => {
    await rm(context.releaseDir, { recursive: true, force: true });
    await writeRelease(context.releaseDir, { id, files });
    return deployStep.run(context);
  };
  const live = (target: string) => readFile(path.join(root, target, 'current/index.html'), 'utf8');
  return { root, context, deploy, live };
}

test('the step serves every target of its environment and records what changed', async (t) => {
  const { context, deploy, live, root } = await world(t);
  await deploy('r1', { 'index.html': '1', 'a.html': 'a', 'app.h-000000000001.js': 'x' });
  assert.equal(
    (await readLastDeploy(context.workDir))?.[0]?.changedPaths,
    null,
    'the first release changes everything',
  );
  const result = await deploy('r2', { 'index.html': '2', 'a.html': 'a' });
  assert.equal(result.outcome, 'done');
  assert.deepEqual([await live('one'), await live('two')], ['2', '2']);
  await assert.rejects(readFile(path.join(root, 'preview/current/index.html')));
  const last = await readLastDeploy(context.workDir);
  assert.deepEqual(last?.[0]?.changedPaths, ['build.json', 'index.html', 'release.json']);
  assert.deepEqual((await readHistory(context.workDir)).map((entry) => entry.releaseId).slice(0, 2), [
    'r2',
    'r2',
  ]);
});

test('a dry run sends nothing, and a site without targets is skipped', async (t) => {
  const { root } = await world(t);
  await writeRelease(path.join(root, 'out'), { id: 'r1', files: { 'index.html': '1' } });
  assert.equal((await deployStep.run(flowContext(root, TWO, { dryRun: true }))).outcome, 'planned');
  assert.equal((await deployStep.run(flowContext(root, {}))).outcome, 'skipped');
  await assert.rejects(readFile(path.join(root, 'one/current/index.html')));
});

test('lists, compares and rolls back; without an id to the release before the live one', async (t) => {
  const { context, deploy, live } = await world(t);
  await deploy('r1', { 'index.html': '1', 'gone.html': 'g' });
  await deploy('r2', { 'index.html': '22', 'new.html': 'n' });
  const [one] = await listReleases(context);
  assert.deepEqual(
    one?.releases.map((release) => release.id),
    ['r2', 'r1'],
  );
  const diff = await diffReleases(context);
  assert.deepEqual(
    diff.changes.map((change) => [change.path, change.kind, change.sizeBefore, change.sizeAfter]),
    [
      ['build.json', 'changed', 30, 30],
      ['gone.html', 'removed', 1, null],
      ['index.html', 'changed', 1, 2],
      ['new.html', 'added', null, 1],
    ],
  );
  await rollbackRelease(context);
  assert.deepEqual([await live('one'), await live('two')], ['1', '1']);
  await rollbackRelease(context, 'r2');
  assert.equal(await live('one'), '22');
});

test('with nothing to go back to, rollback and diff say so', async (t) => {
  const { context, deploy } = await world(t);
  await assert.rejects(
    rollbackRelease(context),
    (error) => isFlowFault(error) && error.text.en === 'one has no release yet.',
  );
  await deploy('r1', { 'index.html': '1' });
  await deploy('r1', { 'index.html': '1' });
  for (const attempt of [rollbackRelease, diffReleases])
    await assert.rejects(
      attempt(context),
      (error) => isFlowFault(error) && error.text.en === 'one has no release before r1, the only one.',
    );
  await assert.rejects(
    rollbackRelease(context, 'r9'),
    (error) => isFlowFault(error) && error.text.en === 'The target keeps no release r9. It keeps: r1.',
  );
});

test('a rollback that one target can’t do changes none of them', async (t) => {
  const { context, deploy, live, root } = await world(t);
  await deploy('r1', { 'index.html': '1' });
  await deploy('r2', { 'index.html': '2' });
  await rm(path.join(root, 'two/releases'), { recursive: true });
  await assert.rejects(rollbackRelease(context, 'r1'), (error) =>
    isFlowFault(error, 'deploy.release_unknown'),
  );
  assert.equal(await live('one'), '2');
});

test('a second target that fails is named together with those that are live', async (t) => {
  const { context, deploy, live, root } = await world(t);
  await deploy('r1', { 'index.html': '1' });
  await rm(path.join(root, 'two'), { recursive: true });
  await writeFile(path.join(root, 'two'), 'in the way');
  await assert.rejects(deploy('r2', { 'index.html': '2' }), (error) =>
    isFlowFault(error, 'deploy.partly_done'),
  );
  assert.equal(await live('one'), '2');
  assert.equal((await readLastDeploy(context.workDir))?.[0]?.target, 'one');
});
