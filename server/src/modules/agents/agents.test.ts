import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { isFault } from '#base/fault.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import { agentWorld } from './testing/agent-world.ts';
import type { Asked, Said } from './testing/scripted-provider.ts';

const code = (expected: string) => (error: unknown) => isFault(error, expected);
const sum = 'export function sum(a, b) {\n  return a - b;\n}\n';
const sumTest =
  "import assert from 'node:assert';\nimport test from 'node:test';\nimport { sum } from './sum.js';\ntest('adds', () => assert.equal(sum(2, 3), 5));\n";
const manifest = '{"type":"module","scripts":{"test":"node --test"}}\n';
const project = { 'sum.js': sum, 'sum.test.js': sumTest, 'package.json': manifest };
const fenced = (text: string): Said => ({ text: `\`\`\`js\n${text}\`\`\`` });

/** Answers in turn; the last one stays. */
const inTurn =
  (...answers: Said[]) =>
  ({ index }: Asked): Said =>
    answers[Math.min(index, answers.length - 1)] ?? { text: '' };

test('a task in steps: proposed in a copy, applied by its user, rolled back to the exact bytes, applied again', async () => {
  await using at = await agentWorld(project, inTurn(fenced(sum.replace('-', '+'))));
  const task = await at.run({ mode: 'steps', files: ['sum.js'] });
  assert.deepEqual([task.status, task.changeState, task.problem], ['completed', 'proposed', null]);
  assert.deepEqual(
    task.changeSet.map(({ path: name, addedLines, removedLines }) => [name, addedLines, removedLines]),
    [['sum.js', 1, 1]],
  );
  assert.equal(at.read('sum.js'), sum);
  const { taskId } = task;
  assert.deepEqual(await at.call('agent.apply', { taskId }), { written: ['sum.js'], conflicts: [] });
  assert.match(at.read('sum.js') ?? '', /a \+ b/);
  assert.deepEqual((await at.call('agent.rollback', { taskId, preview: true })).written, ['sum.js']);
  assert.match(at.read('sum.js') ?? '', /a \+ b/);
  await at.call('agent.rollback', { taskId });
  assert.equal(at.read('sum.js'), sum);
  await assert.rejects(at.call('agent.rollback', { taskId }), code('agents.state_wrong'));
  await at.call('agent.redo', { taskId });
  assert.match(at.read('sum.js') ?? '', /a \+ b/);
  const kinds = (await at.steps(taskId)).map(({ kind }) => kind);
  assert.deepEqual(
    kinds.filter((kind) => ['queued', 'started', 'completed', 'applied', 'rolled_back'].includes(kind)),
    ['queued', 'started', 'completed', 'applied', 'rolled_back', 'applied'],
  );
  assert.ok(task.usage.calls === 1 && task.usage.promptTokens === 100);
  await eventually(() => assert.deepEqual(readdirSync(path.join(at.area, 'worktrees')), []));
});

test('two tasks at once both land; a user’s edit in between stays; the same line is a conflict that writes nothing', async () => {
  const text = 'one\ntwo\nthree\nfour\nfive\n';
  const script = ({ all }: Asked): Said => {
    const change = /Task: (\w+)/.exec(all)?.[1] ?? '';
    return { text: `\`\`\`\n${text.replace(change, change.toUpperCase())}\`\`\`` };
  };
  await using at = await agentWorld({ 'a.txt': text }, script);
  const tasks = await Promise.all(
    ['one', 'five', 'three'].map((word) => at.dispatch({ mode: 'steps', files: ['a.txt'], task: word })),
  );
  const [first = '', second = '', third = ''] = tasks;
  for (const taskId of tasks) assert.equal((await at.settled(taskId)).status, 'completed');
  at.write('a.txt', text.replace('three', 'drei'));
  await at.call('agent.apply', { taskId: first });
  await at.call('agent.apply', { taskId: second });
  const merged = 'ONE\ntwo\ndrei\nfour\nFIVE\n';
  assert.equal(at.read('a.txt'), merged);
  const { written, conflicts } = await at.call('agent.apply', { taskId: third });
  assert.deepEqual(written, []);
  assert.deepEqual(conflicts, [
    {
      path: 'a.txt',
      reason: 'content',
      presentHash: createHash('sha256').update(merged).digest('hex'),
      hunks: [
        {
          startLine: 3,
          base: 'three\n',
          present: 'drei\n',
          proposed: 'THREE\n',
          contextBefore: 'ONE\ntwo\n',
          contextAfter: 'four\n',
        },
      ],
      merged: null,
    },
  ]);
  assert.equal(at.read('a.txt'), merged);
  const presentHash = conflicts[0]?.presentHash ?? null;
  await at.call('agent.apply', {
    taskId: third,
    decisions: { 'a.txt': { presentHash, hunks: ['DREI'] } },
  });
  assert.equal(at.read('a.txt'), 'ONE\ntwo\nDREI\nfour\nFIVE\n');
  await at.call('agent.rollback', { taskId: first });
  assert.equal(at.read('a.txt'), 'one\ntwo\nDREI\nfour\nFIVE\n');
});

test('dependencies wait and fail together; for strangers a task does not exist; a viewer dispatches nothing', async () => {
  await using at = await agentWorld(project, ({ all }) =>
    all.includes('BAD') ? { text: 'no' } : fenced(sum.replace('-', '+')),
  );
  const bad = await at.dispatch({ mode: 'steps', files: ['sum.js'], task: 'BAD' });
  const after = await at.dispatch({ mode: 'steps', files: ['sum.js'], after: [bad] });
  assert.equal((await at.settled(bad)).status, 'failed');
  assert.equal((await at.settled(after)).problem?.code, 'agents.dependency_failed');
  await assert.rejects(
    at.call('agent.status', { taskId: bad }, { userId: 'stranger' }),
    code('projects.unknown'),
  );
  await assert.rejects(
    at.call(
      'agent.dispatch',
      { projectId: at.projectId, agent: 'code', task: 'x' },
      { ...at.owner, role: 'viewer' },
    ),
    code('common.forbidden'),
  );
});

test('files of proposals that nobody has decided about are told, by task; those of decided ones are not', async () => {
  await using at = await agentWorld({ 'sum.js': sum }, inTurn(fenced(sum.replace('-', '+'))));
  const { projectId } = at;
  const paths = async () =>
    (await at.call('agent.proposals', { projectId })).files.map(({ taskId, path: name, agent, change }) => [
      taskId,
      name,
      agent,
      change,
    ]);
  assert.deepEqual(await paths(), []);
  const first = await at.run({ mode: 'steps', files: ['sum.js'] });
  const second = await at.run({ mode: 'steps', files: ['sum.js'] });
  assert.deepEqual(await paths(), [
    [second.taskId, 'sum.js', 'code', 'changed'],
    [first.taskId, 'sum.js', 'code', 'changed'],
  ]);
  await at.call('agent.reject', { taskId: second.taskId });
  await at.call('agent.apply', { taskId: first.taskId });
  assert.deepEqual(await paths(), []);
  const other = await at.newUser();
  await assert.rejects(at.call('agent.proposals', { projectId }, other), code('projects.unknown'));
});
