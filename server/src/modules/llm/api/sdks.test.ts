import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { HumanMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { generateText, streamText, tool } from 'ai';
import { z } from 'zod';
import { machineAnswers, writeChatMachine } from '../testing/chat-machine.ts';
import { type LlmWorld, llmWorld } from '../testing/llm-world.ts';

let it: LlmWorld;
let apiKey: string;

before(async () => {
  it = await llmWorld();
  writeChatMachine(path.join(it.modelsDir, 'machine.gguf'));
  apiKey = await it.apiKey(await it.user(), ['llm']);
});
after(() => it[Symbol.asyncDispose]());

const machine = () =>
  createOpenAICompatible({ name: 'cds', baseURL: `${it.world.url}/v1`, apiKey, includeUsage: true })(
    'machine',
  );

test('Vercel’s AI SDK generates and streams text with usage', async () => {
  const whole = await generateText({ model: machine(), prompt: 'hi', temperature: 0, maxRetries: 0 });
  assert.equal(whole.text, machineAnswers.default);
  assert.ok((whole.usage.outputTokens ?? 0) > 5);
  const stream = streamText({ model: machine(), prompt: 'hi', temperature: 0, maxRetries: 0 });
  let text = '';
  for await (const part of stream.textStream) text += part;
  assert.equal(text, machineAnswers.default);
  assert.equal((await stream.usage).outputTokens, whole.usage.outputTokens);
});

test('Vercel’s AI SDK runs a tool and goes on with its answer', async () => {
  const cities: string[] = [];
  const answer = await generateText({
    model: machine(),
    prompt: 'weather?',
    temperature: 0,
    maxRetries: 0,
    tools: {
      get_weather: tool({
        description: 'The weather',
        inputSchema: z.object({ city: z.string() }),
        execute: ({ city }) => {
          cities.push(city);
          return 'sunny';
        },
      }),
    },
  });
  assert.deepEqual(cities, ['Berlin']);
  assert.equal(answer.finishReason, 'tool-calls');
});

test('LangChain’s ChatOpenAI answers and streams', async () => {
  const chat = new ChatOpenAI({
    model: 'machine',
    apiKey,
    temperature: 0,
    maxRetries: 0,
    configuration: { baseURL: `${it.world.url}/v1` },
  });
  const answer = await chat.invoke([new HumanMessage('hi')]);
  assert.equal(answer.content, machineAnswers.default);
  assert.ok((answer.usage_metadata?.output_tokens ?? 0) > 5);
  let text = '';
  for await (const chunk of await chat.stream([new HumanMessage('hi')])) text += String(chunk.content);
  assert.equal(text, machineAnswers.default);
});
