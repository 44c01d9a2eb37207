import assert from 'node:assert/strict';
import test from 'node:test';
import { createSyntax } from '#kernel/syntax/syntax.ts';
import { type Place, readSymbol, spliced } from './symbol-text.ts';
import { definitionProblem, symbolsOf } from './symbols.ts';

const syntax = createSyntax();
const script = `import { a } from './a.js';

/** Adds. */
export function sum(x, y) {
  return x - y;
}

export class Cart {
  // What it holds.
  items = [];

  /** Puts one in. */
  add(item) {
    this.items.push(item);
  }

  get size() {
    return 0;
  }
}

const twice = (x) => x * 2;
`;
const python = `import os


@cache
def area(w, h):
    return w + h


class Box:
    def volume(self):
        return 1

    def label(self):
        return 'box'
`;
const fence = (text: string) => `\`\`\`\n${text}\n\`\`\``;

/** What becomes of a file when a model that was asked for one symbol answers so: the file, or the problem. */
async function answered(
  answer: string,
  asked: { path: string; content: string; name: string; kind?: Place['kind']; task?: string },
): Promise<string> {
  const { path, content, name, kind = 'replace', task = 'Mend it.' } = asked;
  const symbols = await symbolsOf(syntax, path, content);
  const symbol = symbols.find((entry) => entry.name === name) ?? assert.fail(`no ${name}`);
  const code = content
    .split('\n')
    .slice(symbol.firstLine, symbol.lastLine + 1)
    .join('\n');
  const place = { kind, name, nth: 0 };
  const read = await readSymbol(answer, { syntax, path, code, place, symbols });
  if (read.kind === 'problem') return `problem: ${read.reason.en}`;
  const edit = await spliced({ path, content, symbols, symbol }, { place, text: read.text, syntax, task });
  return edit.kind === 'problem' ? `problem: ${edit.reason.en}` : edit.content;
}

test('symbols are found with their comments and decorators, members by their class', async () => {
  const lines = (text: string, symbol: { firstLine: number; lastLine: number }) =>
    text.split('\n').slice(symbol.firstLine, symbol.lastLine + 1);
  const found = await symbolsOf(syntax, 'a.js', script);
  assert.deepEqual(
    found.map(({ name, kind }) => [name, kind]),
    [
      ['sum', 'callable'],
      ['Cart', 'class'],
      ['Cart.add', 'callable'],
      ['Cart.get size', 'callable'],
      ['twice', 'other'],
    ],
  );
  assert.equal(lines(script, found[0] ?? assert.fail())[0], '/** Adds. */');
  assert.deepEqual(lines(script, found[2] ?? assert.fail()).slice(0, 2), [
    '  /** Puts one in. */',
    '  add(item) {',
  ]);
  const inPython = await symbolsOf(syntax, 'a.py', python);
  assert.deepEqual(
    inPython.map(({ name }) => name),
    ['area', 'Box', 'Box.volume', 'Box.label'],
  );
  assert.equal(lines(python, inPython[0] ?? assert.fail())[0], '@cache');
  assert.deepEqual(await symbolsOf(syntax, 'notes.txt', 'function x() {}'), []);
});

for (const { path, text, names } of [
  {
    path: 'a.ts',
    text: 'export interface A { x: number }\nexport type B = A;\nenum C { D }\n',
    names: ['A', 'B', 'C'],
  },
  {
    path: 'a.go',
    text: 'package a\n\nfunc Sum(a int) int {\n\treturn a\n}\n\ntype T struct {\n\tX int\n}\n',
    names: ['Sum', 'T'],
  },
  {
    path: 'a.rs',
    text: 'struct S;\nimpl S {\n    fn one(&self) {}\n}\nfn two() {}\n',
    names: ['S', 'S', 'S.one', 'two'],
  },
  {
    path: 'A.java',
    text: 'class A {\n  int one() { return 1; }\n  void two() {}\n}\n',
    names: ['A', 'A.one', 'A.two'],
  },
  { path: 'a.css', text: '.a { color: red; }\n#b, .c { top: 0; }\n', names: ['.a', '#b, .c'] },
  { path: 'a.cpp', text: 'int sum(int a) {\n  return a;\n}\n', names: ['sum'] },
]) {
  test(`symbols of ${path}`, async () => {
    assert.deepEqual(
      (await symbolsOf(syntax, path, text)).map(({ name }) => name),
      names,
    );
  });
}

