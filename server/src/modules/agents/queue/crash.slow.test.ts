import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { eventually } from '#kernel/testing/eventually.ts';
import { type Installation, installation, kindsOf, patienceMs, settled } from '../testing/installation.ts';
import type { Asked, Said } from '../testing/scripted-provider.ts';

const files = Array.from({ length: 24 }, (_, index) => `part-${String(index).padStart(2, '0')}.txt`);

function reset({ workspace }: Installation): void {
  for (const name of readdirSync(workspace)) if (!name.startsWith('.')) rmSync(path.join(workspace, name));
  mkdirSync(workspace, { recursive: true });
  for (const name of files) writeFileSync(path.join(workspace, name), 'old\n');
}

const contents = ({ workspace }: Installation) =>
  new Set(files.map((name) => readFileSync(path.join(workspace, name), 'utf8')));

/** Writes every file, then is done. */
function writer({ messages }: Asked): Said {
  const written = messages.filter(({ content }) => content.includes(' is written.')).length;
  const name = files[written];
  return name === undefined
    ? { tool: 'finish', input: { summary: 'all written' } }
    : { tool: 'write_file', input: { path: name, content: 'new\n' } };
}

test('killed at each step, a task goes on or ends, nothing is lost, nothing happens twice', async (t) => {
  let hang = false;
  await using at = await installation((asked) => {
    if (hang) return { hang: true };
    return writer(asked);
  });
  const dispatch = async () =>
    (
      await at.agent('agent.dispatch', {
        projectId: at.projectId,
        agent: 'doc',
        task: 'Write',
        model: 'scripted/strong',
      })
    ).taskId;

  /** The task must complete once, and its change must be applied and taken back exactly. */
  async function isWhole(taskId: unknown): Promise<void> {
    const status = await settled(at, taskId);
    assert.equal(status.status, 'completed', JSON.stringify(status.problem));
    assert.deepEqual([...contents(at)], ['old\n'], 'an agent wrote into the project');
    assert.equal((await kindsOf(at, taskId)).filter((kind) => kind === 'completed').length, 1);
    assert.equal((status.changeSet as object[]).length, files.length);
    await at.agent('agent.apply', { taskId });
    assert.deepEqual([...contents(at)], ['new\n']);
    await at.agent('agent.rollback', { taskId });
    assert.deepEqual([...contents(at)], ['old\n']);
  }

  for (const [name, table, event, when] of [
    ['taken from the queue', 'agents.task', 'update', `new.status = 'running' and old.status = 'pending'`],
    ['begun', 'agents.step', 'insert', `new.kind = 'started'`],
    ['answered', 'agents.step', 'insert', `new.kind = 'model'`],
    ['tool used', 'agents.step', 'insert', `new.kind = 'tool'`],
    ['checked', 'agents.step', 'insert', `new.kind = 'check'`],
    ['proposed', 'agents.change', 'insert', 'true'],
    ['completed', 'agents.step', 'insert', `new.kind = 'completed'`],
  ] as const) {
    await t.test(`at work: ${name}`, async () => {
      reset(at);
      await at.hold(table, event, when);
      const taskId = await dispatch();
      await at.held();
      await at.crash(table);
      await isWhole(taskId);
    });
  }

  await t.test('at work: while the model answers; what that may have cost counts', async () => {
    reset(at);
    hang = true;
    const taskId = await dispatch();
    await eventually(() => assert.equal(at.provider.open, 1), patienceMs);
    hang = false;
    await at.crash(null);
    await isWhole(taskId);
    const { usage } = (await at.agent('agent.status', { taskId })) as { usage: { estimatedTokens: number } };
    assert.ok(usage.estimatedTokens > 0);
  });

  for (const action of ['apply', 'rollback'] as const) {
    for (const [name, table, event, when, begun] of [
      ['before it is on record', 'agents.operation', 'insert', 'true', false],
      ['on record, no file written', 'projects.file_version', 'insert', 'true', true],
      ['all files written', 'agents.operation', 'update', 'new.finished', true],
      ['state entered', 'agents.step', 'insert', `new.kind in ('applied', 'rolled_back')`, true],
    ] as const) {
      await t.test(`${action}: ${name}`, async () => {
        reset(at);
        const taskId = await dispatch();
        await settled(at, taskId);
        if (action === 'rollback') await at.agent('agent.apply', { taskId });
        await at.hold(table, event, when);
        const call = at.agent(`agent.${action}`, { taskId }).catch((error: unknown) => error);
        await at.held();
        await at.crash(table);
        await call;
        const [before, after] = action === 'apply' ? ['old\n', 'new\n'] : ['new\n', 'old\n'];
        assert.deepEqual([...contents(at)], [begun ? after : before]);
        // Once more: what was done is not done again, what was not is.
        if (!begun) await at.agent(`agent.${action}`, { taskId });
        assert.deepEqual([...contents(at)], [after]);
        const { changeState } = await at.agent('agent.status', { taskId });
        assert.equal(changeState, action === 'apply' ? 'applied' : 'rolled_back');
        if (action === 'apply') await at.agent('agent.rollback', { taskId });
        assert.deepEqual([...contents(at)], ['old\n']);
      });
    }
  }

  await t.test('apply: half of the files written', async () => {
    reset(at);
    const taskId = await dispatch();
    await settled(at, taskId);
    const call = at.agent('agent.apply', { taskId }).catch((error: unknown) => error);
    await eventually(() => assert.ok(contents(at).has('new\n')), patienceMs);
    await at.crash(null);
    await call;
    assert.deepEqual([...contents(at)], ['new\n']);
    await at.agent('agent.rollback', { taskId });
    assert.deepEqual([...contents(at)], ['old\n']);
  });
});
