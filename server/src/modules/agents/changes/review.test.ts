import assert from 'node:assert/strict';
import test from 'node:test';
import { isFault } from '#base/fault.ts';
import { agentWorld } from '../testing/agent-world.ts';
import type { Said } from '../testing/scripted-provider.ts';

const code = (expected: string) => (error: unknown) => isFault(error, expected);
const before = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', ''].join('\n');
const after = before.replace('one', 'ONE').replace('four', 'FOUR').replace('seven', 'SEVEN');
const path = 'a.txt';

/** A task that proposes three changes of one file. */
async function proposed() {
  const at = await agentWorld({ [path]: before }, (): Said => ({ text: `\`\`\`\n${after}\`\`\`` }));
  const task = await at.run({ mode: 'steps', files: [path] });
  assert.deepEqual([task.status, task.changeState, task.files], ['completed', 'proposed', [path]]);
  return Object.assign(at, { taskId: task.taskId });
}

test('a hunk is refused, later taken after all; a rollback takes all of it back, and its undo brings exactly that', async () => {
  await using at = await proposed();
  const { taskId } = at;
  const file = await at.call('agent.file', { taskId, path });
  assert.deepEqual([file.before, file.after, file.shown], [before, after, 'lines']);
  assert.deepEqual(
    file.regions.map(({ number, beforeLine, removedLines, addedLines }) => [
      number,
      beforeLine,
      removedLines,
      addedLines,
    ]),
    [
      [1, 1, 1, 1],
      [2, 4, 1, 1],
      [3, 7, 1, 1],
    ],
  );
  await at.call('agent.apply', { taskId, hunks: { [path]: [1, 3] } });
  const partly = after.replace('FOUR', 'four');
  assert.equal(at.read(path), partly);
  const [logged] = (await at.steps(taskId)).filter(({ kind }) => kind === 'applied');
  assert.deepEqual(logged?.data.hunks, { [path]: [1, 3] });

  at.write(path, partly.replace('nine', 'my own nine'));
  await at.call('agent.apply', { taskId, hunks: { [path]: [2] } });
  const whole = after.replace('nine', 'my own nine');
  assert.equal(at.read(path), whole);

  const shown = await at.call('agent.rollback', { taskId, preview: true });
  assert.deepEqual([shown.written, shown.changes?.[0]?.addedLines], [[path], 3]);
  assert.match(shown.changes?.[0]?.diff ?? '', /-FOUR\n\+four/);
  assert.equal(at.read(path), whole);
  await at.call('agent.rollback', { taskId });
  assert.equal(at.read(path), before.replace('nine', 'my own nine'));
  assert.equal((await at.call('agent.status', { taskId })).changeState, 'rolled_back');
  await at.call('agent.redo', { taskId });
  assert.equal(at.read(path), whole);
  await assert.rejects(at.call('agent.redo', { taskId }), code('agents.state_wrong'));
});

test('with every hunk refused nothing is written; hunks and files that are not proposed are named', async () => {
  await using at = await proposed();
  const { taskId } = at;
  assert.deepEqual(await at.call('agent.apply', { taskId, hunks: { [path]: [] } }), {
    written: [],
    conflicts: [],
  });
  assert.equal(at.read(path), before);
  await assert.rejects(
    at.call('agent.apply', { taskId, hunks: { [path]: [4] } }),
    code('agents.hunk_unknown'),
  );
  await assert.rejects(at.call('agent.apply', { taskId, paths: ['b.txt'] }), code('agents.file_unknown'));
  await assert.rejects(at.call('agent.file', { taskId, path: '../a.txt' }), code('agents.file_unknown'));
  await assert.rejects(
    at.call('agent.file', { taskId, path }, { userId: 'stranger' }),
    code('projects.unknown'),
  );
  await assert.rejects(
    at.call('agent.apply', { taskId }, { ...at.owner, role: 'viewer' }),
    code('common.forbidden'),
  );
});

test('a conflict is settled hunk by hunk, as a whole, or with the agent’s version; never over a file that changed since', async () => {
  await using at = await proposed();
  const { taskId } = at;
  const mine = before.replace('four', 'vier').replace('one', 'eins');
  at.write(path, mine);
  const { conflicts } = await at.call('agent.apply', { taskId });
  const [conflict] = conflicts;
  assert.deepEqual(
    conflict?.hunks.map(({ present, proposed: theirs }) => [present, theirs]),
    [
      ['eins\n', 'ONE\n'],
      ['vier\n', 'FOUR\n'],
    ],
  );
  const presentHash = conflict?.presentHash ?? null;
  at.write(path, `${mine}ten\n`);
  const decisions = { [path]: { presentHash, hunks: ['eins\n', 'vier or FOUR'] } };
  const late = await at.call('agent.apply', { taskId, decisions });
  assert.deepEqual([late.written, late.conflicts[0]?.reason], [[], 'changed']);
  assert.equal(at.read(path), `${mine}ten\n`);

  at.write(path, mine);
  const shown = await at.call('agent.apply', { taskId, decisions, preview: true });
  assert.deepEqual(shown.written, [path]);
  await at.call('agent.apply', { taskId, decisions });
  assert.equal(at.read(path), 'eins\ntwo\nthree\nvier or FOUR\nfive\nsix\nSEVEN\neight\nnine\n');
  await at.call('agent.rollback', { taskId });
  assert.equal(at.read(path), mine);
  await at.call('agent.apply', { taskId, decisions: { [path]: { presentHash, take: 'proposed' } } });
  assert.equal(at.read(path), after);
  await at.call('agent.rollback', { taskId });
  await at.call('agent.apply', { taskId, decisions: { [path]: { presentHash, text: 'by hand\n' } } });
  assert.equal(at.read(path), 'by hand\n');
});
