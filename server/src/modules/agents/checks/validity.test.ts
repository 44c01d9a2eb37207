import assert from 'node:assert/strict';
import test from 'node:test';
import { createSyntax } from '#kernel/syntax/syntax.ts';
import type { CheckContext, CheckResult } from './check.ts';
import { checkCommentsOnly } from './comments-only.ts';
import { checkDocuments } from './documents.ts';
import { mutantsOf } from './mutants.ts';
import { checkTestsAreSame } from './test-setup.ts';

const syntax = createSyntax();

/** A project in memory: what was there, and what is there now. */
function project(before: Record<string, string>, after: Record<string, string | null>): CheckContext {
  const now: Record<string, string | null> = { ...before, ...after };
  const read = async (path: string) => now[path] ?? null;
  return {
    syntax,
    bench: { read, list: async () => Object.keys(now).filter((path) => now[path] !== null) },
    before: async (path: string) => before[path] ?? null,
    changes: async () =>
      Object.entries(after).map(([path, text]) => ({
        path,
        baseHash: null,
        afterHash: text === null ? null : 'x',
        executable: false,
      })),
  } as unknown as CheckContext;
}
const reason = (result: CheckResult) => (result.passed ? null : `${result.reason.en}: ${result.output}`);

test('breaks of a file parse, lie inside of functions, and leave comments and imports alone', async () => {
  const code =
    "import { b } from './b.js';\nexport const top = 1 + 2;\n// return 1 + 1\nexport const f = (a, c) => call(a, c);\nexport function g(x) {\n  if (x === 1 && top) return { y: [x + 1, 2] };\n  return true;\n}\n";
  const mutants = await mutantsOf(syntax, 'a.js', code);
  assert.ok(mutants.length >= 4);
  for (const mutant of mutants) {
    assert.equal(await syntax.withTree('a.js', mutant, (root) => root.hasError), false, mutant);
    assert.ok(mutant.startsWith("import { b } from './b.js';\nexport const top = 1 + 2;\n// return 1 + 1\n"));
  }
  assert.ok(
    mutants.some((mutant) => mutant.includes('=> undefined;') && mutant.includes('return undefined;')),
  );
  const python = await mutantsOf(
    syntax,
    'a.py',
    'def f(a):\n    """return a + 1"""\n    return a + 1 if a > 0 else None\n',
  );
  assert.ok(python.some((mutant) => mutant.includes('return None\n')));
  assert.ok(python.every((mutant) => mutant.includes('"""return a + 1"""')));
  assert.deepEqual(await mutantsOf(syntax, 'a.js', 'const a = 1 + 1;\n'), []);
});

test('a fix may change neither tests, nor how they run, nor end the program early', async () => {
  const manifest = '{"name":"a","scripts":{"test":"node --test"}}';
  const at = (before: Record<string, string>, after: Record<string, string | null>) =>
    checkTestsAreSame(project(before, after));
  assert.match(reason(await at({ 'a.test.js': 'x' }, { 'a.test.js': null })) ?? '', /a test was changed/);
  assert.match(
    reason(
      await at({ 'package.json': manifest }, { 'package.json': manifest.replace('node --test', 'true') }),
    ) ?? '',
    /how the tests run/,
  );
  assert.match(reason(await at({}, { 'package.json': manifest })) ?? '', /how the tests run/);
  assert.match(reason(await at({}, { 'conftest.py': 'collect_ignore = ["."]' })) ?? '', /how the tests run/);
  assert.match(reason(await at({ 'a.js': 'x' }, { 'a.js': 'process.exit(0);x' })) ?? '', /ends early/);
  assert.match(reason(await at({ 'a.py': 'x' }, { 'a.py': 'import os\nos._exit(0)' })) ?? '', /ends early/);
  assert.equal(
    reason(await at({ 'package.json': manifest }, { 'package.json': manifest.replace('"a"', '"b"') })),
    null,
  );
  assert.equal(reason(await at({ 'a.js': 'process.exit(0)' }, { 'a.js': 'y;process.exit(0)' })), null);
});

test('who documents changes comments and docstrings only', async () => {
  const at = async (path: string, before: string, after: string) =>
    reason(await checkCommentsOnly(project({ [path]: before }, { [path]: after })));
  assert.equal(await at('a.js', 'const a = 1;\n', '/** One. */\nconst a = 1; // one\n'), null);
  assert.match((await at('a.js', 'const a = 1;\n', '/** One. */\nconst a = 2;\n')) ?? '', /code of a\.js/);
  assert.equal(
    await at('a.py', 'def f():\n    return 1\n', 'def f():\n    """One."""\n    # one\n    return 1\n'),
    null,
  );
  assert.match(
    (await at('a.py', 'def f():\n    return 1\n', 'def f():\n    x = "One."\n    return 1\n')) ?? '',
    /code of a\.py/,
  );
  assert.match(
    (await at('a.py', 'def f():\n    return "x"\n', 'def f():\n    return "y"\n')) ?? '',
    /code of a\.py/,
  );
  assert.match(
    reason(await checkCommentsOnly(project({ 'a.js': 'x' }, { 'a.js': null }))) ?? '',
    /code of a\.js/,
  );
});

const documents: readonly [string, RegExp | null][] = [
  ['[a](other.md) [b](docs/) [c](docs/guide.md#second-part) [d](#here) ![e](img.png)\n# Here\n', null],
  ['[a](nowhere.md)\n', /line 1: nowhere\.md does not exist/],
  ['# A\n\n[x]: missing.md\n', /line 3: missing\.md/],
  ['<img src="gone.png">\n', /gone\.png/],
  ['[c](docs/guide.md#third)\n', /#third is no heading of docs\/guide\.md/],
  ['[d](#there)\n# Here\n', /#there is no heading/],
  ['# A\n# A\n[x](#a-1)\n', null],
  ['Title\n=====\n[x](#title)\n<a id="own"></a>[y](#own)\n', null],
  ['[w](https://example.org/x) [m](mailto:a@b.c) `[x](code.md)`\n', null],
  ['```md\n[x](in-a-sample.md)\n```\n', null],
  ['[escape](../../etc/passwd)\n', /does not exist/],
  ['[odd](%ZZ.md)\n', /does not exist/],
  ['```js\nconst a = ;\n```\n', /line 1: this js does not parse/],
  ['```json\n{"a": 1,}\n```\n', /not JSON/],
  ['~~~python\ndef f(:\n~~~\n', /this python/],
  ['````md\n```js\nconst = ;\n```\n````\n', null],
  ['```\nno language {{{\n```\n```constructor\n{{{\n```\n', null],
];

for (const [text, expected] of documents) {
  test(`document ${JSON.stringify(text.slice(0, 50))}`, async () => {
    const context = project(
      { 'docs/guide.md': '# First\n## Second part\n', 'other.md': '', 'img.png': '' },
      { 'README.md': text },
    );
    const told = reason(await checkDocuments(context));
    if (expected === null) assert.equal(told, null);
    else assert.match(told ?? 'passed', expected);
  });
}

test('documents that were made to be slow end soon', async () => {
  for (const part of ['```\n', '[', '](', '<a ', '`', '# ', '[x](', '~~~js\n'])
    await checkDocuments(project({}, { 'README.md': part.repeat(100_000) }));
});
