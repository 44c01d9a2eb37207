import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFault } from '#base/fault.ts';
import { createChatTemplate } from './chat-template.ts';

const options = { modelId: 'model', beginning: '<s>', end: '</s>' };
const strict = [
  "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}",
  "{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate') }}{% endif %}",
  '[{{ m.role }}]{{ m.content }}{% endfor %}[assistant]',
].join('');
const tool = { name: 'add', parameters: { type: 'object' } };

test('a template without a system role gets the system’s words in the first user message', () => {
  const template = createChatTemplate(strict, options);
  const text = template.render({
    kind: 'chat',
    messages: [
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: 'Hi' },
    ],
  });
  assert.equal(text, '[user]Be short.\n\nHi[assistant]');
});

test('what a template refuses is told in its own words', () => {
  const template = createChatTemplate(strict, options);
  const twice = [
    { role: 'user', content: 'a' },
    { role: 'user', content: 'b' },
  ] as const;
  assert.throws(
    () => template.render({ kind: 'chat', messages: twice }),
    (error) => isFault(error, 'llm.prompt_rejected') && /alternate/.test(String(error.data.reason)),
  );
});

test('a template that knows no tools has them described in the system message', () => {
  const template = createChatTemplate(
    '{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}',
    options,
  );
  const prompt = { kind: 'chat', messages: [{ role: 'user', content: 'Hi' }], tools: [tool] } as const;
  assert.match(template.render(prompt), /^\[system\][\s\S]*"name":"add"[\s\S]*\[user\]Hi$/);
  assert.equal(template.render({ ...prompt, toolChoice: { kind: 'none' } }), '[user]Hi');
});

test('a tool’s result names its tool, and arguments are values, not text', () => {
  const template = createChatTemplate(
    '{{ tools | length }}{% for m in messages %}{% for c in m.tool_calls or [] %}{{ c.function.arguments.a + 1 }}{% endfor %}{{ m.name }}{% endfor %}',
    options,
  );
  const text = template.render({
    kind: 'chat',
    tools: [tool],
    messages: [
      { role: 'assistant', content: '', toolCalls: [{ id: 'c1', name: 'add', arguments: '{"a": 1}' }] },
      { role: 'tool', content: '2', toolCallId: 'c1' },
    ],
  });
  assert.equal(text, '12add');
});
