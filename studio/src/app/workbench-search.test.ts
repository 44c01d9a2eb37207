import { expect, test } from 'vitest';
import { parseWorkbenchSearch, searchPart } from './workbench-search.ts';

test('takes of an address what a workbench knows', () => {
  const search = { file: 'src/a.ts', line: '12', side: 'changes', compare: 'head', panel: 'terminal' };
  expect(parseWorkbenchSearch(search)).toEqual({ ...search, line: 12 });
});

test('drops what it does not know, whatever somebody wrote there', () => {
  expect(parseWorkbenchSearch({ file: 7, line: '-1', side: 'x', compare: '', panel: {}, run: 'rm' })).toEqual(
    {},
  );
  expect(parseWorkbenchSearch({ q: { a: 1 }, match: 'sql', case: 'yes' })).toEqual({});
});

test('a link to a search opens the same search again', () => {
  const search = { side: 'search', q: 'parse\\w+', match: 'regex', case: true } as const;
  expect(parseWorkbenchSearch(search)).toEqual(search);
});

test('takes words that the router read as numbers or truth values, and no more than a server would', () => {
  expect(searchPart({ q: 404 })).toEqual({ q: '404' });
  expect(searchPart({ q: false })).toEqual({ q: 'false' });
  expect(searchPart({ q: 'x'.repeat(5_000) }).q).toHaveLength(1_000);
});

test('keeps of an address what belongs to the search', () => {
  expect(searchPart({ file: 'a.ts', side: 'search', q: 'a', line: 4 })).toEqual({ q: 'a' });
});
