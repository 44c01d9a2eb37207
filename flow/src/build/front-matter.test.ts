import assert from 'node:assert/strict';
import test from 'node:test';
import { parse } from 'yaml';
import { readFrontMatter, readSimpleYaml } from './front-matter.ts';

const LINES = [
  'title: A page',
  'title: "A: page # with signs"',
  "title: 'It''s'",
  "title: 'plain'",
  'title: A # comment',
  'title: A: b',
  'date: 2026-01-31',
  'draft: true',
  'draft: yes',
  'draft: no',
  'n: 12',
  'n: 1e3',
  'x: null',
  'x: ~',
  'x:',
  'list: [a, b]',
  'text: |\n  one\n  two',
  'a: b\na: c',
  'title: "with \\"escape\\""',
  'title: trailing   ',
  'title: e3',
  'title: Infinity',
  'title: .inf',
  'title: a - b',
  'title: x\n  continued',
  'title: NaN',
  'tags:\n- a',
  '# only a comment',
  'constructor: a',
  '__proto__: a',
  'title: 01-02',
  'title: -',
  'k: "tab\tinside"',
];

test('simple front matter reads as YAML does, and anything else is left to YAML', () => {
  let simple = 0;
  for (const line of LINES) {
    const fast = readSimpleYaml(line);
    if (fast === null) continue;
    simple += 1;
    assert.deepEqual(Object.entries(fast.data), Object.entries(parse(line)), line);
  }
  assert.ok(simple >= 8);
});

test('a line of three dashes within a text is no front matter, and a head may end with the file', () => {
  assert.equal(readFrontMatter('a.md', 'text\n---\n').present, false);
  assert.deepEqual(readFrontMatter('a.md', '---\ntitle: x\n---').data, { title: 'x' });
  assert.deepEqual(readFrontMatter('a.md', '---\n---\nbody').body, 'body');
  assert.equal(readFrontMatter('a.md', '---\r\ntitle: x\r\n---\r\nbody').bodyLine, 3);
});
