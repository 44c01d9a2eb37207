import assert from 'node:assert/strict';
import test from 'node:test';
import { agentWorld } from '../testing/agent-world.ts';
import type { Asked, Said } from '../testing/scripted-provider.ts';

const wrong = 'export function sum(a, b) {\n  return a - b;\n}\n';
const right = wrong.replace('-', '+');
/** Too large to be written again. */
const filler = Array.from(
  { length: 200 },
  (_, index) =>
    `export function step${index}(value) {\n  const next = value + ${index};\n  return next * ${index};\n}\n`,
);
const large = (sum: string) => [...filler.slice(0, 100), sum, ...filler.slice(100)].join('\n');
const manifest = '{"type":"module","scripts":{"test":"node --test"}}\n';
const sumTest =
  "import assert from 'node:assert';\nimport test from 'node:test';\nimport { sum } from './math.js';\ntest('adds', () => assert.equal(sum(2, 3), 5));\n";
const project = { 'math.js': large(wrong), 'math.test.js': sumTest, 'package.json': manifest };
const fenced = (text: string): Said => ({ text: `\`\`\`js\n${text}\`\`\`` });

/** Chooses the part of a name, and answers for it in turn; the last answer stays. */
function choosing(name: string, ...answers: Said[]): (asked: Asked) => Said {
  let turn = 0;
  return ({ last }) => {
    const number = new RegExp(`^(\\d+)\\. ${name} \\(lines`, 'm').exec(last)?.[1];
    if (last.includes('has these parts')) return { text: `{"parts":[${number}],"newAfter":null}` };
    turn += 1;
    return answers[Math.min(turn, answers.length) - 1] ?? { text: '' };
  };
}

test('a large file: one symbol is chosen by number and asked for as plain code; elision and a wrong symbol are sent back', async () => {
  const script = choosing(
    'sum',
    fenced('export function sum(a, b) {\n  // ... existing code ...\n}\n'),
    fenced('export function minus(a, b) {\n  return a - b;\n}\n'),
    fenced(right),
  );
  await using at = await agentWorld(project, script);
  const task = await at.run({ mode: 'steps', files: ['math.js'], task: 'sum must add' });
  assert.equal(task.status, 'completed', JSON.stringify(task.problem));
  const asked = at.provider.asked.map(({ last }) => last);
  assert.equal(asked.length, 4);
  assert.ok(asked.every((text) => text.length < project['math.js'].length / 2));
  assert.match(asked[1] ?? '', /whole new code of `sum`[\s\S]*no other part of the file/);
  assert.match(asked[2] ?? '', /code was left out/);
  assert.match(asked[3] ?? '', /not the code of sum/);
  await at.call('agent.apply', { taskId: task.taskId });
  assert.equal(at.read('math.js'), large(right));
});

test('a symbol that breaks the check is mended with its output; small files are still asked for as a whole', async () => {
  const script = choosing(
    'sum',
    fenced(wrong.replace('-', '*')),
    fenced(wrong.replace('-', '/')),
    fenced(right),
  );
  await using at = await agentWorld(project, script);
  const command = { command: 'node', args: ['--test'] };
  const task = await at.run({
    agent: 'debug',
    mode: 'steps',
    files: ['math.js'],
    task: 'sum must add',
    command,
  });
  assert.equal(task.status, 'completed', JSON.stringify(task.problem));
  assert.ok(at.provider.asked.some(({ last }) => /failed this check[\s\S]*adds/.test(last)));
  const small = await at.run({ mode: 'steps', files: ['small.js'], task: 'sum must add' });
  assert.equal(small.status, 'completed', JSON.stringify(small.problem));
  assert.match(at.provider.asked.at(-1)?.last ?? '', /whole new content of `small\.js`/);
});

test('a model that was set to diffs is asked for a diff, and one that cannot is asked for the file after that', async () => {
  const diff =
    '--- a/sum.js\n+++ b/sum.js\n@@\n export function sum(a, b) {\n-  return a - b;\n+  return a + b;\n }\n';
  const script = ({ last, all }: Asked): Said => {
    if (!last.includes('unified diff')) return fenced(right);
    return all.includes('CANNOT')
      ? { text: 'I would change the minus.' }
      : { text: `\`\`\`diff\n${diff}\`\`\`` };
  };
  await using at = await agentWorld({ 'sum.js': wrong }, script, {
    CDS_AGENTS_EDIT_FORMATS: 'scripted/*=diff',
  });
  const able = await at.run({ mode: 'steps', files: ['sum.js'], task: 'sum must add' });
  assert.equal(able.status, 'completed', JSON.stringify(able.problem));
  assert.equal(at.provider.asked.length, 1);
  const unable = await at.run({ mode: 'steps', files: ['sum.js'], task: 'sum must add. CANNOT' });
  assert.equal(unable.status, 'completed', JSON.stringify(unable.problem));
  assert.match(at.provider.asked.at(-1)?.last ?? '', /whole new content of/);
});

const sumFiles = {
  'sum.js': wrong,
  'sum.test.js': sumTest.replace('math', 'sum'),
  'package.json': manifest,
};

/** A debug task in steps on the wrong sum, which must come to its end. */
async function sumMended(at: Awaited<ReturnType<typeof agentWorld>>) {
  const command = { command: 'node', args: ['--test'] };
  const task = await at.run({
    agent: 'debug',
    mode: 'steps',
    files: ['sum.js'],
    task: 'sum must add',
    command,
  });
  assert.equal(task.status, 'completed', JSON.stringify(task.problem));
  return task;
}

test('best of n: the candidate that passes the check is taken, whatever came first', async () => {
  const tried = fenced(wrong.replace('-', '*'));
  const script = ({ index }: Asked): Said => (index === 0 ? tried : fenced(right));
  await using at = await agentWorld(sumFiles, script);
  const task = await sumMended(at);
  assert.equal(at.provider.asked.length, 2);
  // The second is a candidate of its own: it is asked the same question, not told what was wrong with the first.
  assert.equal(at.provider.asked[1]?.last, at.provider.asked[0]?.last);
  await at.call('agent.apply', { taskId: task.taskId });
  assert.equal(at.read('sum.js'), right);
});

test('best of n: when no candidate passes, the first that can be used is the one that is mended', async () => {
  const first = fenced(wrong.replace('a - b', 'a * b'));
  const second = fenced(wrong.replace('a - b', 'a / b'));
  const script = ({ index }: Asked): Said => [first, second, fenced(right)][Math.min(index, 2)] ?? first;
  await using at = await agentWorld(sumFiles, script);
  await sumMended(at);
  assert.match(at.provider.asked[2]?.last ?? '', /a \* b/);
});
