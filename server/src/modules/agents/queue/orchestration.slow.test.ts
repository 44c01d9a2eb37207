import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { isFault } from '#base/fault.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import { llmContract } from '#modules/llm/contract.ts';
import { agentWorld } from '../testing/agent-world.ts';
import type { Asked, Said } from '../testing/scripted-provider.ts';

const code = (expected: string) => (error: unknown) => isFault(error, expected);
const sum = 'export function sum(a, b) {\n  return a - b;\n}\n';
const manifest = '{"type":"module","scripts":{"test":"node --test"}}\n';
const fenced = (text: string): Said => ({ text: `\`\`\`js\n${text}\`\`\`` });
const taskIn = (all: string) => /Task: (\w+)/.exec(all)?.[1] ?? '';

test('a stronger model goes on only where its user allows it, with the money that is left; no call begins beyond the cap', async () => {
  const script = ({ model, all }: Asked): Said => {
    if (all.includes('SPEND')) return { text: 'x', usage: { prompt_tokens: 900, completion_tokens: 60 } };
    if (model !== 'dear') return { text: 'I cannot.' };
    return all.includes('is changed')
      ? { tool: 'finish', input: { summary: 'sum adds' } }
      : { tool: 'edit_file', input: { path: 'sum.js', search: 'a - b', replace: 'a + b' } };
  };
  await using at = await agentWorld({ 'sum.js': sum }, script);
  const dear = { id: 'dear', contextSize: 100_000, inputCost: '0.000001', outputCost: '0.00001' };
  await at.world
    .client(llmContract)
    .call(
      'admin.providers.create',
      { name: 'big', kind: 'openai', baseUrl: at.provider.url, apiKey: 'sk-test', models: [dear] },
      at.world.call({ role: 'admin' }),
    );
  const steps = { mode: 'steps' as const, files: ['sum.js'] };

  const refused = await at.run(steps);
  assert.equal(refused.problem?.code, 'agents.answer_invalid');
  assert.ok(at.provider.asked.every(({ model }) => model === 'strong'));

  const helped = await at.run({ ...steps, escalateTo: 'big/dear' });
  assert.equal(helped.status, 'completed', JSON.stringify(helped.problem));
  const escalated = (await at.steps(helped.taskId)).find(({ kind }) => kind === 'escalated');
  assert.deepEqual([escalated?.data.from, escalated?.data.to], ['scripted/strong', 'big/dear']);
  assert.ok(Number(helped.usage.cost) > 0);

  // 0.002 pays for no prompt of this length with an answer of use, 0.05 for one or two.
  const before = at.provider.asked.length;
  const poor = await at.run({ ...steps, model: 'big/dear', task: 'SPEND', budget: { cost: 500 } });
  assert.deepEqual([poor.problem?.code, at.provider.asked.length], ['agents.budget_cost', before]);
  const capped = await at.run({ ...steps, model: 'big/dear', task: 'SPEND', budget: { cost: 6_000 } });
  assert.equal(capped.problem?.code, 'agents.budget_cost');
  assert.ok(at.provider.asked.length > before);
  assert.ok(Number(capped.usage.cost) > 0 && Number(capped.usage.cost) <= 0.006, capped.usage.cost);
});

test('tasks that name the same file run one after the other; one that only meets it is told', async () => {
  const held = Promise.withResolvers<void>();
  const script = ({ all, index }: Asked): Said | Promise<Said> => {
    if (all.includes('MEET')) {
      return all.includes('is written')
        ? { tool: 'finish', input: { summary: 'met' } }
        : { tool: 'write_file', input: { path: 'a.js', content: 'let met;\n' } };
    }
    const answer = fenced(`let ${taskIn(all)}_${index};\n`);
    return taskIn(all) === 'FIRST' ? held.promise.then(() => answer) : answer;
  };
  await using at = await agentWorld({ 'a.js': 'let a;\n' }, script, { CDS_AGENTS_PARALLEL: '3' });
  const first = await at.dispatch({ mode: 'steps', files: ['a.js'], task: 'FIRST' });
  await eventually(() => assert.equal(at.provider.asked.length, 1), 60_000);
  const second = await at.dispatch({ mode: 'steps', files: ['./a.js'.slice(2)], task: 'SECOND' });
  const meeting = await at.settled(await at.dispatch({ task: 'MEET' }));
  assert.equal(meeting.status, 'completed', JSON.stringify(meeting.problem));
  assert.ok(
    meeting.overlaps.some(
      ({ taskId, path: name, state }) => taskId === first && name === 'a.js' && state === 'running',
    ),
  );
  assert.equal((await at.call('agent.status', { taskId: second })).status, 'pending');
  held.resolve();
  assert.equal((await at.settled(first)).status, 'completed');
  assert.equal((await at.settled(second)).status, 'completed');
  const started = async (taskId: string) =>
    (await at.steps(taskId)).find(({ kind }) => kind === 'started')?.at ?? '';
  const ended = (await at.steps(first)).find(({ kind }) => kind === 'completed')?.at ?? '';
  assert.ok((await started(second)) >= ended);
  assert.match(
    JSON.stringify(await at.steps(meeting.taskId)),
    /overlap.*Another task has to do with this file/,
  );
});

