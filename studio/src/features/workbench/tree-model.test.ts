import { expect, test } from 'vitest';
import { ancestorsOf, parentOf, treeRows } from './tree-model.ts';

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

test('shows an empty folder', () => {
  expect(
    treeRows({ files: [], folders: ['docs/img'], open: new Set(['docs']) }).map((row) => row.path),
  ).toEqual(['docs', 'docs/img']);
});

test('a folder named like an object’s own property is a folder like any other', () => {
  const rows = treeRows({ files: ['__proto__/constructor'], folders: [], open: new Set(['__proto__']) });
  expect(rows.map((row) => row.path)).toEqual(['__proto__', '__proto__/constructor']);
});

test('knows parents and ancestors', () => {
  expect(parentOf('a/b/c.ts')).toBe('a/b');
  expect(parentOf('c.ts')).toBe('');
  expect(ancestorsOf('a/b/c.ts')).toEqual(['a', 'a/b']);
});
