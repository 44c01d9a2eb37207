import { expect, test } from 'vitest';
import { curlOf, sdkCodeOf } from './code.ts';

test('quotes in a message stay one word of the shell', () => {
  const command = curlOf('http://x', { messages: [{ role: 'user', content: "it's" }] });
  expect(command).toContain(`it'\\''s`);
  expect(command).toContain('http://x/v1/chat/completions');
});

test('the SDK code holds the request as a literal', () => {
  expect(sdkCodeOf('http://x', { model: 'm' })).toContain('"model": "m"');
});