test('one symbol is put in the place of the old one; the rest of the file stays byte for byte', async () => {
  const right = '/** Adds. */\nexport function sum(x, y) {\n  return x + y;\n}';
  const wanted = script.replace('x - y', 'x + y');
  const asked = { path: 'a.js', content: script, name: 'sum' };
  assert.equal(await answered(fence(right), asked), wanted);
  assert.equal(await answered(`Here:\n${fence(right)}\nDone.`, asked), wanted);
  const windows = await answered(fence(right), { ...asked, content: script.replaceAll('\n', '\r\n') });
  assert.equal(windows, wanted.replaceAll('\n', '\r\n'));
});

test('a method without its indent is moved to its place', async () => {
  const answer = fence('add(item) {\n  if (item) this.items.push(item);\n}');
  const after = await answered(answer, { path: 'a.js', content: script, name: 'Cart.add' });
  assert.match(
    after,
    /\n {2}add\(item\) \{\n {4}if \(item\) this\.items\.push\(item\);\n {2}\}\n\n {2}get size/,
  );
  const inPython = await answered(fence("def label(self):\n    return 'Box'"), {
    path: 'a.py',
    content: python,
    name: 'Box.label',
  });
  assert.match(inPython, /\n {4}def label\(self\):\n {8}return 'Box'\n$/);
});

test('elision: code left out of a symbol is refused', async () => {
  const answer = fence('export function sum(x, y) {\n  // ... rest of the code here\n}');
  assert.match(await answered(answer, { path: 'a.js', content: script, name: 'sum' }), /problem: .*left out/);
  const open = '```\nexport function sum(x, y) {';
  assert.match(await answered(open, { path: 'a.js', content: script, name: 'sum' }), /problem: .*not closed/);
  assert.match(await answered('It adds.', { path: 'a.js', content: script, name: 'sum' }), /no fenced block/);
});

test('wrong symbol: another function in the place of the one that was asked for is refused', async () => {
  const asked = { path: 'a.js', content: script, name: 'sum' };
  assert.match(
    await answered(fence('export function minus(x, y) {\n  return 1;\n}'), asked),
    /problem: .*not the code of sum/,
  );
  assert.match(await answered(fence('const twice = (x) => x + x;'), asked), /problem: .*not the code of sum/);
  assert.match(await answered(fence('return x + y;'), asked), /problem: .*not the code of sum/);
  const method = fence('function label() {\n  return 1;\n}');
  assert.match(await answered(method, { path: 'a.js', content: script, name: 'Cart.add' }), /problem/);
});

test('a whole file in answer to one symbol gives that symbol; what is new beside it is kept', async () => {
  const whole = script.replace('x - y', 'plus(x, y)').replace('* 2', '* 3');
  const helper = 'function plus(x, y) {\n  return x + y;\n}';
  const asked = { path: 'a.js', content: script, name: 'sum' };
  assert.equal(await answered(fence(whole), asked), script.replace('x - y', 'plus(x, y)'));
  const more = await answered(fence(`${helper}\n\n${whole}`), asked);
  assert.ok(more.includes(helper) && more.includes('x * 2') && more.includes('plus(x, y);'), more);
  const inClass = fence(
    script.replace('this.items.push(item);', 'this.items.push(item, 1);').replace('return 0', 'return 9'),
  );
  const method = await answered(inClass, { path: 'a.js', content: script, name: 'Cart.add' });
  assert.equal(method, script.replace('this.items.push(item);', 'this.items.push(item, 1);'));
});

test('something new comes after a symbol; what stands there already is no news', async () => {
  const asked = { path: 'a.py', content: python, name: 'area', kind: 'after' } as const;
  const added = await answered(fence('def side(w):\n    return w'), asked);
  assert.match(added, /return w \+ h\n\ndef side\(w\):\n {4}return w\n\n\nclass Box/);
  assert.match(await answered(fence('def area(w, h):\n    return w * h'), asked), /problem: .*already/);
  assert.match(await answered(fence('print(1)'), asked), /problem: .*no/i);
});

test('a symbol may get another name only when the task says so', async () => {
  const answer = fence('export function total(x, y) {\n  return x + y;\n}');
  const asked = { path: 'a.js', content: script, name: 'sum' };
  assert.match(await answered(answer, asked), /problem/);
  assert.match(await answered(answer, { ...asked, task: 'Rename sum to total.' }), /function total/);
});

test('a whole file that has lost definitions, or has one twice, is refused unless the task is about that', async () => {
  const after = script.slice(0, script.indexOf('export class'));
  const check = (task: string, text: string, whole = true) =>
    definitionProblem(syntax, 'a.js', { before: script, after: text, task, whole });
  assert.match((await check('sum must add.', after))?.en ?? '', /^Cart, .* is missing/);
  assert.equal(await check('Remove what is unused.', after), null);
  assert.equal(await check('sum must add.', after, false), null);
  assert.match((await check('sum must add.', script + script))?.en ?? '', /sum is defined twice/);
  assert.equal(await check('sum must add.', script), null);
});
