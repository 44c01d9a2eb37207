import { expect, test } from 'vitest';
import { parseAnsi } from './ansi.ts';

test('takes colours from escape sequences and leaves nothing of them in the text', () => {
  expect(parseAnsi('\u001b[32m✔\u001b[0m ok \u001b[1;91mbad\u001b[0m')).toEqual([
    { text: '✔', color: 'green' },
    { text: ' ok ' },
    { text: 'bad', bold: true, color: 'bright-red' },
  ]);
});

test('leaves out what moves a cursor or sets a title', () => {
  expect(
    parseAnsi('a\u001b[2Kb\u001b]0;title\u0007c')
      .map((part) => part.text)
      .join(''),
  ).toBe('abc');
});

test('plain text stays as it is', () => {
  expect(parseAnsi('plain\n')).toEqual([{ text: 'plain\n' }]);
});
