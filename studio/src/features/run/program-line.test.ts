import { expect, test } from 'vitest';
import { programOf } from './program-line.ts';

test('the first word is the program, for wasm a file and perhaps a function of it', () => {
  expect(programOf('run', 'node "a b.js" -x')).toEqual({
    kind: 'command',
    command: 'node',
    args: ['a b.js', '-x'],
  });
  expect(programOf('wasm', 'bin/hello.wasm you')).toEqual({
    kind: 'module',
    path: 'bin/hello.wasm',
    args: ['you'],
  });
  expect(programOf('wasm', 'hash.wasm#digest 5')).toEqual({
    kind: 'module',
    path: 'hash.wasm',
    function: 'digest',
    args: ['5'],
  });
  expect(programOf('wasm', '   ')).toBeUndefined();
});
