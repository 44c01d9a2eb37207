import { expect, test } from 'vitest';
import { parseWorkbenchSearch } from './workbench-search.ts';

test('takes of an address what a workbench knows', () => {
  const search = { file: 'src/a.ts', line: '12', side: 'changes', compare: 'head', panel: 'terminal' };
  expect(parseWorkbenchSearch(search)).toEqual({ ...search, line: 12 });
});

test('drops what it does not know, whatever somebody wrote there', () => {
  expect(parseWorkbenchSearch({ file: 7, line: '-1', side: 'x', compare: '', panel: {}, run: 'rm' })).toEqual(
    {},
  );
});
