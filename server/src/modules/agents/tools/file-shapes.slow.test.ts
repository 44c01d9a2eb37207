import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { agentWorld } from '../testing/agent-world.ts';
import type { Asked, Said } from '../testing/scripted-provider.ts';

const call = (tool: string, input: object): Said => ({ tool, input });
/** One answer after each result of a tool. */
const turns =
  (...said: Said[]) =>
  ({ messages }: Asked): Said =>
    said[messages.filter(({ role }) => role === 'tool').length] ?? call('finish', { summary: 'done' });

const binary = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 255]);
const settings = '{\n  // How strict it is.\n  "strict": true\n}\n';

test('tools leave the shape of a file alone, and write over nothing that they cannot show', async () => {
  const long = `const text = '${'x'.repeat(300_000)}';\r\nconst rest = 1;\r\n`;
  await using at = await agentWorld(
    {
      'windows.js': 'const a = 1;\r\nconst b = 2;\r\n',
      'marked.js': '\uFEFFconst a = 1;\r\nconst b = 2;',
      'mixed.txt': 'one\r\ntwo\nthree\r\n',
      'long.js': long,
      'tsconfig.json': settings,
      'Case.txt': 'upper\n',
    },
    turns(
      call('write_file', { path: 'windows.js', content: 'const a = 1;\nconst b = 3;\n' }),
      call('write_file', { path: 'marked.js', content: 'const a = 1;\nconst b = 3;\n' }),
      call('edit_file', { path: 'mixed.txt', search: 'two', replace: 'zwei – ☂' }),
      call('edit_file', { path: 'long.js', search: 'rest = 1', replace: 'rest = 2' }),
      call('edit_file', { path: 'tsconfig.json', search: 'true', replace: 'false' }),
      call('write_file', { path: 'picture.png', content: 'a text\n' }),
      call('edit_file', { path: 'picture.png', search: 'PNG', replace: 'GIF' }),
      call('write_file', { path: 'huge.txt', content: 'small\n' }),
      call('write_file', { path: '../out.txt', content: 'x\n' }),
      call('delete_file', { path: 'Case.txt' }),
      call('write_file', { path: 'case.txt', content: 'lower\n' }),
    ),
  );
  const huge = 'a line of a file that is too large to be shown\n'.repeat(30_000);
  writeFileSync(path.join(at.workspace, 'picture.png'), binary);
  writeFileSync(path.join(at.workspace, 'huge.txt'), huge);
  const done = await at.run({ agent: 'code', mode: 'tools', budget: { tokens: 5_000_000 } });
  assert.equal(done.status, 'completed', JSON.stringify(done.problem));
  const refused = (await at.steps(done.taskId))
    .filter(({ data }) => data.refused !== undefined)
    .map(({ data }) => [
      (JSON.parse(String(data.arguments)) as { path: string }).path,
      (data.refused as { code: string }).code,
    ]);
  assert.deepEqual(refused, [
    ['picture.png', 'file_closed'],
    ['picture.png', 'file_absent'],
    ['huge.txt', 'file_closed'],
    ['../out.txt', 'refused_by'],
  ]);
  // Its user goes on working meanwhile.
  at.write('windows.js', '// mine\r\nconst a = 1;\r\nconst b = 2;\r\n');
  const { conflicts } = await at.call('agent.apply', { taskId: done.taskId });
  assert.deepEqual(conflicts, []);
  assert.equal(at.read('windows.js'), '// mine\r\nconst a = 1;\r\nconst b = 3;\r\n');
  assert.equal(at.read('marked.js'), '\uFEFFconst a = 1;\r\nconst b = 3;');
  assert.equal(at.read('mixed.txt'), 'one\r\nzwei – ☂\nthree\r\n');
  assert.equal(at.read('long.js'), long.replace('rest = 1', 'rest = 2'));
  assert.equal(at.read('tsconfig.json'), settings.replace('true', 'false'));
  assert.deepEqual(readFileSync(path.join(at.workspace, 'picture.png')), binary);
  assert.equal(at.read('huge.txt'), huge);
  assert.deepEqual([at.read('Case.txt'), at.read('case.txt')], [null, 'lower\n']);
  await at.call('agent.rollback', { taskId: done.taskId });
  assert.equal(at.read('windows.js'), '// mine\r\nconst a = 1;\r\nconst b = 2;\r\n');
  assert.equal(at.read('mixed.txt'), 'one\r\ntwo\nthree\r\n');
  assert.deepEqual([at.read('Case.txt'), at.read('case.txt')], ['upper\n', null]);
});

test('a small model is offered files only: no line about what is left out, no secret file, and paths with a colon whole', async () => {
  const script = ({ all }: Asked): Said => {
    const first = /^\s*(\d+)[.:)] +notes: today\.md/m.exec(all)?.[1];
    if (first !== undefined) return { text: JSON.stringify({ files: [Number(first)] }) };
    return { text: '```\n# Today\n\nDone.\n```\n' };
  };
  const many = Object.fromEntries(
    Array.from({ length: 3 }, (_, index) => [`part${index}/.env`, `KEY=${index}\n`]),
  );
  await using at = await agentWorld({ 'notes: today.md': '# Today\n', ...many }, script);
  const done = await at.run({
    agent: 'doc',
    mode: 'steps',
    task: 'Say in the notes of today that it is done',
  });
  const context = (await at.steps(done.taskId)).find(({ data }) => Array.isArray(data.candidates));
  const candidates = context?.data.candidates as string[];
  assert.ok(candidates.length > 0);
  assert.ok(
    candidates.every((line) => !line.includes('.env')),
    candidates.join('\n'),
  );
  assert.equal(done.status, 'completed', JSON.stringify([done.problem, candidates]));
  assert.deepEqual(
    done.changeSet.map((change) => change.path),
    ['notes: today.md'],
  );
});

test('a model in steps that chooses a picture is told so, and the picture stays', async () => {
  const script = ({ all }: Asked): Said =>
    all.includes('```') || /whole file/i.test(all) ? { text: '```\ntext\n```\n' } : { text: '{"files":[1]}' };
  await using at = await agentWorld({}, script);
  writeFileSync(path.join(at.workspace, 'picture.png'), binary);
  const done = await at.run({ agent: 'doc', mode: 'steps', files: ['picture.png'] });
  assert.equal(done.status, 'failed');
  assert.equal(done.problem?.code, 'agents.answer_invalid');
  assert.equal((done.problem?.data.reason as { code: string } | undefined)?.code, 'file_closed');
  assert.equal(at.provider.asked.length, 0);
  assert.deepEqual(readFileSync(path.join(at.workspace, 'picture.png')), binary);
});