test('what passes alone and fails with what changed meanwhile is not written, unless its user insists', async () => {
  const files = {
    'sum.js': sum.replace('-', '+'),
    'use.js': 'export { sum } from "./sum.js";\n',
    'use.test.js':
      'import test from "node:test";\nimport assert from "node:assert";\nimport { sum } from "./use.js";\ntest("adds", () => assert.equal(sum(1, 2), 3));\n',
    'package.json': manifest,
  };
  const script = (): Said =>
    fenced('export function add(a, b) {\n  return a + b;\n}\nexport const sum = add;\n');
  await using at = await agentWorld(files, script);
  const task = await at.run({ mode: 'steps', files: ['sum.js'] });
  assert.equal(task.status, 'completed', JSON.stringify(task.problem));
  const { taskId } = task;
  // Fits line by line, and passes with the old file.
  const other =
    'import * as all from "./sum.js";\nif ("add" in all) throw new Error("twice");\nexport const sum = all.sum;\n';
  writeFileSync(path.join(at.workspace, 'use.js'), other);
  await assert.rejects(at.call('agent.apply', { taskId }), code('agents.merge_check_failed'));
  assert.equal(at.read('sum.js'), files['sum.js']);
  const check = (await at.steps(taskId)).findLast(({ kind }) => kind === 'check');
  assert.deepEqual([check?.data.when, check?.data.kind], ['merged', 'failed']);
  assert.match(String(check?.data.output), /twice/);
  assert.deepEqual((await at.call('agent.apply', { taskId, insist: true })).written, ['sum.js']);
  const applied = (await at.steps(taskId)).findLast(({ kind }) => kind === 'applied');
  assert.equal(applied?.data.insist, true);
});

test('an export tells the whole task, and no key, no name and no folder of this machine', async () => {
  const key = 'sk-live-0123456789abcdefghijklmnop';
  const script = ({ index }: Asked): Said =>
    index === 0
      ? { tool: 'read_file', input: { path: 'notes.md' } }
      : index === 1
        ? { tool: 'write_file', input: { path: 'a.js', content: `let key = '${key}';\n` } }
        : { tool: 'finish', input: { summary: 'done' } };
  const notes = `Key ${key}, mail boss@example.org, home /home/someone/x, password: hunter22\n`;
  await using at = await agentWorld({ 'notes.md': notes }, script);
  const task = await at.run({ task: `Do it with ${key}` });
  const lines: string[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const page: { lines: string[]; next: number | null } = await at.call('agent.export', {
      taskId: task.taskId,
      after,
    });
    lines.push(...page.lines);
    after = page.next;
  }
  const text = lines.join('\n');
  for (const word of [
    key,
    'boss@',
    '/home/someone',
    'hunter22',
    at.owner.username,
    at.owner.userId,
    at.workspace,
    at.area,
  ])
    assert.ok(!text.includes(word), word);
  const [head, ...steps] = lines.map((line) => JSON.parse(line));
  assert.equal(head.format, 'cds-agent-task');
  assert.equal(head.changeSet[0].path, 'a.js');
  assert.deepEqual(
    steps.map(({ kind }) => kind),
    (await at.steps(task.taskId)).map(({ kind }) => kind),
  );
  await assert.rejects(
    at.world.database.execute({
      text: `update agents.step set data = '{}' where task_id = $1`,
      values: [task.taskId],
    }),
    /only grows/,
  );
});
