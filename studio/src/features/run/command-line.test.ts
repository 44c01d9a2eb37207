import { expect, test } from 'vitest';
import { joinCommand, splitCommand } from './command-line.ts';

test('cuts at white space and keeps quoted words together', () => {
  expect(splitCommand(`node  -e "console.log('a b')" 'x y' `)).toEqual([
    'node',
    '-e',
    "console.log('a b')",
    'x y',
  ]);
});

test('an empty quoted word is a word', () => {
  expect(splitCommand(`printf ""`)).toEqual(['printf', '']);
});

test('what is joined is cut into the same words again', () => {
  const words = ['python3', '-c', 'print("ä \\ \'x\'")', '', 'a b', '$HOME'];
  expect(splitCommand(joinCommand(words))).toEqual(words);
});
