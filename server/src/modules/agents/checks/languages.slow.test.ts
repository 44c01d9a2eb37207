import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import test from 'node:test';
import { agentWorld } from '../testing/agent-world.ts';
import type { Asked, Said } from '../testing/scripted-provider.ts';
import { newOnes, readDiagnostics } from './types.ts';

function missingCompiler(): string | false {
  try {
    createRequire(import.meta.url).resolve('typescript/package.json');
    return false;
  } catch {
    return 'missing: typescript (npm install)';
  }
}

const fenced = (text: string): Said => ({ text: `\`\`\`\n${text}\`\`\`` });
/** A model that is wrong, however many tries it has, until it is told why. */
const wrongUntilTold =
  (told: RegExp, answers: { wrong: string; right: string }) =>
  ({ last }: Asked): Said =>
    fenced(told.test(last) ? answers.right : answers.wrong);
const repairsOf = (asked: readonly Asked[], told: RegExp) => asked.filter(({ last }) => told.test(last));

test('diagnostics are compared by what they say, not where they stand', () => {
  const before = readDiagnostics("a.ts(3,7): error TS2322: Type 'a'.\nnoise\n");
  const after = readDiagnostics(
    "a.ts(9,1): error TS2322: Type 'a'.\r\na.ts(10,1): error TS2322: Type 'a'.\n  more\n",
  );
  assert.deepEqual(newOnes(before, after), [
    { file: 'a.ts', line: 10, code: 'TS2322', message: "Type 'a'." },
  ]);
  assert.deepEqual(newOnes(after, before), []);
});

test('new type errors are sent back, old ones do not stand in the way', {
  skip: missingCompiler(),
}, async () => {
  const files = {
    'tsconfig.json': '{"compilerOptions":{"strict":true,"target":"esnext","module":"nodenext"}}\n',
    'old.ts': 'export const wrong: number = "text";\n',
    'sum.ts': 'export function sum(a: number, b: number): number {\n  return a - b;\n}\n',
    'use.ts':
      "import { sum } from './sum.js';\nimport fs from 'node:fs';\nexport const n: number = sum(1, 2) + Number(fs.existsSync);\n",
  };
  const right = files['sum.ts'].replace('-', '+');
  const wrong = right.replace('a + b', 'String(a + b)');
  const told = /New type errors:\s+sum\.ts, line 2: Type 'string'[\s\S]*TS2322/;
  await using at = await agentWorld(files, wrongUntilTold(told, { wrong, right }));
  const task = await at.run({ mode: 'steps', files: ['sum.ts'] });
  assert.equal(task.status, 'completed', JSON.stringify(task.problem));
  const repairs = repairsOf(at.provider.asked, told);
  assert.equal(repairs.length, 1);
  assert.doesNotMatch(repairs[0]?.last ?? '', /old\.ts, line/);
  await at.call('agent.apply', { taskId: task.taskId });
  assert.equal(at.read('sum.ts'), right);
});

test('Python that parses and does not compile is sent back', async () => {
  const right = 'def one():\n    return 1\n';
  const told = /cannot compile one\.py, line 3: 'return' outside function/;
  await using at = await agentWorld(
    { 'one.py': 'def one():\n    pass\n' },
    wrongUntilTold(told, { wrong: `${right}return 2\n`, right }),
  );
  const task = await at.run({ mode: 'steps', files: ['one.py'] });
  assert.equal(task.status, 'completed', JSON.stringify(task.problem));
  assert.equal(repairsOf(at.provider.asked, told).length, 1);
});
