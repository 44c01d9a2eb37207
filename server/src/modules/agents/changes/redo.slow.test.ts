import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { isFault } from '#base/fault.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import { agentWorld } from '../testing/agent-world.ts';

const code = (expected: string) => (error: unknown) => isFault(error, expected);
const sum = 'export function sum(a, b) {\n  return a - b;\n}\n';
const right = sum.replace('-', '+');
const manifest = '{"type":"module","scripts":{"test":"node --test"}}\n';
const testOf = (a: number, b: number, gives: number) =>
  `import assert from 'node:assert';\nimport test from 'node:test';\nimport { sum } from './sum.js';\ntest('sum', () => assert.equal(sum(${a}, ${b}), ${gives}));\n`;
const project = { 'sum.js': sum, 'package.json': manifest };
const fixed = { text: `\`\`\`js\n${right}\`\`\`` };

test('redo runs the check on the project as it would be, as apply does; insisting writes all the same', async () => {
  await using at = await agentWorld({ ...project, 'sum.test.js': testOf(0, 0, 0) }, () => fixed);
  const { taskId, status, problem } = await at.run({ mode: 'steps', files: ['sum.js'] });
  assert.equal(status, 'completed', JSON.stringify(problem));
  await at.call('agent.apply', { taskId });
  await at.call('agent.rollback', { taskId });
  // Meanwhile somebody relies on what it was.
  at.write('sum.test.js', testOf(5, 3, 2));
  await assert.rejects(at.call('agent.redo', { taskId }), code('agents.merge_check_failed'));
  assert.equal(at.read('sum.js'), sum);
  await at.call('agent.redo', { taskId, insist: true });
  assert.equal(at.read('sum.js'), right);
  const checks = (await at.steps(taskId)).filter(
    ({ kind, data }) => kind === 'check' && data.when === 'merged',
  );
  assert.equal(checks.at(-1)?.data.kind, 'failed');
});

test('an operation that another process left half done is finished by one that lives, without a new start', async () => {
  await using at = await agentWorld(project, () => fixed, { CDS_AGENTS_LEASE_MS: '1000' });
  const { taskId } = await at.run({ mode: 'steps', files: ['sum.js'] });
  await at.call('agent.apply', { taskId });
  // As a process leaves it that dies before the first file: on record, and nothing written.
  at.write('sum.js', sum);
  await at.world.database.execute({ text: 'update agents.operation set finished = false' });
  await eventually(() => assert.equal(at.read('sum.js'), right), 60_000);
  await eventually(async () => {
    const last = (await at.steps(taskId)).at(-1);
    assert.deepEqual([last?.kind, last?.data.recovered], ['applied', true]);
  }, 60_000);
});

test('a project without git history is worked on, applied and rolled back like any other, and gets none', async () => {
  await using at = await agentWorld(project, () => fixed);
  rmSync(path.join(at.workspace, '.git'), { recursive: true, force: true });
  const { taskId, status, problem } = await at.run({ mode: 'steps', files: ['sum.js'] });
  assert.equal(status, 'completed', JSON.stringify(problem));
  await at.call('agent.apply', { taskId });
  assert.equal(at.read('sum.js'), right);
  await at.call('agent.rollback', { taskId });
  assert.equal(at.read('sum.js'), sum);
  assert.ok(!existsSync(path.join(at.workspace, '.git')));
});
