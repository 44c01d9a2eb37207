import assert from 'node:assert/strict';
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

test('fault personas of small models: bad fence, elision and a syntax error are told back and mended', async () => {
  const good = fenced(sum.replace('-', '+'));
  const answers = inTurn(
    { text: 'Here it is, change the minus!' },
    { text: '```js\n// ... rest of the code here\n```' },
    good,
  );
  await using at = await agentWorld(project, answers);
  const task = await at.run({ mode: 'steps', files: ['sum.js'] });
  assert.equal(task.status, 'completed');
  assert.equal(at.provider.asked.length, 3);
  assert.match(at.provider.asked[1]?.last ?? '', /no fenced block/);
  assert.match(at.provider.asked[2]?.last ?? '', /left out/);
});

test('answers that never fit end the task cleanly, and nothing is proposed', async () => {
  await using at = await agentWorld(project, inTurn({ text: '```js\nexport function sum( {{\n```' }));
  const task = await at.run({ mode: 'steps', files: ['sum.js'] });
  assert.deepEqual(
    [task.status, task.changeState, task.problem?.code],
    ['failed', 'none', 'agents.answer_invalid'],
  );
  await assert.rejects(at.call('agent.apply', { taskId: task.taskId }), code('agents.state_wrong'));
  assert.equal(at.read('sum.js'), sum);
});

test('a change that breaks passing tests is sent back with their output, and refused in the end', async () => {
  const right = { ...project, 'sum.js': sum.replace('-', '+') };
  await using at = await agentWorld(right, ({ index }) => fenced(`${sum.replace('a - b', `${index} * a`)}`));
  const task = await at.run({ mode: 'steps', files: ['sum.js'] });
  assert.deepEqual([task.status, task.problem?.code], ['failed', 'agents.check_failed']);
  // Two candidates are tried before the first is mended.
  assert.match(at.provider.asked[2]?.last ?? '', /exit code 1[\s\S]*adds/);
});

test('without named files a small model picks by number from the map', async () => {
  const script = ({ last }: Asked): Said => {
    if (!last.includes('Choose at most')) return fenced(sum.replace('-', '+'));
    const number = /^(\d+)\. sum\.js/m.exec(last)?.[1];
    return { text: `{"files":[${number}]}` };
  };
  await using at = await agentWorld(project, script);
  const task = await at.run({ mode: 'steps', task: 'sum must add' });
  assert.equal(task.status, 'completed', JSON.stringify(task.problem));
  assert.deepEqual(
    task.changeSet.map(({ path: name }) => name),
    ['sum.js'],
  );
});

test('a strong model works with tools until the check agrees; AGENTS.md reaches it', async () => {
  const script = inTurn(
    { tool: 'read_file', input: { path: 'sum.js' } },
    { tool: 'run', input: { command: 'npm', args: ['test', '--silent'] } },
    { tool: 'edit_file', input: { path: 'sum.js', search: 'a - b', replace: 'a + b' } },
    { tool: 'run', input: { command: 'npm', args: ['test', '--silent'] } },
    { tool: 'finish', input: { summary: 'sum adds now' } },
  );
  await using at = await agentWorld({ ...project, 'AGENTS.md': '- Use tabs in rainbows.\n' }, script);
  const task = await at.run({ agent: 'debug', command: { command: 'npm', args: ['test', '--silent'] } });
  assert.equal(task.status, 'completed', JSON.stringify(task.problem));
  assert.equal(task.summary, 'sum adds now');
  assert.match(at.provider.asked[0]?.all ?? '', /rainbows/);
  assert.match(at.provider.asked[2]?.last ?? '', /exit code 1/);
  assert.match(at.provider.asked[4]?.last ?? '', /exit code 0/);
});

test('debug begins only with a command that fails', async () => {
  await using at = await agentWorld(project, inTurn({ text: '' }));
  await assert.rejects(at.dispatch({ agent: 'debug' }), code('agents.command_needed'));
  const task = await at.run({ agent: 'debug', command: { command: 'true' } });
  assert.deepEqual([task.status, task.problem?.code], ['failed', 'agents.check_failed']);
  assert.equal(at.provider.asked.length, 0);
});

test('a question waits for its user, also over a new start, and goes on with the reply', async () => {
  const script = ({ index, last }: Asked): Said => {
    if (index === 0) return { tool: 'ask', input: { question: 'Plus or times?' } };
    if (index === 1) return { tool: 'write_file', input: { path: 'answer.txt', content: last } };
    return { tool: 'finish', input: { summary: 'done' } };
  };
  await using at = await agentWorld(project, script);
  const waiting = await at.run({});
  assert.deepEqual([waiting.status, waiting.question], ['waiting_for_input', 'Plus or times?']);
  await at.call('agent.reply', { taskId: waiting.taskId, text: 'Plus!' });
  const task = await at.settled(waiting.taskId);
  assert.equal(task.status, 'completed', JSON.stringify(task.problem));
  await at.call('agent.apply', { taskId: task.taskId });
  assert.equal(at.read('answer.txt'), 'Plus!');
});

test('a dangerous command asks first; refused it does not run, and outward ones never do', async () => {
  const script = inTurn(
    { tool: 'run', input: { command: 'curl', args: ['http://example.org'] } },
    { tool: 'run', input: { command: 'rm', args: ['sum.js'] } },
    { tool: 'write_file', input: { path: 'ok.txt', content: 'ok' } },
    { tool: 'finish', input: { summary: 'done' } },
  );
  await using at = await agentWorld(project, script);
  const waiting = await at.run({});
  assert.match(waiting.question ?? '', /rm sum\.js[\s\S]*can destroy files/);
  assert.match(at.provider.asked[1]?.last ?? '', /Refused: curl reaches out/);
  await at.call('agent.reply', { taskId: waiting.taskId, text: 'no' });
  const task = await at.settled(waiting.taskId);
  assert.deepEqual(
    task.changeSet.map(({ path: name, change }) => [name, change]),
    [['ok.txt', 'created']],
  );
});

