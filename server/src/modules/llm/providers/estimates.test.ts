import assert from 'node:assert/strict';
import test from 'node:test';
import { ConsecutiveBreaker, circuitBreaker, handleAll } from 'cockatiel';
import type { ProviderKind } from '../contract-shapes.ts';
import type { InferenceRequest } from '../source.ts';
import { createCooldowns } from './cooldowns.ts';
import { createProviderSource } from './provider-source.ts';

/** A model at a provider, and the bodies that went there. */
function modelOf(kind: ProviderKind) {
  const sent: { max_tokens?: number }[] = [];
  const source = createProviderSource(
    {
      name: 'up',
      kind,
      baseUrl: 'http://127.0.0.1:9/v1',
      key: undefined,
      breaker: circuitBreaker(handleAll, { halfOpenAfter: 1, breaker: new ConsecutiveBreaker(100) }),
    },
    {
      id: 'm',
      contextSize: 1_000_000,
      inputCost: '0',
      cachedInputCost: null,
      outputCost: '0',
      tokenWeight: '1',
      task: 'chat',
    },
    {
      upstream: {
        post: async ({ body }) => {
          sent.push(JSON.parse(body));
          throw new Error('nobody is there');
        },
      },
      cooldowns: createCooldowns(() => 0),
      limits: {
        providerTimeoutMs: 1_000,
        maxEventBytes: 1_000_000,
        maxAnswerBytes: 1_000_000,
        defaultMaxTokens: 100,
      },
      now: () => 0,
    },
  );
  return { source, sent };
}

const { signal } = new AbortController();
const estimate = (request: InferenceRequest) =>
  modelOf('openai').source.estimate(request, { userId: 'u', signal });
const messages = [{ role: 'user' as const, content: 'x' }];

test('what several prompts, answers and their drafts can use is put aside, not that of one', async () => {
  const body = { model: 'm', prompt: ['a', 'b', 'c'], max_tokens: 10 };
  const mostOf = async (change: object) =>
    (await estimate({ kind: 'completion', body: { ...body, ...change } })).maxCompletionTokens;
  assert.equal(await mostOf({}), 30);
  assert.equal(await mostOf({ n: 2 }), 60);
  assert.equal(await mostOf({ n: 2, best_of: 5 }), 150);
  assert.equal(await mostOf({ prompt: 'a' }), 10);
});

test('of two limits the larger one is put aside: which of them a provider heeds is its own affair', async () => {
  const mostOf = async (change: object) =>
    (await estimate({ kind: 'chat', body: { model: 'm', messages, ...change } })).maxCompletionTokens;
  assert.equal(await mostOf({ max_tokens: 5_000, max_completion_tokens: 1 }), 5_000);
  assert.equal(await mostOf({ max_completion_tokens: 7 }), 7);
  assert.equal(await mostOf({}), 100);
});

test('a provider that may not know the newer name of the limit is told it by the older one too', async () => {
  for (const [kind, expected] of [
    ['ollama', 7],
    ['openai', undefined],
  ] as const) {
    const { source, sent } = modelOf(kind);
    const request: InferenceRequest = {
      kind: 'chat',
      body: { model: 'm', messages, max_completion_tokens: 7 },
    };
    const options = {
      userId: 'u',
      signal,
      meter: { promptTokens: 0, cachedPromptTokens: 0, completionTokens: 0 },
    };
    await assert.rejects(source.whole(request, options));
    assert.equal(sent[0]?.max_tokens, expected, kind);
  }
});

test('an image by its address, a schema and fields of a provider count as prompt', async () => {
  const promptOf = async (change: object) =>
    (await estimate({ kind: 'chat', body: { model: 'm', messages, ...change } })).promptTokens;
  const plain = await promptOf({});
  const image = { type: 'image_url', image_url: { url: 'https://x.example/a.png' } };
  assert.ok((await promptOf({ messages: [{ role: 'user', content: [image, image] }] })) > 100_000);
  const schema = { type: 'object', description: 'd'.repeat(5_000) };
  const format = { type: 'json_schema', json_schema: { name: 'n', schema } };
  assert.ok((await promptOf({ response_format: format })) > plain + 5_000);
  assert.ok((await promptOf({ functions: [{ name: 'f', description: 'd'.repeat(5_000) }] })) > plain + 5_000);
});
