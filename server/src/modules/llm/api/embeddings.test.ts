import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { writeChatMachine } from '../testing/chat-machine.ts';
import { type LlmWorld, llmWorld } from '../testing/llm-world.ts';
import { embeddingWidth, writeEmbeddingModel } from '../testing/models.ts';

let it: LlmWorld;
let openai: OpenAI;

before(async () => {
  it = await llmWorld();
  writeEmbeddingModel(path.join(it.modelsDir, 'words.gguf'));
  writeChatMachine(path.join(it.modelsDir, 'machine.gguf'));
  openai = new OpenAI({ baseURL: `${it.world.url}/v1`, apiKey: it.admin.token, maxRetries: 0 });
});
after(() => it[Symbol.asyncDispose]());

const lengthOf = (vector: readonly number[]) => Math.hypot(...vector);
const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);

test('embeddings over HTTP are of unit length, one for each text in order, and are billed by their tokens', async () => {
  const user = await it.user();
  const answer = await openai.withOptions({ apiKey: user.token }).embeddings.create({
    model: 'words',
    input: ['cat', 'dog', 'cat'],
    encoding_format: 'float',
  });
  const [first = [], other = [], same = []] = answer.data.map(({ embedding }) => embedding);
  assert.deepEqual(
    answer.data.map(({ index }) => index),
    [0, 1, 2],
  );
  assert.equal(first.length, embeddingWidth);
  for (const vector of [first, other, same]) assert.ok(Math.abs(lengthOf(vector) - 1) < 1e-5);
  assert.ok(dot(first, same) > 0.999);
  assert.ok(dot(first, other) < 0.9);
  assert.ok(answer.usage.prompt_tokens > 0);
  await it.settled(user);
  assert.equal((await it.usage(user)).promptTokens, answer.usage.prompt_tokens);
});

test('base64 holds the same little-endian floats', async () => {
  const ask = async (encoding: string) => {
    const { status, body } = await it.request('POST /v1/embeddings', {
      body: { model: 'words', input: 'hello world', encoding_format: encoding },
    });
    assert.equal(status, 200, JSON.stringify(body));
    return body.data[0].embedding;
  };
  const floats = (await ask('float')) as number[];
  const bytes = Buffer.from((await ask('base64')) as string, 'base64');
  assert.equal(bytes.length, embeddingWidth * 4);
  floats.forEach((value, index) => {
    assert.ok(Math.abs(bytes.readFloatLE(index * 4) - value) < 1e-6);
  });
});

test('a chat model is refused for embeddings, and an embedding model for a chat, by name', async () => {
  const embedding = await it.request('POST /v1/embeddings', { body: { model: 'machine', input: 'cat' } });
  const chat = await it.request('POST /v1/chat/completions', {
    body: { model: 'words', messages: [{ role: 'user', content: 'cat' }] },
  });
  for (const { status, body } of [embedding, chat]) {
    assert.equal(status, 400, JSON.stringify(body));
    assert.equal(typeof body.error.message, 'string');
  }
});

test('log-probabilities over HTTP name each token with its bytes and its alternatives', async () => {
  const answer = await openai.chat.completions.create({
    model: 'machine',
    messages: [{ role: 'user', content: 'hi' }],
    temperature: 0,
    max_tokens: 3,
    logprobs: true,
    top_logprobs: 2,
  });
  const content = answer.choices[0]?.logprobs?.content ?? [];
  assert.equal(content.length, answer.usage?.completion_tokens);
  assert.equal(content.map(({ token }) => token).join(''), answer.choices[0]?.message.content);
  for (const { token, logprob, bytes, top_logprobs } of content) {
    assert.ok(logprob <= 0);
    assert.equal(Buffer.from(bytes ?? []).toString(), token);
    assert.equal(top_logprobs.length, 2);
    assert.ok((top_logprobs[0]?.logprob ?? 1) >= (top_logprobs[1]?.logprob ?? 1));
  }
});
