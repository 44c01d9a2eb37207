import assert from 'node:assert/strict';
import test from 'node:test';
import { isFault } from '#base/fault.ts';
import { type Reason, reason } from '../reasons/reason.ts';
import { fitConversation } from './context.ts';
import type { Message, ToolCall } from './model.ts';
import { createProgress } from './progress.ts';

const call = (name: string, input: object = {}): ToolCall => ({
  id: 'x',
  name,
  arguments: JSON.stringify(input),
});
const stuck = (why: RegExp) => (error: unknown) =>
  isFault(error, 'agents.stuck') && why.test((error.data.reason as Reason).en);

test('the same call again and again is stopped; after a change it is a new one', () => {
  const progress = createProgress();
  for (let round = 0; round < 3; round += 1) progress.asked(call('read_file', { path: 'a' }));
  progress.answered(call('write_file', { path: 'a' }), { text: 'ok', changed: true });
  for (let round = 0; round < 3; round += 1) progress.asked(call('read_file', { path: 'a' }));
  assert.throws(() => progress.asked(call('read_file', { path: 'a' })), stuck(/repeated read_file/));
});

test('writing to and fro, with the same failing test in between, goes in circles, however long the test took', () => {
  const progress = createProgress();
  const round = (index: number) => {
    progress.answered(call('write_file', { path: 'a', content: String(index % 2) }), {
      text: 'ok',
      changed: true,
    });
    progress.answered(call('run', { command: 'npm' }), {
      text: `failed after ${index}.${index} ms`,
      changed: false,
    });
  };
  assert.throws(
    () => {
      for (let index = 0; index < 12; index += 1) round(index);
    },
    stuck(/circles|nothing new/),
  );
});

test('refusals in a row bring nothing, even when each is asked for differently', () => {
  const progress = createProgress();
  assert.throws(
    () => {
      for (let index = 0; index < 20; index += 1)
        progress.answered(call('write_file', { path: `../${index}` }), {
          text: 'Refused',
          changed: false,
          refused: reason('refused_by', { code: 'files.protected' }),
        });
    },
    stuck(/nothing new/),
  );
});

test('work that gets somewhere is left alone', () => {
  const progress = createProgress();
  for (let index = 0; index < 60; index += 1) {
    const read = call('read_file', { path: `file-${index}` });
    progress.asked(read);
    progress.answered(read, { text: `content of ${index} and more`, changed: false });
  }
});

test('a conversation is shortened visibly: old results first, never the task or what the user said', () => {
  const messages: Message[] = [
    { role: 'system', content: 'rules' },
    { role: 'user', content: 'the task' },
    ...Array.from({ length: 20 }, (_, index): Message[] => [
      {
        role: 'assistant',
        content: '',
        tool_calls: [{ id: `c${index}`, type: 'function', function: { name: 'read_file', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: `c${index}`, content: `${index} `.repeat(2_000) },
    ]).flat(),
    { role: 'user', content: 'and mind the tabs' },
  ];
  const tokensOf = (all: readonly Message[]) => Math.ceil(JSON.stringify(all).length / 4);
  const window = { model: 'm', contextSize: 16_000, limit: 8_000, tokensOf };
  const fitted = fitConversation(messages, window);
  assert.ok(tokensOf(fitted.messages) <= 8_000);
  assert.equal(fitted.messages.length, messages.length);
  assert.ok(fitted.omittedCharacters > 0);
  assert.match(fitted.messages[3]?.content ?? '', /^\[\d+ characters were left out here/);
  for (const [index, message] of messages.entries())
    if (message.role !== 'tool') assert.equal(fitted.messages[index], message);
  assert.equal(fitted.messages.at(-2)?.content, messages.at(-2)?.content);
  assert.throws(
    () => fitConversation(messages, { ...window, limit: 100 }),
    (error) => isFault(error, 'agents.context_too_small'),
  );
});