test('budgets hold: tokens before a call, missing usage counted by length, and time', async () => {
  const long = { text: `${'word '.repeat(300)}`, usage: null };
  await using at = await agentWorld(project, ({ all }) => (all.includes('WAIT') ? { hang: true } : long));
  const poor = await at.run({ mode: 'steps', files: ['sum.js'], budget: { tokens: 1200 } });
  assert.equal(poor.problem?.code, 'agents.budget_tokens');
  assert.ok(poor.usage.estimatedTokens + poor.usage.promptTokens + poor.usage.completionTokens > 0);
  const asked = at.provider.asked.length;
  const slow = await at.run({ task: 'WAIT', budget: { seconds: 4 } });
  assert.equal(slow.problem?.code, 'agents.budget_time');
  assert.ok(at.provider.asked.length <= asked + 1);
});

test('a model that repeats itself is stopped', async () => {
  await using at = await agentWorld(project, inTurn({ tool: 'read_file', input: { path: 'sum.js' } }));
  const task = await at.run({});
  assert.equal(task.problem?.code, 'agents.stuck');
  assert.ok(at.provider.asked.length <= 5);
});

test('new tests count only when they fail for broken code', async () => {
  const right = { 'sum.js': sum.replace('-', '+'), 'package.json': manifest };
  const useless =
    "import test from 'node:test';\nimport { sum } from './sum.js';\ntest('runs', () => { sum(1, 2); });\n";
  const script = ({ index }: Asked): Said => fenced(index < 2 ? useless : sumTest);
  await using at = await agentWorld(right, script);
  const task = await at.run({ agent: 'test', mode: 'steps', files: ['sum.test.js'] });
  assert.equal(task.status, 'completed', JSON.stringify(task.problem));
  assert.match(at.provider.asked[2]?.last ?? '', /broken on purpose/);
  assert.deepEqual(
    task.changeSet.map(({ path: name }) => name),
    ['sum.test.js'],
  );
});

test('security tells findings with evidence, masks secrets, and needs no model', async () => {
  const files = {
    'a.js': "const x = eval(input);\nconst apiKey = 'q8Zr3Lm9Xw2Vt7Bn';\n// eval(nothing)\n",
    'b.py': 'import os\nos.system(f"ls {name}")\n',
  };
  await using at = await agentWorld(files, inTurn({ text: '' }));
  const task = await at.run({ agent: 'security', task: 'Audit' });
  assert.deepEqual(
    task.findings.map(({ path: name, line, rule }) => [name, line, rule]),
    [
      ['a.js', 1, 'CWE-95 eval'],
      ['a.js', 2, 'CWE-798 secret'],
      ['b.py', 2, 'CWE-78 shell'],
    ],
  );
  assert.ok(!JSON.stringify(task.findings).includes('q8Zr3Lm9Xw2Vt7Bn'));
  assert.equal(at.provider.asked.length, 0);
});

test('documents and pages are checked: a dead link and a weak contrast are sent back', async () => {
  const page = (colour: string) =>
    `<!doctype html><html lang="en"><head><title>T</title><meta name="viewport" content="width=device-width"><style>p { color: ${colour}; background: #fff; }</style></head><body><main><h1>T</h1><p>x</p></main></body></html>\n`;
  const script = ({ index, all }: Asked): Said => {
    if (all.includes('page.html'))
      return { text: `\`\`\`html\n${page(all.includes('contrast of') ? '#333' : '#bbb')}\`\`\`` };
    return { text: `\`\`\`\`md\n# Guide\n\n[sum](${index === 0 ? 'nowhere.js' : 'sum.js'})\n\`\`\`\`` };
  };
  await using at = await agentWorld(project, script);
  const doc = await at.run({ agent: 'doc', mode: 'steps', files: ['GUIDE.md'] });
  assert.equal(doc.status, 'completed', JSON.stringify(doc.problem));
  assert.match(at.provider.asked[1]?.last ?? '', /nowhere\.js does not exist/);
  const design = await at.run({ agent: 'design', mode: 'steps', files: ['page.html'] });
  assert.equal(design.status, 'completed', JSON.stringify(design.problem));
});

test('a task whose process died begins again in a fresh copy, and what it spent counts on', async () => {
  const script = ({ index }: Asked): Said => (index === 0 ? { hang: true } : fenced(sum.replace('-', '+')));
  await using at = await agentWorld(project, script, { CDS_AGENTS_LEASE_MS: '4000' });
  const taskId = await at.dispatch({ mode: 'steps', files: ['sum.js'] });
  await eventually(() => assert.equal(at.provider.open, 1), 60_000);
  await at.world.database.execute({
    text: `update agents.task set runner = 'somebody else', lease_until = now() - interval '1 minute' where task_id = $1`,
    values: [taskId],
  });
  const task = await at.settled(taskId);
  assert.equal(task.status, 'completed', JSON.stringify(task.problem));
  const kinds = (await at.steps(taskId)).map(({ kind }) => kind);
  assert.equal(kinds.filter((kind) => kind === 'restarted').length, 1);
  assert.equal(kinds.filter((kind) => kind === 'completed').length, 1);
});
