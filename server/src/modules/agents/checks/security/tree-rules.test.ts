import assert from 'node:assert/strict';
import test from 'node:test';
import { createSyntax } from '#kernel/syntax/syntax.ts';
import { parseRule, readTreeRules } from './rule-file.ts';
import { createPatternFinder } from './tree-rules.ts';

const endings = { javascript: 'js', typescript: 'ts', tsx: 'tsx', python: 'py' } as const;
const rules = readTreeRules();
const syntax = createSyntax();

for (const rule of rules) {
  test(`rule ${rule.id} finds what it should, and nothing else`, async () => {
    assert.ok(rule.samples.found.length > 0 && rule.samples.notFound.length > 0);
    const find = createPatternFinder(syntax, [rule]);
    for (const language of rule.languages) {
      const path = `sample.${endings[language as keyof typeof endings]}`;
      for (const sample of rule.samples.found) {
        const found = await find(path, `\n${sample}\n`);
        assert.deepEqual(
          found.map(({ line, rule: name }) => [line, name]),
          [[2, rule.rule]],
          `${path}: ${sample}`,
        );
        assert.equal(found[0]?.evidence.slice(0, 4), sample.slice(0, 4));
      }
      for (const sample of rule.samples.notFound)
        assert.deepEqual(await find(path, `${sample}\n`), [], `${path}: ${sample}`);
    }
  });
}

test('at least fifteen rules for each family of languages, each file complete', () => {
  for (const family of ['javascript', 'python'])
    assert.ok(rules.filter(({ id }) => id.startsWith(family)).length >= 15, family);
  assert.throws(() => parseRule('javascript/x', '; CWE-1 x\n; high\n(identifier) @finding\n'), /lacks/);
});

test('code that was made to be slow or does not parse is looked through all the same', async () => {
  const find = createPatternFinder(syntax, rules);
  const deep = `${'f('.repeat(500)}eval(x)${')'.repeat(500)}`;
  assert.equal((await find('deep.js', deep)).length, 1);
  const long = `const q = ${Array.from({ length: 5000 }, (_, index) => `'a${index}'`).join(' + ')};\n`;
  assert.deepEqual(await find('long.js', long), []);
  assert.equal((await find('broken.js', 'const a = ;\neval(input)\n')).length, 1);
  assert.deepEqual(await find('a.unknown', 'eval(x)'), []);
});
