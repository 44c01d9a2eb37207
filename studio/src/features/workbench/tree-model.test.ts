import { expect, test } from 'vitest';
import { ancestorsOf, copyName, moveTarget, parentOf, treeRows } from './tree-model.ts';

const files = ['README.md', 'src/b.ts', 'src/a10.ts', 'src/a2.ts', 'src/deep/x.ts'];

test('shows folders before files and only what lies in open folders', () => {
  const rows = treeRows({ files, folders: [], open: new Set() });
  expect(rows.map((row) => row.path)).toEqual(['src', 'README.md']);
});

test('sorts names by their numbers and indents by depth', () => {
  const rows = treeRows({ files, folders: [], open: new Set(['src']) });
  expect(rows.map((row) => [row.path, row.depth])).toEqual([
    ['src', 0],
    ['src/deep', 1],
    ['src/a2.ts', 1],
    ['src/a10.ts', 1],
    ['src/b.ts', 1],
    ['README.md', 0],
  ]);
});

test('every row knows its place in its folder, however much of the tree is drawn', () => {
  const rows = treeRows({ files, folders: ['docs'], open: new Set(['src']) });
  expect(rows.map((row) => `${row.path} ${row.place}/${row.siblings}`)).toEqual([
    'docs 1/3',
    'src 2/3',
    'src/deep 1/4',
    'src/a2.ts 2/4',
    'src/a10.ts 3/4',
    'src/b.ts 4/4',
    'README.md 3/3',
  ]);
});

test('shows an empty folder', () => {
  const rows = treeRows({ files: [], folders: ['docs/img'], open: new Set(['docs']) });
  expect(rows.map((row) => row.path)).toEqual(['docs', 'docs/img']);
});

test('a folder named like an object’s own property is a folder like any other', () => {
  const rows = treeRows({ files: ['__proto__/constructor'], folders: [], open: new Set(['__proto__']) });
  expect(rows.map((row) => row.path)).toEqual(['__proto__', '__proto__/constructor']);
});

test('ten thousand files make their rows without making anybody wait', () => {
  const many = Array.from({ length: 10_000 }, (_, index) => `d${index % 100}/f${index}.ts`);
  const open = new Set(Array.from({ length: 100 }, (_, index) => `d${index}`));
  const startedAt = performance.now();
  expect(treeRows({ files: many, folders: [], open }).length).toBe(10_100);
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});

test('knows parents and ancestors', () => {
  expect(parentOf('a/b/c.ts')).toBe('a/b');
  expect(parentOf('c.ts')).toBe('');
  expect(ancestorsOf('a/b/c.ts')).toEqual(['a', 'a/b']);
});

test('nothing moves into itself or to where it is', () => {
  expect(moveTarget('src/a.ts', 'docs')).toBe('docs/a.ts');
  expect(moveTarget('src/a.ts', '')).toBe('a.ts');
  expect(moveTarget('src/a.ts', 'src')).toBeUndefined();
  expect(moveTarget('src', 'src/deep')).toBeUndefined();
  expect(moveTarget('src', 'src')).toBeUndefined();
});

test('a copy gets the first name that is free', () => {
  expect(copyName('src/a.test.ts', new Set())).toBe('src/a.test copy.ts');
  expect(copyName('a.ts', new Set(['a copy.ts']))).toBe('a copy 2.ts');
  expect(copyName('.env', new Set())).toBe('.env copy');
});
