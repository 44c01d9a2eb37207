import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { machineAnswers, writeChatMachine } from '../testing/chat-machine.ts';
import { type LlmWorld, llmWorld } from '../testing/llm-world.ts';

let it: LlmWorld;
let openai: OpenAI;

before(async () => {
  it = await llmWorld();
  writeChatMachine(path.join(it.modelsDir, 'machine.gguf'));
  openai = new OpenAI({ baseURL: `${it.world.url}/v1`, apiKey: it.admin.token, maxRetries: 0 });
});
after(() => it[Symbol.asyncDispose]());

const hello = [{ role: 'user' as const, content: 'hi' }];

test('the openai SDK gets a whole answer with exact usage', async () => {
  const answer = await openai.chat.completions.create({ model: 'machine', messages: hello, temperature: 0 });
  assert.equal(answer.choices[0]?.message.content, machineAnswers.default);
  assert.equal(answer.choices[0]?.finish_reason, 'stop');
  assert.equal(
    answer.usage?.total_tokens,
    (answer.usage?.prompt_tokens ?? 0) + (answer.usage?.completion_tokens ?? 0),
  );
});
