import { expect, test } from 'vitest';
import { blocksOf, curlOf, sdkCodeOf } from './code.ts';

test('quotes in a message stay one word of the shell', () => {
  const command = curlOf('http://x', { messages: [{ role: 'user', content: "it's" }] });
  expect(command).toContain(`it'\\''s`);
  expect(command).toContain('http://x/v1/chat/completions');
});

test('the SDK code holds the request as a literal', () => {
  expect(sdkCodeOf('http://x', { model: 'm' })).toContain('"model": "m"');
});

test('an answer is cut at its fences, also while the last one is open', () => {
  expect(blocksOf('a\n```ts\nlet x;\n```\nb\n~~~\nopen')).toEqual([
    { kind: 'prose', text: 'a' },
    { kind: 'code', text: 'let x;', language: 'ts' },
    { kind: 'prose', text: 'b' },
    { kind: 'code', text: 'open', language: '' },
  ]);
});

test('a fence within a longer fence is text', () => {
  expect(blocksOf('````\n```\n````')).toEqual([{ kind: 'code', text: '```', language: '' }]);
});
